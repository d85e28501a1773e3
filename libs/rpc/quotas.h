// How many calls tenants and callers may make: the seam between the pipeline and whoever counts
// them.
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <optional>

#include "libs/base/call.h"

namespace lotura::rpc {

// Thread-safe.
class Quotas {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~Quotas() = default;

  // Takes one call from what the caller and his tenant may still make: OK, or RESOURCE_EXHAUSTED
  // (QUOTA_EXCEEDED), which takes nothing. Nothing if it cannot be known without waiting; then Ask
  // finds out. Never blocks.
  virtual std::optional<absl::Status> Try(const Principal& caller) = 0;
  // Calls `done` once, from any thread, at once or within a bounded time.
  virtual void Ask(const Principal& caller, Done done) = 0;
};

}  // namespace lotura::rpc
