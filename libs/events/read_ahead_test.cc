// Reading ahead shows the same journal as reading. tsan
#include "libs/events/read_ahead.h"

#include <gtest/gtest.h>

#include <atomic>

#include "libs/base/errors.h"
#include "libs/events/memory_journal.h"
#include "libs/testing/fakes.h"
#include "libs/testing/journal_entry.h"
#include "libs/testing/status_matchers.h"

namespace lotura::events {
namespace {

using Versions = std::vector<std::int64_t>;

constexpr ReadLimit kThree{.entries = 3};

// Counts its reads, and fails one.
class Counted final : public JournalReader {
 public:
  Counted(std::unique_ptr<JournalReader> reader, std::atomic<int>& reads, int fails)
      : reader_(std::move(reader)), reads_(reads), fails_(fails) {}

  absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                 Deadline deadline) override {
    if (++reads_ == fails_) return Unavailable("DATABASE_UNAVAILABLE", "no database");
    return reader_->Read(after, limit, deadline);
  }
  absl::StatusOr<Backlog> Inspect(const Position& after, Deadline deadline) override {
    return reader_->Inspect(after, deadline);
  }

 private:
  const std::unique_ptr<JournalReader> reader_;
  std::atomic<int>& reads_;
  const int fails_;
};

class ReadAheadTest : public ::testing::Test {
 protected:
  void Write(std::int64_t from, std::int64_t to) {
    for (std::int64_t version = from; version <= to; ++version)
      journal_.Append({testing::EntryOf(ids_, "o", version)});
  }

  ReadAhead NewReader(int fails = 0) {
    return ReadAhead(std::make_unique<Counted>(journal_.NewReader(), reads_, fails));
  }

  // The versions that the next read shows, and a step behind them.
  static Versions Next(ReadAhead& reader, Position& after, ReadLimit limit = kThree) {
    const auto entries = reader.Read(after, limit, Deadline::After(std::chrono::seconds(10)));
    EXPECT_THAT(entries, testing::IsOk());
    Versions versions;
    for (const JournalEntry& entry : entries.value_or(std::vector<JournalEntry>())) {
      versions.push_back(entry.version);
      after = entry.position;
    }
    return versions;
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  MemoryJournal journal_{clock_};
  std::atomic<int> reads_ = 0;
};

TEST_F(ReadAheadTest, ReadsOnceForEachBatchAndNotBehindTheLast) {
  Write(1, 8);
  ReadAhead reader = NewReader();
  Position after;

  for (const Versions& expected : {Versions{1, 2, 3}, Versions{4, 5, 6}, Versions{7, 8}})
    EXPECT_EQ(Next(reader, after), expected);
  EXPECT_EQ(reads_, 3);
  EXPECT_EQ(Next(reader, after), Versions());
  Write(9, 9);
  EXPECT_EQ(Next(reader, after), (Versions{9}));
}

TEST_F(ReadAheadTest, WhatWasReadAheadForAnotherPlaceOrLimitIsReadAnew) {
  Write(1, 9);
  Position fifth;
  ReadAhead other = NewReader();
  EXPECT_EQ(Next(other, fifth, {.entries = 5}), (Versions{1, 2, 3, 4, 5}));
  ReadAhead reader = NewReader();
  Position after;
  EXPECT_EQ(Next(reader, after), (Versions{1, 2, 3}));

  EXPECT_EQ(Next(reader, after, {.entries = 1}), (Versions{4}));
  EXPECT_EQ(Next(reader, fifth), (Versions{6, 7, 8}));
}

TEST_F(ReadAheadTest, FailureIsToldToWhoeverAsksForItAndPasses) {
  Write(1, 5);
  ReadAhead reader = NewReader(/*fails=*/2);
  Position after;
  EXPECT_EQ(Next(reader, after), (Versions{1, 2, 3}));

  const auto failed = reader.Read(after, kThree, Deadline::After(std::chrono::seconds(10)));
  EXPECT_EQ(ReasonOf(failed.status()), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(Next(reader, after), (Versions{4, 5}));
}

TEST_F(ReadAheadTest, BacklogIsInspectedWhenTheReadAheadHasEnded) {
  Write(1, 5);
  ReadAhead reader = NewReader();
  Position after;
  EXPECT_EQ(Next(reader, after), (Versions{1, 2, 3}));

  const auto backlog = reader.Inspect(after, Deadline::After(std::chrono::seconds(10)));
  ASSERT_THAT(backlog, testing::IsOk());
  EXPECT_TRUE(backlog->oldest.has_value());
  EXPECT_EQ(reads_, 2);
}

}  // namespace
}  // namespace lotura::events
