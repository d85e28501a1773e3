// The relay under 32 writers across changes of day. tsan
//
// Nothing is lost and every record keeps its order. The same trial finds a relay that reads without
// the horizon, one that reads by sequence alone, and one that reads the days one after the other.
// `tools/dev trial R3` runs it for longer: it sets LOTURA_TRIAL_SECONDS and LOTURA_TRIAL_SEED.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "libs/events/cloud_events.h"
#include "libs/events/kafka_bus.h"
#include "libs/events/memory_bus.h"
#include "libs/events/partitions.h"
#include "libs/events/pg_journal.h"
#include "libs/events/relay_mutants.h"
#include "libs/events/relay_step.h"
#include "libs/events/step_thread.h"
#include "libs/testing/events_schema.h"
#include "libs/testing/kafka.h"
#include "libs/testing/select.h"

namespace lotura::events {
namespace {

using ::lotura::testing::AMinute;
using ::lotura::testing::EntryOf;
using ::lotura::testing::EventsSchema;
using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

constexpr int kWriters = 32;
constexpr int kRecords = 200;
constexpr int kDaysOfMutants = 20;
constexpr char kMarker[] = "marker";

// A day of it lasts two seconds.
class FastClock final : public Clock {
 public:
  static Day FirstDay() { return std::chrono::year{2026} / 3 / 1; }
  [[nodiscard]] Instant Now() const override {
    return Instant(FirstDay()) + std::chrono::duration_cast<std::chrono::microseconds>(
                                     (std::chrono::steady_clock::now() - start_) * 43'200);
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

constexpr pg::Query kVersion{"trial.Version",
                             "SELECT version FROM trial_record WHERE name = $1::text"};
constexpr pg::Query kAdvance{"trial.Advance",
                             "UPDATE trial_record SET version = version + 1 WHERE name = $1::text "
                             "AND version = $2::bigint RETURNING 1"};
constexpr pg::Query kSleep{"trial.Sleep", "SELECT pg_sleep($1::bigint * 0.001)"};

// What whoever runs the trial asks for.
int Setting(const char* name, int otherwise) {
  const char* given = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return given == nullptr ? otherwise : std::atoi(given);
}

// What the trial finds of a relay.
struct Verdict {
  std::size_t committed = 0;
  std::size_t delivered = 0;
  std::size_t missing = 0;
  std::size_t phantoms = 0;
  std::size_t out_of_order = 0;
};

class RelayTrial : public ::testing::Test {
 protected:
  RelayTrial() {
    schema_.Run(
        "CREATE TABLE trial_record (name text PRIMARY KEY, version bigint NOT NULL) WITH "
        "(fillfactor = 50)");
    schema_.Run(fmt::format(
        "INSERT INTO trial_record SELECT 'r' || g, 0 FROM generate_series(1, {}) g", kRecords));
    EXPECT_THAT(AddDays(schema_.database(), "journal", FastClock::FirstDay() + std::chrono::days(1),
                        Days(), AMinute()),
                IsOk());
  }

  // Enough of the fast clock's for the whole trial.
  [[nodiscard]] int Days() const { return kDaysOfMutants + static_cast<int>(span_.count()) / 2; }

  // One transaction as the engine's are: it reads what it will replace, then writes under the guard
  // of the version it read. The database sleeps before the first write, so that numbers and times
  // come in different orders, and before the end. One in ten is rolled back.
  absl::Status WriteOnce(std::mt19937& random) {
    const std::string name = fmt::format("r{}", 1 + random() % kRecords);
    const auto before = static_cast<std::int64_t>(random() % 40);
    const auto after = static_cast<std::int64_t>(random() % 50);
    const bool is_lost = random() % 10 == 0;
    return schema_.database().Write(AMinute(), [&](pg::Tx& tx) -> absl::Status {
      const std::int64_t version = tx.Run(kVersion, pg::Params().Text(name)).Int(0, 0);
      const Instant begin = clock_.Now();
      tx.Run(kSleep, pg::Params().Int(before));
      if (tx.Run(kAdvance, pg::Params().Text(name).Int(version)).empty())
        return Aborted("STALE", "another was first");
      testing::InsertEntry(tx, EntryOf(ids_, name, version + 1), begin);
      tx.Run(kSleep, pg::Params().Int(after));
      return is_lost ? Aborted("ROLLED_BACK", "as told") : absl::OkStatus();
    });
  }

  void WriteFor(milliseconds span) {
    std::vector<std::jthread> writers;
    const Deadline end = Deadline::After(span);
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([this, i, end] {
        std::mt19937 random(static_cast<unsigned>(seed_ + i));
        while (!end.Passed()) WriteOnce(random).IgnoreError();
      });
    }
  }

  // The last entry of all. That it was published says nothing of those that went to other
  // partitions with it: whoever has saved a position behind it has published everything.
  void WriteMarker() {
    testing::PgOpenWrite write(schema_.database());
    write.AddAt(EntryOf(ids_, kMarker, 1), clock_.Now());
    write.Commit();
  }
  bool IsAllConfirmed() {
    return schema_.Number(fmt::format(
               "SELECT count(*) FROM journal j JOIN relay_cursor c ON (c.xid, c.seq) >= (j.xid, "
               "j.seq) WHERE j.name = '{}'",
               kMarker)) > 0;
  }

  static std::vector<Event> Delivered(Bus& bus) {
    const auto consumer =
        bus.NewConsumer({.group = "checker", .topics = {TopicOf("sales")}}).value();
    std::vector<Event> events;
    bool saw_marker = false;
    const Deadline deadline = Deadline::After(seconds(30));
    while ((!saw_marker || consumer->Lag().value_or(1) > 0) && !deadline.Passed()) {
      const auto records = consumer->Poll(1000, milliseconds(100)).value();
      for (const ReceivedRecord& received : records) {
        events.push_back(FromBusRecord(received.record).value());
        saw_marker = saw_marker || events.back().subject == kMarker;
      }
    }
    return events;
  }

  Verdict Judge(const std::vector<Event>& delivered) {
    Verdict verdict{.delivered = delivered.size()};
    std::set<std::string> committed;
    schema_.database()
        .Read(AMinute(),
              [&](pg::Tx& tx) {
                const pg::Rows rows = testing::Select(tx, "SELECT event_id FROM journal");
                for (std::size_t i = 0; i < rows.size(); ++i)
                  committed.insert(rows.Id(i, 0).ToString());
                return absl::OkStatus();
              })
        .IgnoreError();
    std::set<std::string> seen;
    std::map<std::string, std::int64_t> versions;
    for (const Event& event : delivered) {
      const std::string id = event.id.ToString();
      if (!committed.contains(id)) ++verdict.phantoms;
      if (!seen.insert(id).second) continue;
      std::int64_t& version = versions[event.subject];
      if (event.version() != version + 1) ++verdict.out_of_order;
      version = std::max(version, event.version());
    }
    verdict.committed = committed.size();
    for (const std::string& id : committed) verdict.missing += seen.contains(id) ? 0 : 1;
    RecordProperty("committed", static_cast<int>(verdict.committed));
    RecordProperty("missing", static_cast<int>(verdict.missing));
    RecordProperty("phantoms", static_cast<int>(verdict.phantoms));
    RecordProperty("out_of_order", static_cast<int>(verdict.out_of_order));
    fmt::print("{} committed, {} delivered, {} missing, {} phantoms, {} out of order\n",
               verdict.committed, verdict.delivered, verdict.missing, verdict.phantoms,
               verdict.out_of_order);
    return verdict;
  }

  // Publishes `journal` while the writers write; if told so, relays die on the way and others take
  // over.
  enum class Relays { kLive, kDie };
  Verdict Run(Journal& journal, Bus& bus, milliseconds span, Relays relays);

  std::unique_ptr<RelayStep> NewStep(Journal& journal, Bus& bus) {
    RelayOptions options{.service = "sales", .holder = ids_.Next()};
    options.lease = milliseconds(600);
    // Few enough for a read ahead now and then.
    options.batch.entries = 64;
    options.read_ahead = true;
    return std::make_unique<RelayStep>(options, RelayParts{journal, bus, system_clock_}, metrics_,
                                       log_, [] {});
  }

  // Entries of a day that carry higher numbers than entries of the day after it: what the merge of
  // days is for.
  std::int64_t Inversions() {
    return schema_.Number(
        "SELECT count(*) FROM journal j JOIN (SELECT create_time::date AS day, "
        "min(xid::text::bigint) AS first FROM journal GROUP BY 1) n "
        "ON n.day = j.create_time::date + 1 WHERE j.xid::text::bigint > n.first");
  }

  const int seed_ = Setting("LOTURA_TRIAL_SEED", 0);
  const seconds span_{Setting("LOTURA_TRIAL_SECONDS", 6)};
  EventsSchema schema_{kWriters + 8};
  FastClock clock_;
  SystemClock system_clock_;
  RandomIds ids_{system_clock_};
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
  // Two hours of the fast clock are a sixth of a second: shorter than some transactions.
  PgJournal journal_{
      schema_.database(), clock_, {.late = std::chrono::hours(2), .refresh = milliseconds(0)}};
};

Verdict RelayTrial::Run(Journal& journal, Bus& bus, milliseconds span, Relays relays) {
  EXPECT_THAT(bus.EnsureTopic({.name = TopicOf("sales")}, AMinute()), IsOk());
  std::atomic<bool> is_done = false;
  std::vector<std::jthread> processes;
  for (int i = 0; i < 2; ++i) {
    processes.emplace_back([&, i] {
      std::mt19937 random(static_cast<unsigned>(seed_ + 1000 + i));
      while (!is_done) {
        // One that dies neither saves its cursor nor gives its lease away.
        std::unique_ptr<RelayStep> step = NewStep(journal, bus);
        const Deadline death = Deadline::After(milliseconds(500 + random() % 1500));
        StepThread thread({.name = "relay", .spacing = milliseconds(1)}, metrics_, log_, [&] {
          return std::min<std::chrono::microseconds>(step->Run(), milliseconds(20));
        });
        thread.Start();
        Eventually([&] { return is_done || (relays == Relays::kDie && death.Passed()); },
                   seconds(120));
        thread.Stop();
      }
    });
  }
  WriteFor(span);
  WriteMarker();
  EXPECT_TRUE(Eventually([&] { return IsAllConfirmed(); }, seconds(30)));
  const std::vector<Event> delivered = Delivered(bus);
  is_done = true;
  processes.clear();
  return Judge(delivered);
}

TEST_F(RelayTrial, NothingIsLostAndEveryRecordKeepsItsOrder) {
  MemoryBus bus;

  const Verdict verdict = Run(journal_, bus, span_, Relays::kLive);

  EXPECT_GT(verdict.committed, 1000U);
  EXPECT_EQ(verdict.missing, 0U);
  EXPECT_EQ(verdict.phantoms, 0U);
  EXPECT_EQ(verdict.out_of_order, 0U);
  EXPECT_GE(schema_.Number("SELECT count(DISTINCT create_time::date) FROM journal"), 3);
  EXPECT_GT(Inversions(), 0);
}

TEST_F(RelayTrial, RelaysThatDieLoseNothingEitherOnKafka) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "librdkafka makes its threads in a way that the sanitizer does not notice";
#endif
  KafkaBus bus({.brokers = testing::Kafka().address()}, log_);

  const Verdict verdict = Run(journal_, bus, seconds(4), Relays::kDie);

  EXPECT_GE(verdict.delivered, verdict.committed);
  EXPECT_EQ(verdict.missing, 0U);
  EXPECT_EQ(verdict.phantoms, 0U);
  EXPECT_EQ(verdict.out_of_order, 0U);
}

std::vector<Day> DaysOfMutants() {
  std::vector<Day> days;
  for (int i = 0; i < kDaysOfMutants; ++i) {
    days.push_back(FastClock::FirstDay() + std::chrono::days(i));
  }
  return days;
}

TEST_F(RelayTrial, TrialFindsARelayWithoutTheHorizon) {
  MutantJournal mutant(journal_, [&] {
    return std::make_unique<HorizonlessReader>(schema_.database(), DaysOfMutants());
  });
  MemoryBus bus;

  const Verdict verdict = Run(mutant, bus, seconds(2), Relays::kLive);

  EXPECT_GT(verdict.missing, 0U);
}

TEST_F(RelayTrial, TrialFindsARelayThatReadsBySequenceAlone) {
  MutantJournal mutant(journal_, [&] {
    return std::make_unique<SequenceReader>(schema_.database(), DaysOfMutants());
  });
  MemoryBus bus;

  const Verdict verdict = Run(mutant, bus, seconds(4), Relays::kLive);

  EXPECT_GT(verdict.missing, 0U);
}

TEST_F(RelayTrial, TrialFindsARelayThatReadsTheDaysOneAfterTheOther) {
  MutantJournal mutant(journal_, [&] {
    return std::make_unique<DayAfterDayReader>(schema_.database(), clock_, FastClock::FirstDay());
  });
  MemoryBus bus;

  const Verdict verdict = Run(mutant, bus, seconds(7), Relays::kLive);

  EXPECT_GT(verdict.missing + verdict.out_of_order, 0U);
}

}  // namespace
}  // namespace lotura::events
