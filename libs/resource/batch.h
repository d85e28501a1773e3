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
  const Call* call = nullptr;
  const Request* request = nullptr;
};

enum class WithRequests { kYes, kNo };

// Match keys of a record in their normal form: (kind, key). Deleted records have none.
std::vector<std::pair<std::string, std::string>> MatchKeysOf(const Declaration& declaration, const pbuf::Message* record);

// The arrays of one statement over `changes`, all of one declaration; units without a request get none.
pg::Params ParamsOf(const Declaration& declaration, const Codec& codec, std::span<const NumberedChange> changes,
                    WithRequests with_requests, Instant now);

}  // namespace lotura::resource
