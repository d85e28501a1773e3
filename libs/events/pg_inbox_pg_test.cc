// Effects happen once, and an event that cannot be handled stops only its own key. tsan
#include "libs/events/pg_inbox.h"

#include <latch>

#include "libs/events/inbox_fixture.h"
#include "libs/events/parking.h"

namespace lotura::events {
namespace {

class PgInboxTest : public InboxFixture {};

TEST_F(PgInboxTest, BatchTakesEffectInOrder) {
  PgInbox inbox = NewInbox();

  const Applied applied = inbox.Apply(RecordsOf("o", 1, 5), AMinute());

  EXPECT_THAT(applied.status, IsOk());
  EXPECT_EQ(applied.handled, 5);
  EXPECT_EQ(Effects("o"), "1 2 3 4 5");
}

TEST_F(PgInboxTest, EventsOfATenantThatIsGoneLeaveNothingAndHoldNobodyUp) {
  const TenantId gone{*Uuid::Parse("0195f3c2-7c9e-7d51-8f2e-00000000dead")};
  InboxOptions options;
  options.is_gone = [&](const TenantId& tenant) { return tenant == gone; };
  PgInbox inbox = NewInbox(options);
  std::vector<ReceivedRecord> records;
  for (std::int64_t version = 1; version <= 4; ++version) {
    JournalEntry entry = EntryOf(ids_, "o", version);
    entry.create_time = SystemClock().Now();
    if (version % 2 == 0) entry.tenant = gone;
    records.push_back({ToBusRecord(entry, "sales").value(), {TopicOf("sales"), 0, ++offset_}});
  }

  const Applied applied = inbox.Apply(records, AMinute());

  EXPECT_THAT(applied.status, IsOk());
  EXPECT_EQ(applied.done, 4);
  EXPECT_EQ(applied.handled, 2);
  EXPECT_EQ(Effects("o"), "1 3");
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM inbox"), 2);
  // Also one that could never be handled.
  failures_[5] = Internal("broken");
  JournalEntry broken = EntryOf(ids_, "p", 5);
  broken.tenant = gone;
  const ReceivedRecord record{ToBusRecord(broken, "sales").value(),
                              {TopicOf("sales"), 0, ++offset_}};
  EXPECT_THAT(inbox.Apply({&record, 1}, AMinute()).status, IsOk());
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM dead_letter"), 0);
}

TEST_F(PgInboxTest, EventThatComesAgainChangesNothing) {
  PgInbox inbox = NewInbox();
  auto records = RecordsOf("o", 1, 3);
  records.push_back(records[1]);
  inbox.Apply(records, AMinute());

  const Applied applied = inbox.Apply(records, AMinute());

  EXPECT_EQ(applied.done, 4);
  EXPECT_EQ(applied.duplicates, 4);
  EXPECT_EQ(Effects("o"), "1 2 3");
}

TEST_F(PgInboxTest, EventOlderThanEveryDayIsRememberedToo) {
  PgInbox inbox = NewInbox();
  JournalEntry entry = EntryOf(ids_, "o", 1);
  entry.create_time = Instant(std::chrono::sys_days{std::chrono::year{2020} / 1 / 1});
  const std::vector<ReceivedRecord> records = {
      {ToBusRecord(entry, "sales").value(), {TopicOf("sales"), 0, 1}}};

  EXPECT_EQ(inbox.Apply(records, AMinute()).handled, 1);
  EXPECT_EQ(inbox.Apply(records, AMinute()).duplicates, 1);
}

TEST_F(PgInboxTest, TwoMembersWithTheSameEventsMakeTheirEffectsOnce) {
  const auto records = RecordsOf("o", 1, 50);
  std::vector<Applied> applied(4);
  std::latch start(4);
  std::vector<std::thread> threads;
  for (Applied& outcome : applied) {
    threads.emplace_back([&] {
      PgInbox inbox = NewInbox();
      start.arrive_and_wait();
      outcome = inbox.Apply(records, AMinute());
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::size_t handled = 0;
  for (const Applied& outcome : applied) handled += outcome.handled;
  EXPECT_EQ(handled, 50);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM effect"), 50);
}

TEST_F(PgInboxTest, FailureThatMayPassLeavesNothingBehindAndStops) {
  PgInbox inbox = NewInbox();
  failures_[3] = Unavailable("NEIGHBOR_DOWN", "not now");
  const auto records = RecordsOf("o", 1, 5);

  const Applied applied = ApplyAll(inbox, records);

  EXPECT_THAT(applied.status, StatusIs(absl::StatusCode::kUnavailable, "NEIGHBOR_DOWN"));
  EXPECT_EQ(applied.done, 0);
  failures_.clear();
  EXPECT_EQ(ApplyAll(inbox, records).handled, 5);
  EXPECT_EQ(Effects("o"), "1 2 3 4 5");
}

TEST_F(PgInboxTest, EventThatFailsForGoodStopsItsKeyAndNoOther) {
  PgInbox inbox = NewInbox();
  failures_[3] = FailedPrecondition("NO_SUCH_STAGE", "the stage is unknown");
  auto records = RecordsOf("o", 1, 5);
  const auto others = RecordsOf("p", 11, 15);
  for (std::size_t i = 0; i < others.size(); ++i)
    records.insert(records.begin() + static_cast<std::ptrdiff_t>(2 * i + 1), others[i]);

  const Applied applied = ApplyAll(inbox, records);

  EXPECT_THAT(applied.status, IsOk());
  EXPECT_EQ(applied.dead, 1);
  EXPECT_EQ(applied.parked, 2);
  EXPECT_EQ(applied.handled, 7);
  EXPECT_EQ(Effects("o"), "1 2");
  EXPECT_EQ(Effects("p"), "11 12 13 14 15");
}

TEST_F(PgInboxTest, EventThatFailsOnceIsTriedAgain) {
  int calls = 0;
  PgInbox inbox(schema_.database(), {.consumer = "test"},
                OneByOne([&](pg::Tx& tx, const Event& event) -> absl::Status {
                  if (event.version() == 2 && ++calls == 1) return Internal("bad luck");
                  return Handle(tx, event);
                }),
                log_);

  const Applied applied = ApplyAll(inbox, RecordsOf("o", 1, 3));

  EXPECT_EQ(applied.dead, 0);
  EXPECT_EQ(Effects("o"), "1 2 3");
}

TEST_F(PgInboxTest, RecordThatIsNoEventIsADeadLetterAtOnceAndOnlyOnce) {
  PgInbox inbox = NewInbox();
  auto records = RecordsOf("o", 1, 3);
  records[1].record.headers.clear();

  const Applied applied = inbox.Apply(records, AMinute());
  EXPECT_THAT(applied.status, IsOk());
  EXPECT_EQ(applied.dead, 1);
  EXPECT_EQ(applied.parked, 1);
  EXPECT_EQ(Effects("o"), "1");
  EXPECT_EQ(inbox.Apply(records, AMinute()).duplicates, 3);

  const auto letters = inbox.Unannounced(10, AMinute()).value();
  ASSERT_EQ(letters.size(), 1);
  EXPECT_EQ(letters[0].reason, "EVENT_HEADER_MISSING");
  EXPECT_EQ(letters[0].tenant, tenant_);
  EXPECT_EQ(letters[0].received.record, records[1].record);
  EXPECT_EQ(letters[0].received.place, records[1].place);
  ASSERT_THAT(inbox.MarkAnnounced(letters, AMinute()), IsOk());
  EXPECT_EQ(inbox.Unannounced(10, AMinute())->size(), 0);
}

TEST_F(PgInboxTest, RecordThatIsNoEventDoesNotCountAsAnOldOne) {
  PgInbox inbox = NewInbox();
  auto records = RecordsOf("o", 1, 2);
  records[1].record.headers.clear();

  EXPECT_GT(inbox.Apply(records, AMinute()).last, SystemClock().Now() - std::chrono::minutes(1));
  EXPECT_EQ(inbox.Apply(std::span(records).subspan(1), AMinute()).last, std::nullopt);
}

TEST_F(PgInboxTest, RecordOfTheSameNameInAnotherServiceGoesOn) {
  PgInbox inbox = NewInbox();
  failures_[1] = FailedPrecondition("NO", "no");
  ApplyAll(inbox, RecordsOf("o", 1, 1));
  auto other = RecordsOf("o", 2, 2);
  other[0].record.topic = other[0].place.topic = TopicOf("accounts");

  EXPECT_EQ(ApplyAll(inbox, other).handled, 1);
}

TEST_F(PgInboxTest, RecordWithoutKeyStopsNoOther) {
  PgInbox inbox = NewInbox();
  const std::vector<ReceivedRecord> records = {{{.topic = "t", .value = "?"}, {"t", 0, 1}},
                                               {{.topic = "t", .value = "?"}, {"t", 0, 2}}};

  EXPECT_EQ(inbox.Apply(records, AMinute()).dead, 2);
}

TEST_F(PgInboxTest, TooManyParkedEventsStopTheConsumerUntilSomebodyDecides) {
  PgInbox inbox = NewInbox({.parked_max = 3});
  failures_[1] = FailedPrecondition("NO", "no");
  const auto records = RecordsOf("o", 1, 5);

  Applied applied = ApplyAll(inbox, records);
  EXPECT_THAT(applied.status, StatusIs(absl::StatusCode::kResourceExhausted, "PARKING_FULL"));
  EXPECT_EQ(inbox.CountParked(AMinute()).value(), applied.done);
  failures_.clear();
  Parking parking(schema_.database(), "test", Handler());
  ASSERT_THAT(parking.RetryParked(tenant_, ParkingKeyOf(records[0]), AMinute()), IsOk());

  EXPECT_THAT(ApplyAll(inbox, std::span(records).subspan(applied.done)).status, IsOk());
  EXPECT_EQ(Effects("o"), "1 2 3 4 5");
}

}  // namespace
}  // namespace lotura::events
