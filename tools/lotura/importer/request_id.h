// Request ids that are the same whenever the same import is repeated.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lotura::importer {

// What a request is about.
struct RequestOrigin {
  std::string_view mapping;
  std::string_view file;
  std::string_view step;
  // Keys of the rows in it.
  std::span<const std::string> keys;
  // The request without its id, in bytes.
  std::string_view content;
};

// A UUID of version 8 (RFC 9562) made of all this, so that a repetition, also by another process or
// after a crash, is recognized by the service, and a row that has changed since is not taken for
// one.
std::string RequestId(const RequestOrigin& origin);

}  // namespace lotura::importer
