#include "libs/cache/cache.h"

#include <fmt/format.h>

#include "libs/base/check.h"

namespace lotura::cache {

Key MakeKey(const RecordId& record, std::uint64_t layout) {
  // Otherwise two records could share a key.
  LOTURA_CHECK(record.service.find('/') == std::string::npos);
  // The braces are Redis' hash tag: entry and lease of a record stay together in a cluster.
  return {fmt::format("lotura:{{{}/{}/{}}}", record.tenant.value.ToString(), record.service,
                      record.name),
          layout};
}

Lookup Cache::Get(const Key& key) { return GetMany({&key, 1}).front(); }

Filled Cache::Fill(const Key& key, const Lease& lease, Entry entry, std::chrono::milliseconds ttl) {
  const Filling filling{key, lease, std::move(entry), ttl};
  return FillMany({&filling, 1}).front();
}

Filled Cache::FillNegative(const Key& key, const Lease& lease, std::chrono::milliseconds ttl) {
  const Filling filling{key, lease, std::nullopt, ttl};
  return FillMany({&filling, 1}).front();
}

Fenced Cache::Fence(const Key& key) { return FenceMany({&key, 1}); }

}  // namespace lotura::cache
