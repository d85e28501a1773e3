// A store whose reads may be answered by the cache and whose writes fence it.
#pragma once

#include <map>

#include "libs/cache/cache.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// No read that starts after a write was acknowledged returns an older version, as long as the cache can be told (libs/cache/README.md).
class CachedStore final : public Store {
 public:
  // The declarations of one service. Everything outlives this object.
  CachedStore(Store& store, cache::Cache& cache, std::span<const Declaration* const> declarations);

  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration, const TenantId& tenant,
                                                          std::span<const std::string> names, Deadline deadline) override;
  absl::StatusOr<std::optional<StoredRequest>> FindRequest(const TenantId& tenant, const Uuid& request_id, Deadline deadline) override;
  // Fences every record that a unit changed, or may have changed, before the outcome is returned.
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units, Deadline deadline) override;

 private:
  Store& store_;
  cache::Cache& cache_;
  // Fingerprint of how each type's values are laid out.
  std::map<const Declaration*, std::uint64_t> layouts_;
};

}  // namespace lotura::resource
