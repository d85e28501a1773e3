// What a relay has read is given to whoever seals, if nothing is missing in between.
#include "libs/audit/heard_entries.h"

#include <gmock/gmock.h>

#include "libs/testing/fakes.h"
#include "libs/testing/journal_entry.h"

namespace lotura::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kHere[] = "here";

events::Position At(std::int64_t seq) { return {.epoch = 1, .xid = 700, .seq = seq}; }

class HeardEntriesTest : public ::testing::Test {
 protected:
  // As a relay reads them: all behind `after`, up to the last one.
  void Hear(std::int64_t after, std::int64_t last, const std::string& origin = kHere) {
    std::vector<events::JournalEntry> entries;
    for (std::int64_t seq = after + 1; seq <= last; ++seq) {
      entries.push_back(testing::EntryOf(ids_, "opportunities/o1", seq));
      entries.back().position = At(seq);
    }
    heard_.Hear(origin, At(after), entries);
  }
  std::vector<std::int64_t> Take(std::int64_t sealed, std::size_t most = 100,
                                 const std::string& origin = kHere) {
    std::vector<std::int64_t> taken;
    for (const Sealable& entry : heard_.Take(origin, At(sealed), {.entries = most}).entries)
      taken.push_back(entry.position.seq);
    return taken;
  }

  testing::FakeIds ids_;
  HeardEntries heard_{"sales", 5};
};

TEST_F(HeardEntriesTest, NothingIsKeptWhileNobodySeals) {
  Hear(0, 2);
  EXPECT_THAT(Take(0), IsEmpty());

  Hear(0, 2);
  heard_.Forget();
  EXPECT_THAT(Take(0), IsEmpty());
}

TEST_F(HeardEntriesTest, WhatFollowsIsGivenUntilItIsSealed) {
  Take(0);
  Hear(0, 2);
  Hear(2, 3);

  EXPECT_THAT(Take(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(Take(0, 2), ElementsAre(1, 2));
  EXPECT_THAT(Take(2), ElementsAre(3));
  EXPECT_THAT(Take(3), IsEmpty());
}

TEST_F(HeardEntriesTest, NoMoreIsGivenThanFitsIntoASeal) {
  Take(0);
  Hear(0, 3);

  const HeardEntries::Taken taken = heard_.Take(kHere, At(0), {.bytes = 1});

  EXPECT_EQ(taken.entries.size(), 1U);
  EXPECT_TRUE(taken.more);
}

TEST_F(HeardEntriesTest, ARelayThatIsBehindTellsOnlyWhatIsNew) {
  Take(3);
  Hear(0, 2);
  Hear(2, 5);
  Hear(0, 5);

  EXPECT_THAT(Take(3), ElementsAre(4, 5));
}

TEST_F(HeardEntriesTest, BehindAGapNothingIsKept) {
  Take(0);
  Hear(1, 3);
  EXPECT_THAT(Take(0), IsEmpty());

  // The journal was read meanwhile.
  Take(3);
  Hear(3, 4);
  EXPECT_THAT(Take(3), ElementsAre(4));
}

TEST_F(HeardEntriesTest, BehindWhatTheJournalWasReadForEverythingIsKeptAgain) {
  Take(0);
  Hear(1, 3);
  heard_.Await(kHere, At(3));
  Hear(3, 5);

  EXPECT_THAT(Take(3), ElementsAre(4, 5));
}

TEST_F(HeardEntriesTest, WhatIsKnownOfAndNotGivenIsMore) {
  Take(0);
  Hear(0, 4);
  EXPECT_TRUE(heard_.Take(kHere, At(0), {.entries = 3}).more);
  EXPECT_FALSE(heard_.Take(kHere, At(0), {.entries = 4}).more);

  Hear(4, 6);
  EXPECT_TRUE(heard_.Take(kHere, At(0), {.entries = 4}).more);
  EXPECT_TRUE(heard_.Take(kHere, At(4), {.entries = 4}).more);
  EXPECT_FALSE(heard_.Take(kHere, At(6), {.entries = 4}).more);
}

TEST_F(HeardEntriesTest, WhatFindsNoRoomLeavesAGap) {
  Take(0);
  Hear(0, 4);
  Hear(4, 6);
  Hear(6, 7);
  EXPECT_THAT(Take(0), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Take(4), IsEmpty());

  Hear(7, 8);
  EXPECT_THAT(Take(4), IsEmpty());
}

TEST_F(HeardEntriesTest, WhoeverGoesBackReadsTheJournal) {
  Take(2);
  Hear(2, 4);

  EXPECT_THAT(Take(1), IsEmpty());
  EXPECT_THAT(Take(2), IsEmpty());
}

TEST_F(HeardEntriesTest, AnotherDatabaseIsAnotherJournal) {
  Take(0);
  Hear(0, 2, "there");
  EXPECT_THAT(Take(0), IsEmpty());

  Hear(0, 2);
  EXPECT_THAT(Take(0, 100, "there"), IsEmpty());
}

TEST_F(HeardEntriesTest, EachIsWhatItsSealCovers) {
  Take(0);
  events::JournalEntry entry = testing::EntryOf(ids_, "opportunities/o1", 1);
  entry.position = At(1);
  heard_.Hear(kHere, At(0), {&entry, 1});

  const std::vector<Sealable> taken = heard_.Take(kHere, At(0), {.entries = 1}).entries;

  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].tenant, entry.tenant);
  EXPECT_EQ(taken[0].digest, SealableOf("sales", entry).digest);
}

}  // namespace
}  // namespace lotura::audit
