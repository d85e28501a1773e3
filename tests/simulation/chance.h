// The only source of accidents in a simulation: the same seed, the same accidents.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

namespace lotura::simulation {

// SplitMix64: every seed, also a small one, begins a sequence of its own.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next();
  // At least 0 and less than `bound`, which is not 0.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
  // True for so many of a thousand.
  bool PerMille(std::uint64_t share) { return Below(1000) < share; }
  // Between both, which may be drawn.
  std::chrono::microseconds Span(std::chrono::microseconds least, std::chrono::microseconds most);
  template <typename T>
  const T& OneOf(std::span<const T> choices) {
    return choices[Below(choices.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace lotura::simulation
