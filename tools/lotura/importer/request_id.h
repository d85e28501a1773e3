// Request ids that are the same whenever the same import is repeated.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lotura::importer {

// Where a request comes from.
struct RequestOrigin {
  std::string_view mapping;
  std::string_view file;
  std::string_view step;
};

// A UUID of version 8 (RFC 9562) made of the origin and the keys of the rows in the request, so
// that a repetition, also by another process or after a crash, is recognized by the service.
std::string RequestId(const RequestOrigin& origin, std::span<const std::string> keys);

}  // namespace lotura::importer
