#include "libs/resource/row_rounds.h"

#include <unordered_set>

#include "libs/base/check.h"

namespace lotura::resource {
namespace {

// What may occur only once in a round.
class Marks {
 public:
  // True if none of the row's names and keys was marked before; marks them in any case, so that
  // nobody overtakes a row that waits.
  bool Add(const Unit& row) {
    bool free = true;
    for (const RecordChange& change : row.changes) {
      free &= names_.insert(change.name).second;
      for (const MatchKeys* keys : {&change.added_keys, &change.removed_keys}) {
        for (const auto& key : *keys) free &= keys_.insert(key).second;
      }
    }
    return free;
  }

 private:
  using Key = std::pair<std::string_view, std::string_view>;
  struct HashOfKey {
    std::size_t operator()(const Key& key) const {
      const std::hash<std::string_view> hash;
      return hash(key.first) * 31 + hash(key.second);
    }
  };

  std::unordered_set<std::string_view> names_;  // all of one tenant
  std::unordered_set<Key, HashOfKey> keys_;
};

}  // namespace

RowRounds::RowRounds(std::span<const Unit> rows) : rows_(rows), outcomes_(rows.size()) {}

std::vector<std::size_t> RowRounds::Next() {
  std::vector<std::size_t> round;
  std::vector<Part> parts;
  Marks marks;
  bool alone = false;
  waiting_ = false;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (outcomes_[row].has_value()) continue;
    if (auto refused = RefusedBy(rows_[row])) {
      outcomes_[row] = *std::move(refused);
      continue;
    }
    const bool free = marks.Add(rows_[row]);
    if (round.empty()) {
      parts = PartsOf(rows_[row]);
      alone = !CanShare(rows_[row]);
    } else if (!free || alone || !CanShare(rows_[row]) || PartsOf(rows_[row]) != parts) {
      waiting_ = true;
      continue;
    }
    round.push_back(row);
  }
  return round;
}

std::optional<Outcome> RowRounds::RefusedBy(const Unit& row) const {
  for (std::size_t i = 0; i < row.changes.size(); ++i) {
    const RecordChange& change = row.changes[i];
    Outcome outcome;
    outcome.change = i;
    if (names_.contains(change.name)) {
      const bool creates = PartOf(change).statement == Statement::kCreate;
      outcome.verdict = creates ? Verdict::kNameTaken : Verdict::kStale;
      outcome.holder = change.name;
      return outcome;
    }
    for (const auto& [kind, key] : change.added_keys) {
      const auto holder = holders_.find({kind, key});
      if (holder == holders_.end() || holder->second == change.name) continue;
      outcome.verdict = Verdict::kMatchKeyTaken;
      outcome.field = FieldOfKind(kind);
      outcome.holder = holder->second;
      return outcome;
    }
  }
  return std::nullopt;
}

void RowRounds::Decide(std::size_t row, absl::StatusOr<Outcome> outcome) {
  LOTURA_CHECK(!outcomes_[row].has_value());
  if (waiting_ && outcome.ok()) Hold(rows_[row], *outcome);
  outcomes_[row] = std::move(outcome);
}

void RowRounds::Hold(const Unit& row, const Outcome& outcome) {
  if (outcome.verdict == Verdict::kCommitted) {
    for (const RecordChange& change : row.changes) {
      names_.insert(change.name);
      for (const MatchKey& key : change.removed_keys) holders_.erase(key);
      for (const MatchKey& key : change.added_keys) holders_[key] = change.name;
    }
    return;
  }
  const RecordChange& change = row.changes[outcome.change];
  if (outcome.verdict == Verdict::kNameTaken) names_.insert(change.name);
  if (outcome.verdict != Verdict::kMatchKeyTaken) return;
  for (const MatchKey& key : change.added_keys) {
    if (key.first.ends_with("." + outcome.field)) holders_[key] = outcome.holder;
  }
}

std::vector<absl::StatusOr<Outcome>> RowRounds::Outcomes() const {
  std::vector<absl::StatusOr<Outcome>> outcomes;
  for (const auto& outcome : outcomes_) outcomes.push_back(outcome.value());
  return outcomes;
}

}  // namespace lotura::resource
