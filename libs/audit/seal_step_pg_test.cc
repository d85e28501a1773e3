// A journal in PostgreSQL is sealed, and what is changed there afterwards is found.
#include "libs/audit/seal_step.h"

#include <gmock/gmock.h>

#include <thread>

#include "libs/audit/digest.h"
#include "libs/audit/seal_fixture.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"

namespace lotura::audit {
namespace {

using ::lotura::testing::StatusIs;
using ::testing::HasSubstr;

class SealStepTest : public SealFixture {};

TEST_F(SealStepTest, EachTenantHasAChainOfItsOwn) {
  Write(1, 3);
  Write(2, 2);
  Write(1, 4);

  SealAll();

  const Report first = Verify(1);
  EXPECT_EQ(first.findings_count, 0);
  EXPECT_EQ(first.entries, 7);
  EXPECT_GT(first.seals, 1);
  const Report second = Verify(2);
  EXPECT_EQ(second.findings_count, 0);
  EXPECT_EQ(second.entries, 2);
  EXPECT_EQ(Verify(3).seals, 0);
  EXPECT_EQ(Export(2).front().seal().tenant(), TenantOf(2).value.ToString());
  EXPECT_EQ(Metric("lotura_audit_sealed_entries_total"), 9);
  EXPECT_EQ(Metric("lotura_audit_unsealed_seconds"), 0);
}

TEST_F(SealStepTest, TheChainGoesOnWhoeverSeals) {
  for (int i = 0; i < 5; ++i) {
    Write(1, 2);
    SealAll();
  }

  const Report report = Verify(1);

  EXPECT_EQ(report.findings_count, 0);
  EXPECT_EQ(report.entries, 10);
  EXPECT_EQ(report.last, 5);
  EXPECT_EQ(seals_.Last(TenantOf(1), AMinute()).value()->number(), 5);
}

TEST_F(SealStepTest, NothingIsSealedTwiceWhileSeveralProcessesTry) {
  std::vector<std::jthread> processes;
  std::atomic<bool> done = false;
  for (int i = 0; i < 3; ++i) {
    processes.emplace_back([&] {
      // One that forgets its lease comes back under another name.
      while (!done) {
        const auto step = NewStep({.entries = 3, .bytes = 1 << 20});
        for (int pass = 0; pass < 5; ++pass) step->Run();
        step->Stop();
      }
    });
  }
  for (int i = 0; i < 40; ++i) Write(static_cast<std::uint8_t>(1 + i % 2), 3);
  EXPECT_TRUE(testing::Eventually(
      [&] {
        return Number("SELECT coalesce(sum(length(digests)), 0) / 32 FROM audit_seal") >= 120;
      },
      std::chrono::seconds(60)));
  done = true;
  processes.clear();

  EXPECT_EQ(Number("SELECT sum(length(digests)) / 32 FROM audit_seal"), 120);
  for (const std::uint8_t tenant : {std::uint8_t{1}, std::uint8_t{2}}) {
    EXPECT_EQ(Verify(tenant).findings_count, 0);
    EXPECT_EQ(Verify(tenant).entries, 60);
  }
}

TEST_F(SealStepTest, WhatIsNotCommittedIsSealedInItsPlace) {
  testing::PgOpenWrite open(database_);
  auto entry = EntryOf(ids_, "opportunities/o2", 1);
  entry.tenant = TenantOf(1);
  open.AddAt(entry, clock_.Now());
  Write(1, 2);

  SealAll();
  EXPECT_EQ(Verify(1).entries, 0);

  open.Commit();
  SealAll();
  EXPECT_EQ(Verify(1).entries, 3);
  EXPECT_EQ(Verify(1).findings_count, 0);
  EXPECT_EQ(Export(1).front().entries(0).name(), "opportunities/o2");
}

TEST_F(SealStepTest, OneByteThatIsChangedIsFoundWhereItIs) {
  Write(1, 9);
  SealAll();

  Run("UPDATE journal SET after_personal = set_byte(after_personal, 2, 0) WHERE version = 6");

  const Report report = Verify(1);
  ASSERT_EQ(report.findings_count, 1);
  EXPECT_EQ(report.findings[0].seal, 2);
  EXPECT_THAT(report.findings[0].what, HasSubstr("(opportunities/o1, version 6) was changed"));
}

TEST_F(SealStepTest, ARowThatIsDeletedIsFoundWhereItWas) {
  Write(1, 9);
  SealAll();

  Run("DELETE FROM journal WHERE version = 7");

  const Report report = Verify(1);
  ASSERT_EQ(report.findings_count, 1);
  EXPECT_EQ(report.findings[0].seal, 2);
  EXPECT_THAT(report.findings[0].what, HasSubstr("entry 3 of 4 is missing, behind the entry at"));
}

TEST_F(SealStepTest, ATailThatIsCutOffIsFound) {
  Write(1, 9);
  SealAll();
  const v1::Seal checkpoint = *seals_.Last(TenantOf(1), AMinute()).value();

  Run("DELETE FROM journal WHERE version > 6");
  EXPECT_EQ(Verify(1).findings_count, 3);

  // The seals as well: then whoever kept the last one finds it.
  Run("DELETE FROM audit_seal WHERE number > 1");
  Run("DELETE FROM journal WHERE version > 4");
  EXPECT_EQ(Verify(1).findings_count, 0);
  const Report report = Verify(1, {checkpoint});
  ASSERT_EQ(report.findings_count, 1);
  EXPECT_EQ(report.findings[0].seal, 3);
  EXPECT_THAT(report.findings[0].what, HasSubstr("everything behind 1"));
}

TEST_F(SealStepTest, ContentThatNoAnswerHoldsIsLeftOutOfTheExport) {
  Write(1, 2);
  Write(1, 1, 5 << 20);
  SealAll();

  const Report report = Verify(1);

  EXPECT_EQ(report.findings_count, 0);
  EXPECT_EQ(report.entries, 3);
  EXPECT_EQ(report.left_out, 1);
}

// What the relay tells is sealed as it was then: no second look finds it changed.
TEST_F(SealStepTest, WhatARelayHasReadIsNotReadAgain) {
  const auto step = NewStep({.entries = 100});
  SealAll(*step);
  const auto lease = journal_.Acquire("relay", ids_.Next(), std::chrono::seconds(10), AMinute());
  events::HeardReader relay(journal_.NewReader(), lease.value()->origin, heard_);
  Write(1, 3);
  Write(2, 2);
  ASSERT_EQ(relay.Read({}, {}, AMinute()).value().size(), 5U);
  Run("UPDATE journal SET after_personal = set_byte(after_personal, 2, 0) WHERE version = 3");
  Write(1, 2);

  SealAll(*step);
  SealAll(*step);

  EXPECT_EQ(Metric("lotura_audit_sealed_entries_total"), 7);
  const Report report = Verify(1);
  EXPECT_EQ(report.entries, 5);
  ASSERT_EQ(report.findings_count, 1);
  EXPECT_THAT(report.findings[0].what, HasSubstr("version 3) was changed"));
  EXPECT_EQ(Verify(2).findings_count, 0);
}

TEST_F(SealStepTest, ARelayThatWasReadingBeforeIsHeardFromTheFirstPassOn) {
  const auto step = NewStep({.entries = 100});
  const auto lease = journal_.Acquire("relay", ids_.Next(), std::chrono::seconds(10), AMinute());
  events::HeardReader relay(journal_.NewReader(), lease.value()->origin, heard_);
  Write(1, 2);
  const auto before = relay.Read({}, {}, AMinute()).value();
  step->Run();
  Write(1, 3);
  ASSERT_EQ(relay.Read(before.back().position, {}, AMinute()).value().size(), 3U);
  Run("UPDATE journal SET after_personal = set_byte(after_personal, 2, 0) WHERE version = 5");

  SealAll(*step);

  const Report report = Verify(1);
  EXPECT_EQ(report.entries, 5);
  ASSERT_EQ(report.findings_count, 1);
  EXPECT_THAT(report.findings[0].what, HasSubstr("version 5) was changed"));
}

TEST_F(SealStepTest, WhatWasReadOfAnotherDatabaseIsNotSealed) {
  const auto step = NewStep({.entries = 100});
  SealAll(*step);
  events::HeardReader relay(journal_.NewReader(), "another cluster/00000001", heard_);
  Write(1, 3);
  ASSERT_EQ(relay.Read({}, {}, AMinute()).value().size(), 3U);
  Run("UPDATE journal SET after_personal = set_byte(after_personal, 2, 0) WHERE version = 3");

  SealAll(*step);

  EXPECT_EQ(Verify(1).entries, 3);
  EXPECT_EQ(Verify(1).findings_count, 0);
}

TEST_F(SealStepTest, DaysAreKeptUntilTheyAreSealed) {
  Write(1);
  const auto is_needed = [&] {
    return Number("SELECT journal_day_is_needed((now() AT TIME ZONE 'UTC')::date)::int");
  };
  // The broker has everything.
  Run("INSERT INTO relay_cursor VALUES ('kafka', 1, '9223372036854775807', 0, now())");
  SealAll();
  EXPECT_EQ(is_needed(), 0);

  Write(1);
  EXPECT_EQ(is_needed(), 1);

  SealAll();
  EXPECT_EQ(is_needed(), 0);
}

TEST_F(SealStepTest, ACursorThatSomebodyMovedEndsTheTermAndNothingIsSealedTwice) {
  const auto step = NewStep();
  Write(1, 2);
  SealAll(*step);
  Write(1, 2);
  // As if another process had sealed these.
  const auto other = NewStep();
  Run("UPDATE lease SET expire_time = '-infinity' WHERE name = 'audit'");
  SealAll(*other);

  EXPECT_GT(step->Run(), std::chrono::microseconds(0));
  Write(1, 2);
  SealAll(*other);
  step->Run();

  EXPECT_EQ(Verify(1).findings_count, 0);
  EXPECT_EQ(Verify(1).entries, 6);
}

}  // namespace
}  // namespace lotura::audit
