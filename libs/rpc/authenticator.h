// Who is calling: the seam between the pipeline and the tokens.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/call.h"

namespace lotura::rpc {

// Shared by the calls that carry the same token.
using PrincipalPtr = std::shared_ptr<const Principal>;

// Thread-safe.
class Authenticator {
 public:
  using Done = std::function<void(absl::StatusOr<PrincipalPtr>)>;

  virtual ~Authenticator() = default;

  // The caller behind the value of an "authorization" header, or UNAUTHENTICATED with its reason.
  // Nothing if it cannot be known without waiting; then Ask finds out. Never blocks.
  virtual std::optional<absl::StatusOr<PrincipalPtr>> Try(std::string_view authorization) = 0;
  // Calls `done` once, from any thread, at once or within a bounded time.
  virtual void Ask(std::string authorization, Done done) = 0;
};

// Which tenants are served, and what callers may do whose tokens do not say it. Thread-safe; none
// of it blocks.
class Authority {
 public:
  virtual ~Authority() = default;

  // OK if calls of the tenant are served by a service ("lotura.sales") now, whoever makes them.
  virtual absl::Status CheckTenant(std::string_view domain, const TenantId& tenant) const = 0;
  // OK for the tenant from which the installation is run.
  virtual absl::Status CheckOperator(const TenantId& tenant) const = 0;
  // Adds to a verified caller of a service his permissions and rights, or says why he may do
  // nothing.
  virtual absl::Status Authorize(std::string_view domain, Principal& caller) const = 0;
};

}  // namespace lotura::rpc
