#include "libs/cache/memory_cache.h"

#include <algorithm>
#include <utility>

#include "libs/cache/entry.h"

namespace lotura::cache {

MemoryCache::Slot* MemoryCache::Find(const Key& key) {
  const auto found = slots_.find(key.bytes);
  if (found == slots_.end()) return nullptr;
  if (found->second.expire_time <= clock_.Now()) {
    Forget(key.bytes);
    return nullptr;
  }
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return &found->second;
}

void MemoryCache::Put(const Key& key, std::variant<Entry, Negative, Lease> content,
                      std::chrono::milliseconds life) {
  Forget(key.bytes);
  while (slots_.size() >= std::max<std::size_t>(options_.records_max, 1)) Forget(uses_.back());
  uses_.push_front(key.bytes);
  slots_.insert_or_assign(key.bytes,
                          Slot{std::move(content), key.layout, clock_.Now() + life, uses_.begin()});
}

void MemoryCache::Forget(const std::string& key) {
  const auto found = slots_.find(key);
  if (found == slots_.end()) return;
  const Uses::iterator use = found->second.use;
  slots_.erase(found);
  uses_.erase(use);
}

Lookup MemoryCache::Look(const Key& key) {
  if (const Slot* slot = Find(key)) {
    // A lease says nothing about values, so readers of every layout share it.
    if (const Lease* lease = std::get_if<Lease>(&slot->content)) return Miss{*lease};
    if (slot->layout == key.layout) {
      if (const Entry* entry = std::get_if<Entry>(&slot->content)) return Hit{*entry};
      return Negative{};
    }
    observer_.Count(Event::kMissOtherLayout, 1);
  }
  Lease lease = NewLease();
  Put(key, lease, options_.lease_ttl);
  return Miss{std::move(lease)};
}

std::vector<Lookup> MemoryCache::GetMany(std::span<const Key> keys) {
  std::vector<Lookup> lookups;
  lookups.reserve(keys.size());
  const std::lock_guard lock(mutex_);
  if (reach_ == Reach::kUnreachable) {
    observer_.Count(Event::kMissUnleased, keys.size());
    lookups.assign(keys.size(), Miss{});
    return lookups;
  }
  for (const Key& key : keys) {
    lookups.push_back(Look(key));
    const Lookup& lookup = lookups.back();
    observer_.Count(std::holds_alternative<Hit>(lookup)        ? Event::kHit
                    : std::holds_alternative<Negative>(lookup) ? Event::kNegativeHit
                                                               : Event::kMiss,
                    1);
  }
  return lookups;
}

Filled MemoryCache::FillOne(const Filling& filling) {
  if (reach_ == Reach::kUnreachable) return Filled::kNotReached;
  if (filling.entry.has_value() && filling.entry->value.size() > options_.value_bytes_max) {
    observer_.Count(Event::kFillTooLarge, 1);
    return Filled::kRefused;
  }
  const Slot* slot = Find(filling.key);
  const Lease* lease = slot == nullptr ? nullptr : std::get_if<Lease>(&slot->content);
  if (lease == nullptr || *lease != filling.lease) {
    observer_.Count(Event::kFillRefused, 1);
    return Filled::kRefused;
  }
  if (filling.entry.has_value()) {
    Put(filling.key, *filling.entry, std::min(filling.ttl, options_.ttl_max));
  } else {
    Put(filling.key, Negative{}, std::min(filling.ttl, options_.negative_ttl_max));
  }
  observer_.Count(Event::kStored, 1);
  return Filled::kStored;
}

std::vector<Filled> MemoryCache::FillMany(std::span<const Filling> fillings) {
  std::vector<Filled> filled;
  filled.reserve(fillings.size());
  const std::lock_guard lock(mutex_);
  for (const Filling& filling : fillings) filled.push_back(FillOne(filling));
  return filled;
}

Fenced MemoryCache::FenceMany(std::span<const Key> keys) {
  const std::lock_guard lock(mutex_);
  if (reach_ == Reach::kUnreachable && !keys.empty()) {
    observer_.Count(Event::kFenceForgotten, keys.size());
    return Fenced::kNotTold;
  }
  for (const Key& key : keys) Forget(key.bytes);
  observer_.Count(Event::kFenced, keys.size());
  return Fenced::kTold;
}

void MemoryCache::SetReach(Reach reach) {
  const std::lock_guard lock(mutex_);
  reach_ = reach;
}

void MemoryCache::Clear() {
  const std::lock_guard lock(mutex_);
  slots_.clear();
  uses_.clear();
}

Told MemoryCache::Tell(std::span<const Moment> moments, std::chrono::seconds /*life*/) {
  const std::lock_guard lock(mutex_);
  if (reach_ == Reach::kUnreachable) return Told::kNotReached;
  for (const auto& [key, at] : moments) {
    while (moments_.size() >= std::max<std::size_t>(options_.records_max, 1))
      moments_.erase(moments_.begin());
    const auto [place, is_new] = moments_.try_emplace({key.tenant, key.name}, at);
    if (!is_new) place->second = std::max(place->second, at);
  }
  return Told::kYes;
}

std::optional<std::vector<std::optional<Instant>>> MemoryCache::Look(
    std::span<const MomentKey> keys) {
  const std::lock_guard lock(mutex_);
  if (reach_ == Reach::kUnreachable) return std::nullopt;
  std::vector<std::optional<Instant>> moments;
  for (const MomentKey& key : keys) {
    const auto found = moments_.find({key.tenant, key.name});
    moments.push_back(found == moments_.end() ? std::nullopt : std::optional(found->second));
  }
  return moments;
}

}  // namespace lotura::cache
