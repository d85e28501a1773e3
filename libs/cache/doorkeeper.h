// Which records were asked for lately and were not in the cache.
#pragma once

#include <cstddef>
#include <mutex>
#include <string_view>
#include <vector>

namespace lotura::cache {

// Remembers keys in two generations of bits: when the younger one is full, the older one is
// forgotten. One key in eight that never came is taken for one that did. The doorkeeper of TinyLFU
// (Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", 2017), with one
// hash. Thread-safe.
class Doorkeeper {
 public:
  // Keys of a generation; with 0 every key is known. Takes four bytes for each key.
  explicit Doorkeeper(std::size_t keys);

  // Whether the key came before. From now on it is known.
  bool Knows(std::string_view key);

 private:
  using Bits = std::vector<bool>;

  const std::size_t keys_;
  std::mutex mutex_;  // guards what follows
  std::size_t remembered_ = 0;
  Bits younger_;
  Bits older_;
};

}  // namespace lotura::cache
