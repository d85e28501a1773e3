#include "libs/access/key_uses.h"

namespace lotura::access {
namespace {

// Longer than the end of a key lies ahead. A key whose end is put off again and again lives longer:
// of one that was not used for so long nothing is known.
constexpr std::chrono::hours kKept{24 * 410};

}  // namespace

cache::MomentKey KeyUses::KeyOf(const TenantId& tenant, const std::string& token_start) {
  return {tenant, "key-use/" + token_start};
}

void KeyUses::Note(const TenantId& tenant, const std::string& token_start, Instant now) {
  const std::lock_guard lock(mutex_);
  uses_[{tenant, token_start}].last = now;
}

void KeyUses::Tell(cache::Moments& moments, Instant now) {
  std::vector<cache::Moment> due;
  std::vector<Key> keys;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(uses_, [&](const auto& entry) {
      const Use& use = entry.second;
      return use.told.has_value() && *use.told >= use.last && now - use.last > 2 * kUsePrecision;
    });
    for (const auto& [key, use] : uses_) {
      const bool is_due =
          !use.told.has_value() || (*use.told < use.last && now - *use.told >= kUsePrecision);
      if (!is_due) continue;
      due.push_back({KeyOf(key.first, key.second), use.last});
      keys.push_back(key);
    }
  }
  if (due.empty() || moments.Tell(due, kKept) != cache::Told::kYes) return;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < keys.size(); ++i) uses_[keys[i]].told = due[i].at;
}

}  // namespace lotura::access
