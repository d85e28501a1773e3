#include "libs/rpc/token_cache.h"

namespace lotura::rpc {

PrincipalPtr TokenCache::Find(const Sha256Digest& token, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = by_token_.find(token);
  if (found == by_token_.end()) return nullptr;
  if (now >= found->second->until) {
    entries_.erase(found->second);
    by_token_.erase(found);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->principal;
}

void TokenCache::Put(const Sha256Digest& token, PrincipalPtr principal, Instant until,
                     std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_ || by_token_.contains(token)) return;
  if (entries_.size() >= size_max_) {
    by_token_.erase(entries_.back().token);
    entries_.pop_back();
  }
  entries_.push_front({token, std::move(principal), until});
  by_token_[token] = entries_.begin();
}

std::uint64_t TokenCache::epoch() const {
  const std::lock_guard lock(mutex_);
  return epoch_;
}

void TokenCache::Clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  by_token_.clear();
  ++epoch_;
}

}  // namespace lotura::rpc
