#include "libs/base/fair_places.h"

#include "libs/base/check.h"

namespace lotura {
namespace {

// Of a tenant's places to those that are free.
constexpr std::size_t kThreshold = 3;

}  // namespace

bool FairPlaces::Take(const TenantId& tenant) {
  const auto own = by_tenant_.find(tenant);
  const std::size_t had = own == by_tenant_.end() ? 0 : own->second;
  if (had >= kThreshold * (places_ - taken_)) return false;
  ++by_tenant_[tenant];
  ++taken_;
  return true;
}

void FairPlaces::Give(const TenantId& tenant) {
  const auto own = by_tenant_.find(tenant);
  LOTURA_CHECK(own != by_tenant_.end());
  if (--own->second == 0) by_tenant_.erase(own);
  --taken_;
}

}  // namespace lotura
