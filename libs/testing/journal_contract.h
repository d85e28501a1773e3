// What every journal must do: the same tests run against the one in memory and the one in
// PostgreSQL.
#pragma once

#include <gtest/gtest.h>

#include "libs/events/journal.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"
#include "libs/testing/journal_entry.h"
#include "libs/testing/status_matchers.h"

namespace lotura::testing {

using events::Backlog;
using events::Journal;
using events::JournalReader;
using events::LeaseToken;
using events::Position;
using events::ReadLimit;

// A transaction that a test holds open. It takes its number with the first entry.
class OpenWrite {
 public:
  virtual ~OpenWrite() = default;
  virtual void Add(const JournalEntry& entry) = 0;
  virtual void Commit() = 0;
  virtual void Rollback() = 0;
};

// A backend has `journal()`, `Begin()`, which gives an OpenWrite, and `Pass(span)`, after which a
// lease of that length has expired.
template <typename Backend>
class JournalContract : public ::testing::Test {
 protected:
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

  Journal& journal() { return backend_.journal(); }

  // Writes one entry in a transaction of its own.
  Uuid Write(const std::string& name, std::int64_t version) {
    const JournalEntry entry = EntryOf(ids_, name, version);
    const auto write = backend_.Begin();
    write->Add(entry);
    write->Commit();
    return entry.event_id;
  }

  std::vector<JournalEntry> Read(JournalReader& reader, const Position& after = {},
                                 ReadLimit limit = {}) {
    auto entries = reader.Read(after, limit, Soon());
    EXPECT_THAT(entries, IsOk());
    return entries.ok() ? *std::move(entries) : std::vector<JournalEntry>();
  }

  std::optional<LeaseToken> Acquire(const Uuid& holder,
                                    std::chrono::milliseconds duration = kLong) {
    return journal().Acquire("relay", holder, duration, Soon()).value();
  }

  static std::vector<std::int64_t> Versions(const std::vector<JournalEntry>& entries) {
    std::vector<std::int64_t> versions;
    for (const JournalEntry& entry : entries) versions.push_back(entry.version);
    return versions;
  }

  static constexpr std::chrono::milliseconds kLong{60'000};
  static constexpr std::chrono::milliseconds kShort{50};
  FakeIds ids_;
  Backend backend_;
};

TYPED_TEST_SUITE_P(JournalContract);

TYPED_TEST_P(JournalContract, EntryIsReadAsItWasWritten) {
  const JournalEntry written = EntryOf(this->ids_, "opportunities/o1", 3);
  const auto write = this->backend_.Begin();
  write->Add(written);
  write->Commit();
  const auto reader = this->journal().NewReader();

  const auto entries = this->Read(*reader);

  ASSERT_EQ(entries.size(), 1);
  const JournalEntry& read = entries[0];
  EXPECT_GT(read.position, Position());
  EXPECT_GT(read.create_time, Instant());
  EXPECT_EQ(read.tenant, written.tenant);
  EXPECT_EQ(read.event_id, written.event_id);
  EXPECT_EQ(read.name, written.name);
  EXPECT_EQ(read.type, written.type);
  EXPECT_EQ(read.resource_type, written.resource_type);
  EXPECT_EQ(read.version, written.version);
  EXPECT_EQ(read.kind, written.kind);
  EXPECT_EQ(read.changed_fields, written.changed_fields);
  EXPECT_EQ(read.before_plain, written.before_plain);
  EXPECT_EQ(read.before_personal, written.before_personal);
  EXPECT_EQ(read.after_plain, written.after_plain);
  EXPECT_EQ(read.after_personal, written.after_personal);
  EXPECT_EQ(read.detail, written.detail);
  EXPECT_EQ(read.person_keys, written.person_keys);
  EXPECT_EQ(read.actor, written.actor);
  EXPECT_EQ(read.method, written.method);
  EXPECT_EQ(read.request_id, written.request_id);
  EXPECT_EQ(read.cause, written.cause);
  EXPECT_EQ(read.traceparent, written.traceparent);
}

TYPED_TEST_P(JournalContract, ReaderGoesOnAfterAPositionWithoutGapOrRepetition) {
  for (int version = 1; version <= 7; ++version) this->Write("o", version);
  const auto reader = this->journal().NewReader();

  std::vector<std::int64_t> versions;
  Position after;
  for (;;) {
    const auto entries = this->Read(*reader, after, {.entries = 3});
    if (entries.empty()) break;
    for (const JournalEntry& entry : entries) {
      EXPECT_GT(entry.position, after);
      after = entry.position;
      versions.push_back(entry.version);
    }
  }

  EXPECT_EQ(versions, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7}));
}

TYPED_TEST_P(JournalContract, BytesBoundARead) {
  for (int version = 1; version <= 5; ++version) this->Write("o", version);
  const auto reader = this->journal().NewReader();

  EXPECT_EQ(this->Versions(this->Read(*reader, {}, {.bytes = 1})), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(this->Read(*reader, {}, {.bytes = 1 << 20}).size(), 5);
}

TYPED_TEST_P(JournalContract, NothingIsReadBeyondATransactionThatIsStillOpen) {
  const auto first = this->backend_.Begin();
  first->Add(EntryOf(this->ids_, "a", 1));
  this->Write("b", 2);
  const auto reader = this->journal().NewReader();

  EXPECT_EQ(this->Read(*reader).size(), 0);
  first->Commit();

  EXPECT_EQ(this->Versions(this->Read(*reader)), (std::vector<std::int64_t>{1, 2}));
}

TYPED_TEST_P(JournalContract, WhatIsRolledBackIsNeverRead) {
  const auto lost = this->backend_.Begin();
  lost->Add(EntryOf(this->ids_, "a", 1));
  this->Write("b", 2);
  lost->Rollback();
  const auto reader = this->journal().NewReader();

  EXPECT_EQ(this->Versions(this->Read(*reader)), (std::vector<std::int64_t>{2}));
}

TYPED_TEST_P(JournalContract, BacklogShowsWhatWaitsBehindTheHorizon) {
  const auto reader = this->journal().NewReader();
  const Backlog before = reader->Inspect({}, this->Soon()).value();
  EXPECT_EQ(before.oldest, std::nullopt);
  EXPECT_EQ(before.horizon, before.next);
  const auto open = this->backend_.Begin();
  open->Add(EntryOf(this->ids_, "a", 1));
  this->Write("b", 2);

  const Backlog held = reader->Inspect({}, this->Soon()).value();
  EXPECT_NE(held.oldest, std::nullopt);
  EXPECT_LT(held.horizon, held.next);
  open->Rollback();

  const auto entries = this->Read(*reader);
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(reader->Inspect(entries[0].position, this->Soon()).value().oldest, std::nullopt);
}

TYPED_TEST_P(JournalContract, LeaseBelongsToOneHolderUntilItIsReleased) {
  const Uuid one = this->ids_.Next();
  const Uuid two = this->ids_.Next();
  const auto first = this->Acquire(one);
  ASSERT_NE(first, std::nullopt);

  EXPECT_EQ(this->Acquire(two), std::nullopt);
  EXPECT_EQ(this->Acquire(one)->term, first->term);
  EXPECT_THAT(this->journal().Release(*first, this->Soon()), IsOk());
  const auto second = this->Acquire(two);

  ASSERT_NE(second, std::nullopt);
  EXPECT_GT(second->term, first->term);
}

TYPED_TEST_P(JournalContract, LeaseThatExpiredGoesToTheNext) {
  const auto first = this->Acquire(this->ids_.Next(), this->kShort);
  const Uuid two = this->ids_.Next();
  std::optional<LeaseToken> second;

  EXPECT_TRUE(Eventually(
      [&] {
        this->backend_.Pass(this->kShort);
        second = this->Acquire(two);
        return second.has_value();
      },
      std::chrono::seconds(20)));
  EXPECT_GT(second->term, first->term);
}

TYPED_TEST_P(JournalContract, ReleaseOfALeaseThatWasLostDoesNotTakeItFromItsHolder) {
  const auto first = this->Acquire(this->ids_.Next());
  ASSERT_THAT(this->journal().Release(*first, this->Soon()), IsOk());
  const Uuid two = this->ids_.Next();
  this->Acquire(two);

  ASSERT_THAT(this->journal().Release(*first, this->Soon()), IsOk());

  EXPECT_EQ(this->Acquire(this->ids_.Next()), std::nullopt);
}

TYPED_TEST_P(JournalContract, CursorMovesForwardOnly) {
  EXPECT_EQ(this->journal().LoadCursor("kafka", this->Soon()).value(), Position());
  const auto lease = this->Acquire(this->ids_.Next());
  const Position far{.epoch = 1, .xid = 800, .seq = 5};
  const Position near{.epoch = 1, .xid = 800, .seq = 4};

  EXPECT_THAT(this->journal().SaveCursor("kafka", far, *lease, this->Soon()), IsOk());
  EXPECT_THAT(this->journal().SaveCursor("kafka", near, *lease, this->Soon()), IsOk());

  EXPECT_EQ(this->journal().LoadCursor("kafka", this->Soon()).value(), far);
  EXPECT_EQ(this->journal().LoadCursor("other", this->Soon()).value(), Position());
}

TYPED_TEST_P(JournalContract, CursorOfAHolderThatLostTheLeaseIsSavedAndItIsTold) {
  const auto lease = this->Acquire(this->ids_.Next());
  ASSERT_THAT(this->journal().Release(*lease, this->Soon()), IsOk());
  const Position position{.epoch = 1, .xid = 800, .seq = 5};

  EXPECT_THAT(this->journal().SaveCursor("kafka", position, *lease, this->Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "LEASE_LOST"));
  EXPECT_EQ(this->journal().LoadCursor("kafka", this->Soon()).value(), position);
}

TYPED_TEST_P(JournalContract, CursorFromAnotherDatabaseIsRefused) {
  auto lease = this->Acquire(this->ids_.Next());
  lease->origin = "another cluster";

  EXPECT_THAT(
      this->journal().SaveCursor("kafka", {.epoch = 1, .xid = 800, .seq = 5}, *lease, this->Soon()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "LEASE_LOST"));
  EXPECT_EQ(this->journal().LoadCursor("kafka", this->Soon()).value(), Position());
}

REGISTER_TYPED_TEST_SUITE_P(JournalContract, EntryIsReadAsItWasWritten,
                            ReaderGoesOnAfterAPositionWithoutGapOrRepetition, BytesBoundARead,
                            NothingIsReadBeyondATransactionThatIsStillOpen,
                            WhatIsRolledBackIsNeverRead, BacklogShowsWhatWaitsBehindTheHorizon,
                            LeaseBelongsToOneHolderUntilItIsReleased, LeaseThatExpiredGoesToTheNext,
                            ReleaseOfALeaseThatWasLostDoesNotTakeItFromItsHolder,
                            CursorMovesForwardOnly,
                            CursorOfAHolderThatLostTheLeaseIsSavedAndItIsTold,
                            CursorFromAnotherDatabaseIsRefused);

}  // namespace lotura::testing
