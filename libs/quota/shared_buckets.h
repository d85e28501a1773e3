// Token buckets that all processes take from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libs/quota/account.h"
#include "libs/quota/limits.h"

namespace lotura::quota {

// Tokens that a process would like to have.
struct Request {
  Account account;
  Rate rate;
  std::int64_t wanted = 1;
};

struct Grant {
  std::int64_t tokens = 0;
  // If there were none: until there is one.
  std::chrono::microseconds wait{0};
};

// Take is called by one thread at a time, Reached by any.
class SharedBuckets {
 public:
  virtual ~SharedBuckets() = default;

  // One answer for each request, in order; nothing where the bucket could not be asked, which may
  // have taken the tokens all the same. Never fails, and returns within 50 ms.
  virtual std::vector<std::optional<Grant>> Take(std::span<const Request> requests) = 0;
  // False while there is no use in asking.
  [[nodiscard]] virtual bool Reached() const = 0;
};

}  // namespace lotura::quota
