// Fences that Redis could not be told of yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/cache/cache.h"

namespace lotura::cache {

// A bounded set of keys. Thread-safe.
class OwedFences {
 public:
  struct Debt {
    std::string key;
    // Which of several fences of the key: one that became due while an earlier one was being told
    // is owed still.
    std::uint64_t number = 0;
  };

  explicit OwedFences(std::size_t limit) : limit_(limit) {}

  // Returns how many found no room.
  std::size_t Add(std::span<const Key> keys);
  // Those returned stay owed until they are paid, so that nobody reads them meanwhile.
  [[nodiscard]] std::vector<Debt> Some(std::size_t limit) const;
  void Paid(std::span<const Debt> debts);

  [[nodiscard]] bool empty() const { return size_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] bool Holds(const Key& key) const;

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> size_{0};                      // of debts_, readable without the lock
  mutable std::mutex mutex_;                              // guards what follows
  std::unordered_map<std::string, std::uint64_t> debts_;  // by tenant and name
  std::uint64_t next_number_ = 0;
};

}  // namespace lotura::cache
