// What becomes of events that wait behind one that failed. tsan
#include "libs/events/parking.h"

#include <thread>

#include "libs/events/inbox_fixture.h"

namespace lotura::events {
namespace {

using ::lotura::testing::Eventually;

class ParkingTest : public InboxFixture {
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
