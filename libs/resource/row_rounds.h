// In which order the rows of a chunk are written, and what becomes of those that are in each
// other's way.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "libs/resource/batch.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// One statement cannot tell rows apart that name the same record or match key: of those only the
// first is written in a round, and the others wait for what becomes of it. Rows of one round change
// the same tables. Used by one thread.
class RowRounds {
 public:
  // Rows outlive this object.
  explicit RowRounds(std::span<const Unit> rows);

  // Places of the rows to write next, each of which Decide is then called for; empty when all are
  // decided. A row after one that was committed under the same name or key is refused here.
  std::vector<std::size_t> Next();
  void Decide(std::size_t row, absl::StatusOr<Outcome> outcome);
  // One for each row, when all are decided.
  [[nodiscard]] std::vector<absl::StatusOr<Outcome>> Outcomes() const;

 private:
  // Kind and normal form.
  using MatchKey = std::pair<std::string, std::string>;

  // What the row may be refused for without asking the store.
  [[nodiscard]] std::optional<Outcome> RefusedBy(const Unit& row) const;
  // Takes what the row holds from now on, or what it was refused for.
  void Hold(const Unit& row, const Outcome& outcome);

  const std::span<const Unit> rows_;
  // Whether any row is still to come when those of the round are decided.
  bool waiting_ = true;
  std::vector<std::optional<absl::StatusOr<Outcome>>> outcomes_;
  std::set<std::string> names_;  // all of one tenant
  std::map<MatchKey, std::string> holders_;
};

}  // namespace lotura::resource
