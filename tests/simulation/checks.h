// What must hold, and how often it was looked at.
#pragma once

#include <array>
#include <cstdint>

#include "tests/simulation/world.h"

namespace lotura::simulation {

enum class Invariant {
  kAcknowledgedIsThere,  // as it was answered
  kOneTransaction,       // of a write, however often it was tried: all of it, or nothing
  kRefusedIsNotThere,
  kVersionsConsecutive,
  kNoLostUpdate,  // each version was made from the one before it
  kOneHolder,     // of a match key, at any time
  kSameAnswer,    // to a request that is repeated
  kReadsAreFresh,
  kAnnounced,   // each version, and nothing else
  kInOrder,     // first deliveries and effects of a record
  kOneEffect,   // of each event
  kProjection,  // is what the records are
  kDrains,      // when nothing goes wrong any more
};
inline constexpr std::size_t kInvariants = static_cast<std::size_t>(Invariant::kDrains) + 1;
using CheckCounts = std::array<std::uint64_t, kInvariants>;

// "acknowledged_is_there".
const char* NameOf(Invariant invariant);

class Checks {
 public:
  explicit Checks(World& world) : world_(world) {}

  // It was looked at and holds.
  void Held(Invariant invariant) { ++counts_[static_cast<std::size_t>(invariant)]; }
  void Broken(Invariant invariant, const std::string& how);
  [[nodiscard]] const CheckCounts& counts() const { return counts_; }

 private:
  World& world_;
  CheckCounts counts_{};
};

}  // namespace lotura::simulation
