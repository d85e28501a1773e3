// The parameters of a write statement.
#pragma once

#include <span>

#include "libs/base/clock.h"
#include "libs/resource/statements.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// A change together with the number of its unit within the batch.
struct NumberedChange {
  std::size_t unit = 0;
  // Place within its unit.
  std::size_t ord = 0;
  const RecordChange* change = nullptr;
  const Call* call = nullptr;  // that of the unit
  const Request* request = nullptr;
};

enum class WithRequests { kYes, kNo };

enum class Statement { kCreate, kUpdate };

// One statement's worth of a unit: what it does to which table.
struct Part {
  const Declaration* declaration = nullptr;
  Statement statement = Statement::kCreate;

  friend bool operator==(const Part&, const Part&) = default;
};

Part PartOf(const RecordChange& change);
// The parts of a unit in the order in which they are written, the same for all units, so that
// transactions rarely deadlock.
std::vector<Part> PartsOf(const Unit& unit);
// Units of equal parts can be committed together if each of them updates at most one record of a
// type: then each refuses on its own, without leaving a part of itself behind. A unit without
// changes cannot.
bool CanShare(const Unit& unit);

// The changes of one part, of the units that were not refused so far.
std::vector<NumberedChange> ChangesOf(const Part& part, std::span<const Unit> units,
                                      const Outcomes& results);

// Places of the changes in the order of their names.
std::vector<std::size_t> RowsByName(std::span<const NumberedChange> changes);

// A match key that a change takes or gives up.
struct KeyOfChange {
  const std::pair<std::string, std::string>* key = nullptr;
  const NumberedChange* numbered = nullptr;
  std::size_t row = 0;
};

// Those that `keys` of the changes hold, in the order of the keys.
std::vector<KeyOfChange> SortedKeys(std::span<const NumberedChange> changes,
                                    MatchKeys RecordChange::*keys);

// The arrays of one statement over `changes`, all of one declaration, each in the order of its own
// key; units without a request get none.
pg::Params ParamsOf(const Declaration& declaration, const Codec& codec,
                    std::span<const NumberedChange> changes, WithRequests with_requests,
                    Instant now);

}  // namespace lotura::resource
