// Seeds keep every invariant, and mistakes are found.
#include <gtest/gtest.h>

#include "tests/simulation/failed_seeds.h"
#include "tests/simulation/run.h"

namespace lotura::simulation {
namespace {

// tools/dev trial simulation runs ten thousand.
constexpr std::uint64_t kSeeds = 200;
constexpr std::uint64_t kSeedsOfAMutation = 1'000;
constexpr std::uint64_t kSeedsTwice = 10;

RunReport RunSeed(std::uint64_t seed, Mutation mutation = Mutation::kNone) {
  static const Equipment equipment;
  return Run(equipment, {.seed = seed, .mutation = mutation});
}

TEST(SimulationTest, EveryInvariantHoldsUnderEveryFault) {
  FaultCounts faults{};
  CheckCounts checks{};
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const RunReport report = RunSeed(seed);
    EXPECT_EQ(report.violation, std::nullopt) << "seed " << seed;
    for (std::size_t i = 0; i < kFaults; ++i) faults[i] += report.faults[i];
    for (std::size_t i = 0; i < kInvariants; ++i) checks[i] += report.checks[i];
  }

  for (std::size_t i = 0; i < kFaults; ++i)
    EXPECT_GT(faults[i], 0U) << NameOf(static_cast<Fault>(i)) << " never struck";
  for (std::size_t i = 0; i < kInvariants; ++i)
    EXPECT_GE(checks[i], kSeeds) << NameOf(static_cast<Invariant>(i)) << " was hardly looked at";
}

TEST(SimulationTest, SeedsThatFailedOnceHold) {
  for (const FailedSeed& failed : kFailedSeeds)
    EXPECT_EQ(RunSeed(failed.seed).violation, std::nullopt)
        << "seed " << failed.seed << ", which once found: " << failed.found;
}

TEST(SimulationTest, SameSeedHasTheSameHistory) {
  for (std::uint64_t seed = 1; seed <= kSeedsTwice; ++seed)
    EXPECT_EQ(RunSeed(seed).hash, RunSeed(seed).hash) << "seed " << seed;
}

TEST(SimulationTest, OtherSeedHasAnotherHistory) { EXPECT_NE(RunSeed(1).hash, RunSeed(2).hash); }

class MutationTest : public ::testing::TestWithParam<Mutation> {};

TEST_P(MutationTest, IsFound) {
  for (std::uint64_t seed = 1; seed <= kSeedsOfAMutation; ++seed) {
    if (RunSeed(seed, GetParam()).violation.has_value()) return;
  }
  FAIL() << NameOf(GetParam()) << " was not found in " << kSeedsOfAMutation << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, MutationTest,
                         ::testing::ValuesIn(AllMutations().begin(), AllMutations().end()),
                         [](const auto& mutation) { return NameOf(mutation.param); });

}  // namespace
}  // namespace lotura::simulation
