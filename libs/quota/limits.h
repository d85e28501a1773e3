// How many calls tenants and callers may make, as an operator has written it down.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/uuid.h"
#include "libs/quota/account.h"

namespace lotura::quota {

// So many calls a second in the long run, and so many at once after a pause: a bucket of `burst`
// tokens that fills with `per_second`.
struct Rate {
  double per_second = 0;
  std::int64_t burst = 0;

  friend bool operator==(const Rate&, const Rate&) = default;
};

// The rate of one account, and what follows from it.
struct Limit {
  Limit(Subject subject, const Rate& of);

  Rate rate;
  // So many tokens a process takes ahead of need: what comes in a tenth of a second, at most half
  // of the bucket. 0: each call is asked for.
  std::int64_t ahead;
  // RESOURCE_EXHAUSTED (QUOTA_EXCEEDED); made once, so that a refusal costs nothing.
  absl::Status refusal;
};

// Shared by the accounts that it holds for. Null: no limit.
using LimitPtr = std::shared_ptr<const Limit>;

// Immutable.
class Limits {
 public:
  // {"each_tenant", "each_caller", "tenants": [{"tenant", "limit", "each_caller"}],
  // "callers": [{"tenant", "caller", "limit"}]}: docs/quotas.md has their meaning.
  // INVALID_ARGUMENT (QUOTAS_FILE) with everything that is wrong, as "callers[0].limit.burst".
  static absl::StatusOr<Limits> Parse(std::string_view json);

  [[nodiscard]] const LimitPtr& OfTenant(const TenantId& tenant) const;
  // Of the caller alone; that of his tenant holds beside it.
  [[nodiscard]] const LimitPtr& OfCaller(const TenantId& tenant, std::string_view name) const;

 private:
  struct Pair {
    LimitPtr tenant;
    LimitPtr each_caller;
  };
  friend class LimitsReader;

  Pair each_;
  std::map<TenantId, Pair> tenants_;
  std::map<std::pair<TenantId, std::string>, LimitPtr> callers_;
  // In every tenant that says nothing else of them.
  std::map<std::string, LimitPtr, std::less<>> callers_anywhere_;
};

}  // namespace lotura::quota
