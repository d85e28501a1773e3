// Seeds that violated an invariant once.
#pragma once

#include <array>
#include <cstdint>

namespace lotura::simulation {

// A seed tells the same history only as long as nobody draws differently from its chance: what was
// found is also kept by a test of the part that was mended. These stay, since they have shown that
// they are worth a look.
struct FailedSeed {
  std::uint64_t seed;
  const char* found;
};

inline constexpr std::array kFailedSeeds = {
    FailedSeed{6753, "the simulation took a commit that was still on its way for a lost event"},
    FailedSeed{15078, "a repeated request that found all done left an old copy in the cache"},
    FailedSeed{17429, "the simulation took a call that was still on its way for a lost event"},
};

}  // namespace lotura::simulation
