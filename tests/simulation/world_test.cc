// Time passes only when nothing else can happen, and actors go on when it is their turn.
#include "tests/simulation/world.h"

#include <gtest/gtest.h>

namespace lotura::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

bool Never() { return false; }

TEST(WorldTest, ActorsGoOnInTheOrderOfTheirPauses) {
  World world(1, Lines::kDropped);
  std::string order;
  world.Start([&] {
    world.Pause(milliseconds(20));
    order += 'b';
  });
  world.Start([&] {
    world.Pause(milliseconds(10));
    order += 'a';
    world.Pause(milliseconds(20));
    order += 'c';
  });

  world.RunUntil(Never, minutes(1));

  EXPECT_EQ(order, "abc");
}

TEST(WorldTest, PauseTakesAsLongAsItIsToldTo) {
  World world(1, Lines::kDropped);
  const Instant begin = world.Now();
  const auto actor = world.Start([&] { world.Pause(milliseconds(20)); });

  world.RunUntil([&] { return world.HasEnded(actor); }, minutes(1));

  EXPECT_EQ(world.Now() - begin, milliseconds(20));
}

TEST(WorldTest, WhoRestsIsWokenAndWhoPausesIsNot) {
  World world(1, Lines::kDropped);
  const Instant begin = world.Now();
  Instant rested;
  Instant paused;
  const auto resting = world.Start([&] {
    world.Rest(minutes(2));
    rested = world.Now();
  });
  const auto pausing = world.Start([&] {
    world.Pause(milliseconds(30));
    paused = world.Now();
  });
  world.After(milliseconds(10), [&] {
    world.Wake(resting);
    world.Wake(pausing);
  });

  world.RunUntil(Never, minutes(1));

  EXPECT_EQ(rested - begin, milliseconds(10));
  EXPECT_EQ(paused - begin, milliseconds(30));
}

TEST(WorldTest, NothingHappensBeyondTheLimit) {
  World world(1, Lines::kDropped);
  bool happened = false;
  world.After(minutes(2), [&] { happened = true; });

  EXPECT_FALSE(world.RunUntil([&] { return happened; }, minutes(1)));
  EXPECT_TRUE(world.RunUntil([&] { return happened; }, minutes(3)));
}

TEST(WorldTest, HistoriesThatDifferInOneLineDiffer) {
  World one(1, Lines::kKept);
  World other(1, Lines::kKept);

  one.Note("{} is read", "a");
  other.Note("{} is read", "b");

  EXPECT_NE(one.hash(), other.hash());
  EXPECT_EQ(one.lines().size(), 1U);
}

}  // namespace
}  // namespace lotura::simulation
