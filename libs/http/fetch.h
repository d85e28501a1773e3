// One request over HTTP, on libcurl.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::http {

// Whoever signs a request with AWS Signature Version 4.
struct AwsSigner {
  std::string region;
  std::string service;
  std::string key_id;
  std::string secret;
};

struct Request {
  // Of http or https; nothing else is asked.
  std::string url;
  Deadline deadline;
  std::string method = "GET";
  // "name: value"
  std::vector<std::string> headers = {};
  std::string_view body = {};
  std::optional<AwsSigner> signer = std::nullopt;
  // A longer answer is none.
  std::size_t answer_bytes_max = std::size_t{1} << 20;
};

struct Answer {
  // 200, 404 ...
  long code = 0;
  std::string body;
};

// Waits for the answer, whatever its code; redirects are not followed. UNAVAILABLE (HTTP_FAILED) if
// none came whole before the deadline. Thread-safe.
absl::StatusOr<Answer> Fetch(const Request& request);

}  // namespace lotura::http
