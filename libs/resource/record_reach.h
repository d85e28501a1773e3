// Which records a condition leaves at most: where all that passes it belongs to some of a few
// people, to nobody, or is shared with some, those are read instead of all.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "libs/resource/filter_check.h"

namespace lotura::resource {

// Everything that passes the condition belongs to one of these three.
struct RecordReach {
  // Records that have one of these as their owner,
  std::set<std::string> owners = {};
  // if true, records without an owner,
  bool unowned = false;
  // and records that name one of these in this column, of readers or of editors.
  std::map<const Column*, std::set<std::string>> shares = {};
  // Whether all of these pass the condition.
  bool whole = true;

  // How many ranges of an order within an owner lead to the first two.
  [[nodiscard]] std::size_t Ranges() const { return owners.size() + (unowned ? 1 : 0); }
};

// Nothing for a condition that other records may pass.
std::optional<RecordReach> ReachOf(const Filter& condition);

}  // namespace lotura::resource
