// Places that tenants share.
#pragma once

#include <cstddef>
#include <map>

#include "libs/base/uuid.h"

namespace lotura {

// Whoever has places takes another one only while enough are free: a tenant that is alone gets
// three quarters of them, each of two that want all of them three sevenths, and so on. So whoever
// comes next finds one, as long as any is left. The thresholds are those of Choudhury and Hahne,
// "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", IEEE/ACM Transactions on
// Networking 6(2), 1998. Not thread-safe.
class FairPlaces {
 public:
  explicit FairPlaces(std::size_t places) : places_(places) {}

  // False if the tenant may take none at present.
  bool Take(const TenantId& tenant);
  // One that the tenant took.
  void Give(const TenantId& tenant);
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  const std::size_t places_;
  std::size_t taken_ = 0;
  // Of those that have any.
  std::map<TenantId, std::size_t> by_tenant_;
};

}  // namespace lotura
