// What every history must do: the same tests run against the one in memory and the one in
// PostgreSQL.
#pragma once

#include <gtest/gtest.h>

#include "libs/events/history.h"
#include "libs/testing/journal_contract.h"
#include "libs/testing/tenant.h"

namespace lotura::testing {

using events::Cursor;
using events::History;
using events::HistoryBatch;
using events::HistoryQuery;

// A backend has `history()` and `Begin()`, which gives an OpenWrite.
template <typename Backend>
class HistoryContract : public ::testing::Test {
 protected:
  using Versions = std::vector<std::int64_t>;

  static Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }
  History& history() { return backend_.history(); }

  JournalEntry Entry(std::int64_t version, std::uint8_t tenant = 1) {
    JournalEntry entry = EntryOf(ids_, "o", version);
    entry.tenant = TenantOf(tenant);
    return entry;
  }
  void Write(const JournalEntry& entry) {
    const auto write = backend_.Begin();
    write->Add(entry);
    write->Commit();
  }

  HistoryQuery Query(std::uint8_t tenant = 1) {
    return {.tenant = TenantOf(tenant), .resource_types = {"lotura.sales.v1.Opportunity"}};
  }

  Cursor Earliest() { return history().Bounds(Soon()).value().earliest; }
  Cursor Latest() { return history().Bounds(Soon()).value().latest; }

  // Everything from here on, read in batches; the cursor moves along.
  Versions ReadAll(Cursor& cursor, const HistoryQuery& query, ReadLimit limit = {}) {
    Versions versions;
    for (int i = 0; i < 1000; ++i) {
      const absl::StatusOr<HistoryBatch> batch = history().Read(query, cursor, limit, Soon());
      EXPECT_THAT(batch.status(), IsOk());
      if (!batch.ok()) return versions;
      EXPECT_LE(batch->entries.size(), limit.entries);
      EXPECT_GE(batch->next.position, cursor.position);
      for (const JournalEntry& entry : batch->entries) versions.push_back(entry.version);
      cursor = batch->next;
      if (batch->at_end) return versions;
    }
    ADD_FAILURE() << "the end was never reached";
    return versions;
  }

  Backend backend_;
  FakeIds ids_;
};

TYPED_TEST_SUITE_P(HistoryContract);

TYPED_TEST_P(HistoryContract, EachEntryOfTheTenantComesOnceWhateverTheSizeOfABatch) {
  for (std::int64_t version = 1; version <= 7; ++version) {
    this->Write(this->Entry(version));
    this->Write(this->Entry(100 + version, 2));
  }

  for (const std::size_t entries : {1, 2, 3, 100}) {
    Cursor cursor = this->Earliest();
    EXPECT_EQ(this->ReadAll(cursor, this->Query(), {.entries = entries}),
              (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7}));
  }
}

TYPED_TEST_P(HistoryContract, ABatchHasNoMoreBytesThanItMay) {
  for (std::int64_t version = 1; version <= 5; ++version) this->Write(this->Entry(version));
  Cursor cursor = this->Earliest();

  const auto batch =
      this->history().Read(this->Query(), cursor, {.entries = 100, .bytes = 1}, this->Soon());

  ASSERT_THAT(batch.status(), IsOk());
  EXPECT_EQ(batch->entries.size(), 1);
  EXPECT_EQ(this->ReadAll(cursor, this->Query(), {.entries = 100, .bytes = 1}).size(), 5);
}

TYPED_TEST_P(HistoryContract, AnEntryIsAsItWasWritten) {
  const JournalEntry written = this->Entry(1);
  this->Write(written);

  const auto batch =
      this->history().Read(this->Query(), this->Earliest(), {}, this->Soon()).value();

  ASSERT_EQ(batch.entries.size(), 1);
  EXPECT_EQ(batch.entries[0].event_id, written.event_id);
  EXPECT_EQ(batch.entries[0].after_plain, written.after_plain);
  EXPECT_EQ(batch.entries[0].before_personal, written.before_personal);
  EXPECT_EQ(batch.entries[0].detail, written.detail);
}

TYPED_TEST_P(HistoryContract, OtherTypesAreLeftOut) {
  JournalEntry other = this->Entry(1);
  other.resource_type = "lotura.sales.v1.Stage";
  this->Write(other);
  this->Write(this->Entry(2));
  Cursor cursor = this->Earliest();

  EXPECT_EQ(this->ReadAll(cursor, this->Query()), (std::vector<std::int64_t>{2}));
}

TYPED_TEST_P(HistoryContract, NothingBehindAnOpenTransactionIsReadAndNothingOfItIsLost) {
  const auto open = this->backend_.Begin();
  open->Add(this->Entry(1));
  this->Write(this->Entry(2));
  Cursor cursor = this->Earliest();
  Cursor latest = this->Latest();
  EXPECT_EQ(this->ReadAll(cursor, this->Query()), (std::vector<std::int64_t>{}));

  open->Commit();

  EXPECT_EQ(this->ReadAll(cursor, this->Query()), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(this->ReadAll(latest, this->Query()), (std::vector<std::int64_t>{1, 2}));
}

TYPED_TEST_P(HistoryContract, TheLatestPositionLiesBehindWhatIsFinal) {
  this->Write(this->Entry(1));
  Cursor latest = this->Latest();
  this->Write(this->Entry(2));

  EXPECT_EQ(this->ReadAll(latest, this->Query()), (std::vector<std::int64_t>{2}));
}

TYPED_TEST_P(HistoryContract, AReaderWhoComesTooLateIsTold) {
  this->Write(this->Entry(1));
  Cursor late = this->Latest();
  late.time = this->Earliest().time - std::chrono::hours(1);
  Cursor of_another_database = this->Latest();
  of_another_database.position.epoch += 1;

  EXPECT_THAT(this->history().Read(this->Query(), late, {}, this->Soon()).status(),
              StatusIs(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED"));
  EXPECT_THAT(this->history().Read(this->Query(), of_another_database, {}, this->Soon()).status(),
              StatusIs(absl::StatusCode::kOutOfRange, "EVENTS_EXPIRED"));
}

REGISTER_TYPED_TEST_SUITE_P(HistoryContract, EachEntryOfTheTenantComesOnceWhateverTheSizeOfABatch,
                            ABatchHasNoMoreBytesThanItMay, AnEntryIsAsItWasWritten,
                            OtherTypesAreLeftOut,
                            NothingBehindAnOpenTransactionIsReadAndNothingOfItIsLost,
                            TheLatestPositionLiesBehindWhatIsFinal, AReaderWhoComesTooLateIsTold);

}  // namespace lotura::testing
