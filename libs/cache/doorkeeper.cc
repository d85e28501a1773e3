#include "libs/cache/doorkeeper.h"

#include <functional>

namespace lotura::cache {
namespace {

constexpr std::size_t kBitsForAKey = 16;

}  // namespace

Doorkeeper::Doorkeeper(std::size_t keys)
    : keys_(keys), younger_(keys * kBitsForAKey), older_(keys * kBitsForAKey) {}

bool Doorkeeper::Knows(std::string_view key) {
  if (keys_ == 0) return true;
  const std::size_t bit = std::hash<std::string_view>()(key) % younger_.size();
  const std::lock_guard lock(mutex_);
  if (younger_[bit]) return true;
  const bool known = older_[bit];
  younger_[bit] = true;
  if (++remembered_ == keys_) {
    older_.swap(younger_);
    younger_.assign(younger_.size(), false);
    remembered_ = 0;
  }
  return known;
}

}  // namespace lotura::cache
