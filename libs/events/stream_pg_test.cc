// From the journal to effects, over a real broker that comes and goes.
#include <gtest/gtest.h>

#include "libs/events/cloud_events.h"
#include "libs/events/event_consumer.h"
#include "libs/events/kafka_bus.h"
#include "libs/events/pg_inbox.h"
#include "libs/events/pg_journal.h"
#include "libs/events/relay.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/kafka.h"
#include "libs/testing/select.h"

namespace lotura::events {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

constexpr pg::Query kEffect{"test.Effect",
                            "INSERT INTO effect (name, version) VALUES ($1::text, $2::bigint)"};
// How a projection takes an event that may be older than what it holds.
constexpr pg::Query kProject{
    "test.Project",
    "INSERT INTO projected AS p (tenant_id, name, epoch, version) "
    "SELECT e.tenant_id, e.name, e.epoch, e.version FROM unnest($1::uuid[], $2::text[], "
    "$3::bigint[], $4::bigint[]) AS e(tenant_id, name, epoch, version) "
    "ON CONFLICT (tenant_id, name) DO UPDATE SET epoch = excluded.epoch, version = "
    "excluded.version WHERE (p.epoch, p.version) < (excluded.epoch, excluded.version)"};

absl::Status Project(pg::Tx& tx, std::span<const Event> events) {
  pg::Array tenants(pg::Type::kUuid);
  pg::Array names(pg::Type::kText);
  pg::Array epochs(pg::Type::kInt64);
  pg::Array versions(pg::Type::kInt64);
  for (const Event* event : NewestOfEach(events, "lotura.sales.v1.Opportunity")) {
    tenants.Add(pg::binary::UuidValue(event->tenant.value));
    names.Add(event->subject);
    epochs.Add(pg::binary::Int64(event->epoch()));
    versions.Add(pg::binary::Int64(event->version()));
  }
  tx.Run(kProject, pg::Params().Add(tenants).Add(names).Add(epochs).Add(versions));
  for (const Event& event : events)
    tx.Run(kEffect, pg::Params().Text(event.subject).Int(event.version()));
  return absl::OkStatus();
}

class StreamTest : public ::testing::Test {
 protected:
  StreamTest() {
    schema_.Run(
        "CREATE TABLE effect (seq bigserial, name text, version bigint);"
        "CREATE TABLE projected (tenant_id uuid, name text, epoch bigint, version bigint, "
        "PRIMARY KEY (tenant_id, name))");
    EXPECT_THAT(bus_.EnsureTopic({.name = topic_}, AMinute()), IsOk());
  }

  // Each test has a service, and so a topic, of its own.
  static std::string NewService() { return fmt::format("stream{}", ++services_); }

  std::unique_ptr<Relay> StartRelay() {
    auto relay = std::make_unique<Relay>(
        RelayOptions{.service = service_, .holder = ids_.Next(), .read_ahead = true},
        RelayParts{journal_, bus_, clock_}, metrics_, log_);
    relay->Start();
    return relay;
  }

  struct Member {
    Member(StreamTest& test, const std::string& group)
        : inbox(test.schema_.database(), {.consumer = group}, Project, test.log_),
          consumer({.name = test.service_ + "." + group, .topics = {test.topic_}, .batch = 50},
                   test.bus_, inbox, test.clock_, test.metrics_, test.log_) {
      consumer.Start();
    }
    PgInbox inbox;
    EventConsumer consumer;
  };

  void Write(int records, std::int64_t from, std::int64_t to) {
    for (std::int64_t version = from; version <= to; ++version) {
      EXPECT_THAT(schema_.database().Write(
                      AMinute(),
                      [&](pg::Tx& tx) {
                        for (int i = 0; i < records; ++i) {
                          testing::InsertEntry(tx, EntryOf(ids_, fmt::format("r{}", i), version),
                                               clock_.Now());
                        }
                        return absl::OkStatus();
                      }),
                  IsOk());
    }
  }

  double Duplicates() const {
    const std::string text = metrics_.Exposition();
    const std::size_t at =
        text.find("\nlotura_consumer_duplicates_total{consumer=\"" + service_ + ".projection\"");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }
  std::int64_t Effects() { return schema_.Number("SELECT count(*) FROM effect"); }
  // Effects that came twice, or after that of a newer version.
  std::int64_t WrongEffects() {
    return schema_.Number(
        "SELECT count(*) FROM (SELECT version - lag(version, 1, 0::bigint) OVER (PARTITION BY name "
        "ORDER BY seq) AS step FROM effect) s "
        "WHERE step <> 1");
  }

  static inline int services_ = 0;
  const std::string service_ = NewService();
  const std::string topic_ = TopicOf(service_);
  testing::EventsSchema schema_{12};
  SystemClock clock_;
  RandomIds ids_{clock_};
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  KafkaBus bus_{{.brokers = testing::Kafka().address(), .session = seconds(6)}, log_};
  PgJournal journal_{schema_.database(), clock_};
};

TEST_F(StreamTest, EventsWaitForABrokerThatIsGoneWhileWritesGoOn) {
  const auto relay = StartRelay();
  Member member(*this, "projection");
  Write(10, 1, 10);
  ASSERT_TRUE(Eventually([&] { return Effects() == 100; }, seconds(30)));

  testing::Kafka().Stop();
  Write(10, 11, 40);
  testing::Kafka().Start();

  EXPECT_TRUE(Eventually([&] { return Effects() == 400; }, seconds(60)));
  EXPECT_EQ(WrongEffects(), 0);
  EXPECT_EQ(schema_.Number("SELECT min(version) FROM projected"), 40);
}

TEST_F(StreamTest, MemberKilledBetweenEffectAndOffsetMakesNoSecondEffect) {
  const auto relay = StartRelay();
  Write(10, 1, 5);
  // Dies when the effects are committed and the broker knows nothing of it.
  class DyingInbox final : public Inbox {
   public:
    explicit DyingInbox(Inbox& inbox) : inbox_(inbox) {}
    Applied Apply(std::span<const ReceivedRecord> records, Deadline deadline) override {
      handled += inbox_.Apply(records, deadline).handled;
      return {.status = Unavailable("KILLED", "before the offsets were committed")};
    }
    absl::StatusOr<std::vector<DeadLetter>> Unannounced(std::size_t limit,
                                                        Deadline deadline) override {
      return inbox_.Unannounced(limit, deadline);
    }
    absl::Status MarkAnnounced(std::span<const DeadLetter> letters, Deadline deadline) override {
      return inbox_.MarkAnnounced(letters, deadline);
    }
    absl::StatusOr<std::size_t> CountParked(Deadline deadline) override {
      return inbox_.CountParked(deadline);
    }

    std::size_t handled = 0;

   private:
    Inbox& inbox_;
  };
  std::size_t lost = 0;
  {
    PgInbox inbox(schema_.database(), {.consumer = "projection"}, Project, log_);
    DyingInbox dying(inbox);
    ConsumerStep step({.name = service_ + ".projection", .topics = {topic_}}, bus_, dying, clock_,
                      metrics_, log_);
    ASSERT_TRUE(Eventually(
        [&] {
          step.Run();
          return dying.handled > 0;
        },
        seconds(30)));
    lost = dying.handled;
  }

  Write(10, 6, 8);
  Member member(*this, "projection");

  EXPECT_TRUE(Eventually([&] { return Effects() >= 80; }, seconds(30)));
  EXPECT_TRUE(Eventually([&] { return Duplicates() >= static_cast<double>(lost); }, seconds(5)));
  EXPECT_EQ(Effects(), 80);
  EXPECT_EQ(WrongEffects(), 0);
}

TEST_F(StreamTest, MembersComeAndGoAndEveryEventTakesEffectOnceAndInOrder) {
  const auto relay = StartRelay();
  std::vector<std::unique_ptr<Member>> members(3);
  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds; ++round) {
    // Counted before the round writes: whoever leaves may have done all of it by then.
    const std::int64_t before = Effects();
    Write(40, round * 10 + 1, round * 10 + 10);
    // Another member joins or leaves in the middle of the work.
    auto& member = members[static_cast<std::size_t>(round) % members.size()];
    member = round == 3 ? nullptr : std::make_unique<Member>(*this, "projection");
    EXPECT_TRUE(Eventually([&] { return Effects() > before; }, seconds(30)));
  }

  EXPECT_TRUE(Eventually([&] { return Effects() >= 40 * 10 * kRounds; }, seconds(60)));
  EXPECT_EQ(Effects(), 40 * 10 * kRounds);
  EXPECT_EQ(WrongEffects(), 0);
}

TEST_F(StreamTest, DatabaseThatRestartsDelaysEffectsAndLosesNone) {
  const auto relay = StartRelay();
  Member member(*this, "projection");
  Write(10, 1, 5);
  ASSERT_TRUE(Eventually([&] { return Effects() > 0; }, seconds(30)));

  testing::Postgres().CrashAndRestart();
  ASSERT_TRUE(Eventually(
      [&] {
        return schema_.database()
            .Read(AMinute(),
                  [](pg::Tx& tx) {
                    return testing::Select(tx, "SELECT 1").empty() ? Internal("")
                                                                   : absl::OkStatus();
                  })
            .ok();
      },
      seconds(30)));
  Write(10, 6, 10);

  EXPECT_TRUE(Eventually([&] { return Effects() >= 100; }, seconds(60)));
  EXPECT_EQ(WrongEffects(), 0);
}

}  // namespace
}  // namespace lotura::events
