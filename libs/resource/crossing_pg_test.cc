// Batches of several replicas that name the same records and match keys in crossing orders.
//
// A deadlock may happen and is then resolved by running the statement again: none reaches a caller.
// `tools/dev trial crossing` runs it for longer: it sets LOTURA_TRIAL_UNITS and LOTURA_TRIAL_SEED.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <set>

#include "libs/base/check.h"
#include "libs/resource/changed_keys.h"
#include "libs/resource/codec.h"
#include "libs/resource/testdata/bench.h"
#include "libs/testing/eventually.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::Eventually;
using ::lotura::testing::IsOk;
using ::std::chrono::seconds;
using testdata::v1::Widget;

constexpr int kReplicas = 4;
constexpr int kWritersOfEach = 4;
constexpr std::size_t kRecords = 200;
constexpr std::size_t kBatch = 25;
// Names and match keys that batches of about the same time create and take.
constexpr std::size_t kContended = 50;
constexpr std::uint64_t kBatchesOfAGeneration = 24;

// What whoever runs the trial asks for.
std::uint64_t Setting(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

// One process of the service, as far as the database sees it.
class Replica {
 public:
  Replica(const std::string& conninfo, const Catalog& catalog)
      : reads_({.conninfo = conninfo, .schema = "testdata", .pool_size = kWritersOfEach}),
        writes_({.conninfo = conninfo,
                 .schema = "testdata",
                 .pool_size = kWritersOfEach,
                 .plan_for = pg::PlanFor::kWrites}),
        store_(reads_, writes_, clock_, catalog.Declarations()) {}
  Store& store() { return store_; }

 private:
  pg::Database reads_;
  pg::Database writes_;
  SystemClock clock_;
  PgStore store_;
};

// What became of the units of all writers.
struct Tally {
  std::atomic<std::uint64_t> units{0};
  std::atomic<std::uint64_t> committed{0};
  // New versions of records that were committed.
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> deadlocks_told{0};
  std::atomic<std::uint64_t> errors{0};
};

class Crossing : public ::testing::Test {
 protected:
  Crossing() : catalog_(testdata::WidgetCatalog()) {
    for (int i = 0; i < kReplicas; ++i)
      replicas_.push_back(std::make_unique<Replica>(conninfo_, catalog_));
    std::vector<Unit> units;
    for (std::size_t i = 0; i < kRecords; ++i) {
      units.push_back(NewUnit());
      AddCreate(units.back(), KnownName(i), "");
    }
    Commit(replicas_.front()->store(), units);
    LOTURA_CHECK(tally_.committed == kRecords);
  }

  void Write(Store& store, std::uint64_t seed);
  void Commit(Store& store, const std::vector<Unit>& units);

  std::vector<Unit> Creations(std::mt19937_64& random);
  std::vector<Unit> Updates(Store& store, std::mt19937_64& random);
  // Each changes one record and creates another.
  std::vector<Unit> Both(Store& store, std::mt19937_64& random);

  [[nodiscard]] static std::string KnownName(std::size_t number) {
    return fmt::format("widgets/known-{}", number);
  }
  // Those of the present generation, in an order of their own.
  std::vector<std::string> Contended(const char* form, std::mt19937_64& random) {
    const std::uint64_t generation = batches_++ / kBatchesOfAGeneration;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < kContended; ++i)
      texts.push_back(fmt::format(fmt::runtime(form), generation, i));
    std::ranges::shuffle(texts, random);
    return texts;
  }

  Unit NewUnit() {
    Unit unit{.call = call_};
    Request request;
    request.id = ids_.Next();
    request.answer = {"done", ""};
    unit.request = request;
    return unit;
  }
  void AddCreate(Unit& unit, const std::string& name, const std::string& email) {
    const auto widget = std::make_shared<Widget>();
    widget->set_name(name);
    widget->set_display_name("new");
    widget->set_email(email);
    SetTimestamp(*widget, declaration().create_time_field(), call_->now);
    SetTimestamp(*widget, declaration().update_time_field(), call_->now);
    Add(unit, {.kind = events::v1::KIND_CREATED, .version = 1, .after = widget});
  }
  void AddUpdate(Unit& unit, const Record& record, const std::string& email) {
    const auto after = std::make_shared<Widget>(static_cast<const Widget&>(*record.message));
    after->set_email(email);
    Add(unit, {.kind = events::v1::KIND_UPDATED,
               .version = record.version + 1,
               .before = record.message,
               .after = after});
  }

  [[nodiscard]] const Declaration& declaration() const {
    return *catalog_.types().front().declaration;
  }
  // Of the database, since it was made.
  std::int64_t Number(const std::string& query) {
    pg::Database database({.conninfo = conninfo_, .schema = "testdata", .pool_size = 1});
    return database
        .Read(Deadline::After(seconds(60)),
              [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                return testing::Select(tx, query).Int(0, 0);
              })
        .value();
  }
  // The counters of a server process are complete when it has ended.
  std::int64_t Deadlocks() {
    replicas_.clear();
    EXPECT_TRUE(Eventually(
        [&] {
          return Number(
                     "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                     "AND pid <> pg_backend_pid()") == 0;
        },
        seconds(30)));
    return Number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  }

  const std::uint64_t units_ = Setting("LOTURA_TRIAL_UNITS", 20'000);
  const std::uint64_t seed_ = Setting("LOTURA_TRIAL_SEED", 0);
  Catalog catalog_;
  const std::string conninfo_ = testdata::NewWidgetDatabase();
  SystemClock clock_;
  RandomIds ids_{clock_};
  const std::shared_ptr<const Call> call_ =  // shared by the units
      std::make_shared<const Call>(testdata::CallAs(1));
  std::atomic<std::uint64_t> batches_{0};
  Tally tally_;
  std::vector<std::unique_ptr<Replica>> replicas_;

 private:
  void Add(Unit& unit, RecordChange change) {
    change.declaration = &declaration();
    change.name = static_cast<const Widget&>(*change.after).name();
    change.event_type = declaration().EventType("changed");
    change.event_id = ids_.Next();
    unit.changes.push_back(std::move(change));
    FindChangedKeys(unit.changes.back());
  }
};

std::vector<Unit> Crossing::Creations(std::mt19937_64& random) {
  const auto names = Contended("widgets/new-{}-{}", random);
  const auto keys = Contended("new-{}-{}@example.org", random);
  std::vector<Unit> units;
  for (std::size_t i = 0; i < kBatch; ++i) {
    units.push_back(NewUnit());
    AddCreate(units.back(), names[i], keys[i]);
  }
  return units;
}

std::vector<Unit> Crossing::Updates(Store& store, std::mt19937_64& random) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRecords; ++i) names.push_back(KnownName(i));
  std::ranges::shuffle(names, random);
  names.resize(kBatch);
  const auto records =
      store.Load(declaration(), call_->principal.tenant, names, Deadline::After(seconds(30)));
  EXPECT_THAT(records, IsOk());
  std::set<std::string> held;
  for (const auto& record : *records)
    held.insert(static_cast<const Widget&>(*record->message).email());
  const auto keys = Contended("known-{}-{}@example.org", random);
  std::vector<Unit> units;
  for (std::size_t i = 0; i < kBatch; ++i) {
    // Units of one batch share no match key.
    if (held.contains(keys[i])) continue;
    units.push_back(NewUnit());
    AddUpdate(units.back(), *(*records)[i], keys[i]);
  }
  return units;
}

std::vector<Unit> Crossing::Both(Store& store, std::mt19937_64& random) {
  std::vector<Unit> units = Updates(store, random);
  const auto names = Contended("widgets/new-{}-{}", random);
  const auto keys = Contended("new-{}-{}@example.org", random);
  for (std::size_t i = 0; i < units.size(); ++i) AddCreate(units[i], names[i], keys[i]);
  return units;
}

void Crossing::Commit(Store& store, const std::vector<Unit>& units) {
  const auto outcomes = store.Commit(units, Deadline::After(seconds(60)));
  tally_.units += units.size();
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!outcomes[i].ok()) {
      ++tally_.errors;
      if (ReasonOf(outcomes[i].status()) == "DEADLOCK") ++tally_.deadlocks_told;
    } else if (outcomes[i]->verdict == Verdict::kCommitted) {
      ++tally_.committed;
      tally_.changes += units[i].changes.size();
    }
  }
}

void Crossing::Write(Store& store, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (tally_.units < units_) {
    switch (random() % 4) {
      case 0:
        Commit(store, Both(store, random));
        break;
      case 1:
        Commit(store, Updates(store, random));
        break;
      default:
        Commit(store, Creations(random));
    }
  }
}

TEST_F(Crossing, NoDeadlockReachesACaller) {
  std::vector<std::jthread> writers;
  for (std::size_t i = 0; i < kReplicas * kWritersOfEach; ++i) {
    writers.emplace_back([this, i] {
      Write(replicas_[i % kReplicas]->store(), seed_ * kReplicas * kWritersOfEach + i);
    });
  }
  writers.clear();

  const std::int64_t deadlocks = Deadlocks();
  RecordProperty("units", std::to_string(tally_.units));
  RecordProperty("committed", std::to_string(tally_.committed));
  RecordProperty("deadlocks", std::to_string(deadlocks));
  RecordProperty("deadlocks_told", std::to_string(tally_.deadlocks_told));
  RecordProperty("errors", std::to_string(tally_.errors));
  fmt::print("{} units, {} committed, {} deadlocks, {} of them told, {} errors\n",
             tally_.units.load(), tally_.committed.load(), deadlocks, tally_.deadlocks_told.load(),
             tally_.errors.load());
  EXPECT_EQ(tally_.deadlocks_told, 0U);
  EXPECT_EQ(tally_.errors, 0U);
  EXPECT_GE(tally_.units, units_);
  EXPECT_GT(tally_.committed, units_ / 20);
  EXPECT_EQ(Number("SELECT count(*) FROM journal"), tally_.changes);
}

}  // namespace
}  // namespace lotura::resource
