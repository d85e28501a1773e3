// Records in the cache: what they look like there, and which key each has.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "libs/cache/cache.h"
#include "libs/resource/store.h"

namespace lotura::resource {

// One record of one tenant.
struct TenantRecord {
  const Declaration* declaration = nullptr;
  Key key;
};

// Thread-safe.
class RecordCache {
 public:
  // The declarations of one service. Everything outlives this object.
  RecordCache(cache::Cache& cache, std::span<const Declaration* const> declarations);

  // What the cache says of a record.
  struct Look {
    // The record, or that there is none; nothing at all if the store is to be read.
    std::optional<std::optional<Record>> known;
    cache::Key key;
    // The right to keep what the store says. Without it nothing is kept.
    std::optional<cache::Lease> lease;
  };
  // One for each record, in order, in one or two round trips. The store is to be read after it.
  std::vector<Look> LookUp(std::span<const TenantRecord> records);

  // What the store says of a record that was missed.
  struct Stored {
    const Look* look = nullptr;
    const std::optional<Record>* record = nullptr;
  };
  // Keeps it for the next reader, as far as there is a lease.
  void Keep(std::span<const Stored> stored);

  // Forgets records, so that whoever reads them next gets what is stored. What the cache cannot be
  // told now is owed, counted by the cache and bounded by its time to live.
  void Fence(std::span<const TenantRecord> records);

 private:
  cache::Cache& cache_;
  // Fingerprint of how each type's values are laid out.
  std::map<const Declaration*, std::uint64_t> layouts_;
};

}  // namespace lotura::resource
