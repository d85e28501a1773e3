#include "libs/cache/owed_fences.h"

namespace lotura::cache {

std::size_t OwedFences::Add(std::span<const Key> keys) {
  std::size_t dropped = 0;
  const std::lock_guard lock(mutex_);
  for (const Key& key : keys) {
    const auto known = debts_.find(key.bytes);
    if (known != debts_.end()) {
      known->second = next_number_++;
    } else if (debts_.size() < limit_) {
      debts_.emplace(key.bytes, next_number_++);
    } else {
      ++dropped;
    }
  }
  size_.store(debts_.size(), std::memory_order_release);
  return dropped;
}

std::vector<OwedFences::Debt> OwedFences::Some(std::size_t limit) const {
  std::vector<Debt> some;
  const std::lock_guard lock(mutex_);
  for (auto next = debts_.begin(); next != debts_.end() && some.size() < limit; ++next) {
    some.push_back({next->first, next->second});
  }
  return some;
}

void OwedFences::Paid(std::span<const Debt> debts) {
  const std::lock_guard lock(mutex_);
  for (const Debt& debt : debts) {
    const auto known = debts_.find(debt.key);
    if (known != debts_.end() && known->second == debt.number) debts_.erase(known);
  }
  size_.store(debts_.size(), std::memory_order_release);
}

bool OwedFences::Holds(const Key& key) const {
  if (empty()) return false;
  const std::lock_guard lock(mutex_);
  return debts_.contains(key.bytes);
}

}  // namespace lotura::cache
