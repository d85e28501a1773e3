// Effects happen once, and an event that cannot be handled stops only its own key. tsan
#include "libs/events/pg_inbox.h"

#include <latch>

#include "libs/events/cloud_events.h"
#include "libs/events/parking.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/select.h"

namespace lotura::events {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

constexpr pg::Query kEffect{"test.Effect",
                            "INSERT INTO effect (name, version) VALUES ($1::text, $2::bigint)"};

class PgInboxTest : public ::testing::Test {
 protected:
  PgInboxTest() { schema_.Run("CREATE TABLE effect (seq bigserial, name text, version bigint)"); }

  // Writes one row for each event, but for versions that are told to fail.
  absl::Status Handle(pg::Tx& tx, const Event& event) {
    tx.Run(kEffect, pg::Params().Text(event.subject).Int(event.version()));
    const auto failure = failures_.find(event.version());
    return failure == failures_.end() ? absl::OkStatus() : failure->second;
  }
  EventHandler Handler() {
    return OneByOne([this](pg::Tx& tx, const Event& event) { return Handle(tx, event); });
  }
  PgInbox NewInbox(InboxOptions options = {}) {
    options.consumer = "test";
    return PgInbox(schema_.database(), options, Handler(), log_);
  }

  ReceivedRecord RecordOf(const std::string& name, std::int64_t version) {
    JournalEntry entry = EntryOf(ids_, name, version);
    entry.create_time = SystemClock().Now();
    return {ToBusRecord(entry, "sales").value(), {TopicOf("sales"), 0, ++offset_}};
  }
  std::vector<ReceivedRecord> RecordsOf(const std::string& name, std::int64_t from,
                                        std::int64_t to) {
    std::vector<ReceivedRecord> records;
    for (std::int64_t version = from; version <= to; ++version)
      records.push_back(RecordOf(name, version));
    return records;
  }

  // Gives the rest again until all are done with, as the consumer does.
  Applied ApplyAll(PgInbox& inbox, std::span<const ReceivedRecord> records) {
    Applied total;
    for (int i = 0; i < 20; ++i) {
      const Applied applied = inbox.Apply(records.subspan(total.done), AMinute());
      total.done += applied.done;
      total.handled += applied.handled;
      total.duplicates += applied.duplicates;
      total.parked += applied.parked;
      total.dead += applied.dead;
      total.status = applied.status;
      if (total.status.ok()) break;
    }
    return total;
  }

  std::string Effects(const std::string& name) {
    return schema_.database()
        .Read(AMinute(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
                return testing::Select(
                           tx, fmt::format("SELECT coalesce(string_agg(version::text, ' ' ORDER BY "
                                           "seq), '') FROM effect WHERE name = '{}'",
                                           name))
                    .String(0, 0);
              })
        .value();
  }

  const TenantId tenant_{*Uuid::Parse("0195f3c2-7c9e-7d51-8f2e-0123456789ab")};
  testing::EventsSchema schema_;
  testing::FakeIds ids_;
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  std::map<std::int64_t, absl::Status> failures_;
  std::int64_t offset_ = 0;
};

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

class ParkingTest : public PgInboxTest {
 protected:
  ParkingTest() {
    failures_[2] = FailedPrecondition("NO_SUCH_STAGE", "the stage is unknown");
    records_ = RecordsOf("o", 1, 4);
    EXPECT_THAT(ApplyAll(inbox_, records_).status, IsOk());
  }

  std::string KeyOfO() const { return ParkingKeyOf(records_[0]); }

  PgInbox inbox_ = NewInbox();
  Parking parking_{schema_.database(), "test", Handler()};
  std::vector<ReceivedRecord> records_;
};

TEST_F(ParkingTest, ListSaysWhatWaitsAndWhy) {
  const auto keys = parking_.ListParked(10, AMinute()).value();

  ASSERT_EQ(keys.size(), 1);
  EXPECT_EQ(keys[0].tenant, tenant_);
  EXPECT_EQ(keys[0].key, TopicOf("sales") + "/" + records_[0].record.key);
  EXPECT_EQ(keys[0].reason, "NO_SUCH_STAGE");
  EXPECT_EQ(keys[0].attempts, 3);
  EXPECT_EQ(keys[0].events, 3);
}

TEST_F(ParkingTest, RetryHandlesAllInOrderAndLaterEventsGoOn) {
  failures_.clear();

  EXPECT_EQ(parking_.RetryParked(tenant_, KeyOfO(), AMinute()).value(), 3);
  inbox_.Apply(RecordsOf("o", 5, 6), AMinute());

  EXPECT_EQ(Effects("o"), "1 2 3 4 5 6");
  EXPECT_EQ(parking_.ListParked(10, AMinute())->size(), 0);
}

TEST_F(ParkingTest, RetryThatFailsChangesNothingButTheCount) {
  EXPECT_THAT(parking_.RetryParked(tenant_, KeyOfO(), AMinute()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NO_SUCH_STAGE"));

  EXPECT_EQ(Effects("o"), "1");
  EXPECT_EQ(parking_.ListParked(10, AMinute())->at(0).attempts, 4);
}

TEST_F(ParkingTest, DiscardGivesUpTheFirstAndHandlesTheRest) {
  EXPECT_EQ(parking_.DiscardParked(tenant_, KeyOfO(), AMinute()).value(), 2);

  EXPECT_EQ(Effects("o"), "1 3 4");
  EXPECT_EQ(inbox_.Apply(records_, AMinute()).duplicates, 4);
}

TEST_F(ParkingTest, AnotherEventThatFailsThenIsTheNewReason) {
  failures_ = {{3, FailedPrecondition("OTHER", "another reason")}};

  EXPECT_THAT(parking_.RetryParked(tenant_, KeyOfO(), AMinute()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OTHER"));

  EXPECT_EQ(Effects("o"), "1 2");
  EXPECT_EQ(parking_.ListParked(10, AMinute())->at(0).reason, "OTHER");
  EXPECT_EQ(inbox_.Unannounced(10, AMinute())->size(), 1);
}

TEST_F(ParkingTest, EventThatFailsWhileTheOneBeforeItIsAnnouncedIsAnnouncedToo) {
  const auto letters = inbox_.Unannounced(10, AMinute()).value();
  failures_ = {{3, FailedPrecondition("OTHER", "another reason")}};
  parking_.RetryParked(tenant_, KeyOfO(), AMinute()).status().IgnoreError();

  ASSERT_THAT(inbox_.MarkAnnounced(letters, AMinute()), IsOk());

  const auto left = inbox_.Unannounced(10, AMinute()).value();
  ASSERT_EQ(left.size(), 1);
  EXPECT_EQ(left[0].reason, "OTHER");
}

TEST_F(ParkingTest, KeyThatDoesNotWaitIsNotFound) {
  EXPECT_EQ(parking_.RetryParked(tenant_, "other", AMinute()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ParkingTest, EventsThatArriveDuringARetryAreNeitherLostNorOutOfOrder) {
  failures_.clear();
  const auto later = RecordsOf("o", 5, 60);
  std::thread consumer([&] {
    PgInbox inbox = NewInbox();
    for (const ReceivedRecord& received : later)
      EXPECT_THAT(inbox.Apply({&received, 1}, AMinute()).status, IsOk());
  });
  EXPECT_THAT(parking_.RetryParked(tenant_, KeyOfO(), AMinute()), IsOk());
  consumer.join();

  EXPECT_EQ(schema_.Number("SELECT count(*) FROM parked_event"), 0);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM effect"), 60);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM (SELECT version < lag(version) OVER (ORDER BY "
                           "seq) AS back FROM effect) v WHERE back"),
            0);
}

TEST_F(ParkingTest, RecordThatFailsWhileTheLastOfItsKeyIsRetriedIsNotForgotten) {
  failures_.clear();
  ReceivedRecord broken = RecordOf("o", 5);
  broken.record.headers.clear();
  // The transaction that condemns the record waits for this lock when it commits.
  schema_.Run(
      "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON parked_event DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION wait()");
  testing::PgOpenWrite gate(schema_.database());
  gate.Run("SELECT pg_advisory_xact_lock(42)");
  const std::string waiting =
      "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('advisory', "
      "'transactionid')";
  std::jthread consumer([&] {
    PgInbox inbox = NewInbox();
    EXPECT_EQ(inbox.Apply({&broken, 1}, AMinute()).dead, 1);
  });
  ASSERT_TRUE(Eventually([&] { return schema_.Number(waiting) == 1; }, std::chrono::seconds(30)));
  std::atomic<bool> is_decided = false;
  std::jthread operators([&] {
    parking_.RetryParked(tenant_, KeyOfO(), AMinute()).status().IgnoreError();
    is_decided = true;
  });
  ASSERT_TRUE(Eventually([&] { return is_decided || schema_.Number(waiting) == 2; },
                         std::chrono::seconds(30)));
  gate.Commit();
  operators.join();
  consumer.join();

  EXPECT_EQ(schema_.Number("SELECT count(*) FROM parked_event p WHERE NOT EXISTS (SELECT 1 FROM "
                           "dead_letter d WHERE d.key = p.key)"),
            0);
  EXPECT_EQ(schema_.Number("SELECT count(*) FROM parked_event"), 1);
}

}  // namespace
}  // namespace lotura::events
