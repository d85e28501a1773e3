// Runs under the thread sanitizer too: tsan
#include "libs/resource/record_reads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "libs/base/errors.h"
#include "libs/cache/memory_cache.h"
#include "libs/resource/testdata/bench.h"
#include "libs/resource/testdata/forwarding_store.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using cache::MemoryCache;
using ::lotura::testing::IsOk;
using testdata::TenantOf;
using testdata::v1::Widget;

// Notes what is read together, and fails as a test asks for it.
class WatchedStore final : public testdata::ForwardingStore {
 public:
  absl::StatusOr<std::vector<std::optional<Record>>> Load(const Declaration& declaration,
                                                          const TenantId& tenant,
                                                          std::span<const std::string> names,
                                                          Deadline deadline) override {
    loads.emplace_back(names.begin(), names.end());
    const bool fails = std::ranges::find(names, unreadable) != names.end();
    if (fails) return failure;
    return inner.Load(declaration, tenant, names, deadline);
  }

  std::vector<std::vector<std::string>> loads;
  std::string unreadable;
  absl::Status failure = Internal("cannot be read");
};

class RecordReadsTest : public ::testing::Test {
 protected:
  using Result = RecordReads::Result;

  void Create(const std::string& name, std::uint8_t tenant = 1) {
    auto widget = std::make_shared<Widget>();
    widget->set_name(name);
    widget->set_display_name(name);
    Unit unit{.call = std::make_shared<const Call>(testdata::CallAs(tenant))};
    unit.changes.push_back({.declaration = &declaration_,
                            .kind = events::v1::KIND_CREATED,
                            .name = name,
                            .version = 1,
                            .after = widget,
                            .event_type = declaration_.EventType("created"),
                            .event_id = ids_.Next()});
    ASSERT_THAT(store_.Commit({&unit, 1}, kLater).front(), IsOk());
  }
  // Its answer is in `results_`, at the place that is returned.
  std::size_t Submit(const std::string& name, Deadline deadline = kLater, std::uint8_t tenant = 1,
                     RecordReads::From from = RecordReads::From::kCache) {
    results_.emplace_back();
    reads_.Submit({{&declaration_, {TenantOf(tenant), name}}, deadline, from},
                  [this, place = results_.size() - 1](const Result& result) {
                    EXPECT_FALSE(results_[place].has_value());
                    results_[place] = result;
                  });
    return results_.size() - 1;
  }
  // The name of the record that was read; "none" where no record is.
  std::string Read(std::size_t place) {
    EXPECT_THAT(*results_[place], IsOk());
    if (!results_[place]->ok()) return "";
    const std::optional<Record>& record = **results_[place];
    return record.has_value() ? static_cast<const Widget&>(*record->message).name() : "none";
  }
  void Drain() {
    while (reads_.Step()) {
    }
  }

  static inline const Deadline kLater = Deadline::After(std::chrono::minutes(10));
  static inline const Deadline kPast{Deadline::Point::min()};

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  const Catalog catalog_ = testdata::WidgetCatalog();
  const Declaration& declaration_ = *catalog_.types().front().declaration;
  cache::Counts counts_;
  MemoryCache cache_{{}, clock_, counts_};
  WatchedStore store_;
  RecordCache record_cache_{cache_, catalog_.Declarations()};
  std::vector<RecordReads::Batch> batches_;
  RecordReads reads_{
      store_, record_cache_, {.batch_max = 4, .waiting_max = 8}, [this](RecordReads::Batch batch) {
        batches_.push_back(batch);
      }};
  std::vector<std::optional<Result>> results_;
};

TEST_F(RecordReadsTest, WhatWaitsSharesALookAndAStatement) {
  for (const char* name : {"widgets/a", "widgets/b"}) Create(name);
  const auto a = Submit("widgets/a");
  const auto b = Submit("widgets/b");
  const auto absent = Submit("widgets/c");

  Drain();

  EXPECT_EQ(Read(a), "widgets/a");
  EXPECT_EQ(Read(b), "widgets/b");
  EXPECT_EQ(Read(absent), "none");
  using Loads = std::vector<std::vector<std::string>>;
  EXPECT_EQ(store_.loads, Loads({{"widgets/a", "widgets/b", "widgets/c"}}));
  ASSERT_EQ(batches_.size(), 2U);
  EXPECT_EQ(batches_[0].stage, RecordReads::Stage::kCache);
  EXPECT_EQ(batches_[1].stage, RecordReads::Stage::kStore);
  EXPECT_EQ(batches_[1].reads, 3U);
}

TEST_F(RecordReadsTest, RecordAndAbsenceAreKnownAfterTheFirstRead) {
  Create("widgets/a");
  Submit("widgets/a");
  Submit("widgets/b");
  Drain();

  const auto again = Submit("widgets/a");
  const auto absent_again = Submit("widgets/b");
  Drain();

  EXPECT_EQ(Read(again), "widgets/a");
  EXPECT_EQ(Read(absent_again), "none");
  EXPECT_EQ(store_.loads.size(), 1U);
}

TEST_F(RecordReadsTest, WhoeverAsksTheStoreGetsWhatIsStoredAndLeavesTheCacheAlone) {
  const auto before = Submit("widgets/a");
  Drain();
  Create("widgets/a");

  const auto stored = Submit("widgets/a", kLater, 1, RecordReads::From::kStore);
  const auto cached = Submit("widgets/a");
  Drain();

  EXPECT_EQ(Read(before), "none");
  EXPECT_EQ(Read(stored), "widgets/a");
  // Nobody told the cache of this write.
  EXPECT_EQ(Read(cached), "none");
}

TEST_F(RecordReadsTest, HotRecordThatIsMissedIsReadOnce) {
  Create("widgets/a");
  for (int i = 0; i < 8; ++i) Submit("widgets/a");

  Drain();

  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(Read(i), "widgets/a");
  using Loads = std::vector<std::vector<std::string>>;
  EXPECT_EQ(store_.loads, Loads({{"widgets/a"}}));
}

TEST_F(RecordReadsTest, TenantsShareNoStatement) {
  Create("widgets/a", 1);
  Create("widgets/a", 2);
  Create("widgets/b", 2);
  const auto first = Submit("widgets/a", kLater, 1);
  const auto foreign = Submit("widgets/b", kLater, 1);
  const auto second = Submit("widgets/b", kLater, 2);

  Drain();

  EXPECT_EQ(Read(first), "widgets/a");
  EXPECT_EQ(Read(foreign), "none");
  EXPECT_EQ(Read(second), "widgets/b");
  EXPECT_EQ(store_.loads.size(), 2U);
}

TEST_F(RecordReadsTest, RecordThatCannotBeReadCostsItsNeighborsNothing) {
  for (const char* name : {"widgets/a", "widgets/b"}) Create(name);
  store_.unreadable = "widgets/b";
  const auto a = Submit("widgets/a");
  const auto b = Submit("widgets/b");

  Drain();

  EXPECT_EQ(Read(a), "widgets/a");
  EXPECT_EQ(results_[b]->status(), store_.failure);
}

TEST_F(RecordReadsTest, StoreThatIsGoneIsAskedOnceForAll) {
  store_.unreadable = "widgets/b";
  store_.failure = Unavailable("DATABASE_UNAVAILABLE", "gone");
  const auto a = Submit("widgets/a");
  const auto b = Submit("widgets/b");

  Drain();

  EXPECT_EQ(results_[a]->status(), store_.failure);
  EXPECT_EQ(results_[b]->status(), store_.failure);
  EXPECT_EQ(store_.loads.size(), 1U);
}

TEST_F(RecordReadsTest, LateReadIsNotMade) {
  Create("widgets/a");
  const auto late = Submit("widgets/a", kPast);
  const auto of_store = Submit("widgets/a", kPast, 1, RecordReads::From::kStore);

  Drain();

  EXPECT_TRUE(absl::IsDeadlineExceeded(results_[late]->status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(results_[of_store]->status()));
  EXPECT_TRUE(store_.loads.empty());
}

TEST_F(RecordReadsTest, WhoeverJoinedALoadThatWasTooLateReadsAgain) {
  Create("widgets/a");
  store_.unreadable = "widgets/a";
  store_.failure = DeadlineExceeded("too late");
  const auto first = Submit("widgets/a");
  const auto joined = Submit("widgets/a");

  Drain();

  // Each came back once, and was told then.
  EXPECT_EQ(results_[first]->status(), store_.failure);
  EXPECT_EQ(results_[joined]->status(), store_.failure);
  EXPECT_EQ(store_.loads.size(), 2U);
}

TEST_F(RecordReadsTest, WithoutTheCacheTheStoreAnswers) {
  Create("widgets/a");
  cache_.SetReach(MemoryCache::Reach::kUnreachable);
  const auto a = Submit("widgets/a");
  const auto again = Submit("widgets/a");

  Drain();

  EXPECT_EQ(Read(a), "widgets/a");
  EXPECT_EQ(Read(again), "widgets/a");
  EXPECT_EQ(store_.loads.size(), 1U);
}

TEST_F(RecordReadsTest, MoreThanMayWaitIsRefusedAtOnce) {
  for (int i = 0; i < 8; ++i) Submit("widgets/a");

  const auto refused = Submit("widgets/a");

  ASSERT_TRUE(results_[refused].has_value());
  EXPECT_EQ(ReasonOf(results_[refused]->status()), "READS_WAITING");
  Drain();
  const auto later = Submit("widgets/a");
  Drain();
  EXPECT_EQ(Read(later), "none");
}

TEST_F(RecordReadsTest, ThreadsAnswerEachReadOnce) {
  constexpr int kReads = 5'000;
  std::atomic<int> answered{0};
  {
    RecordReads reads(store_.inner, record_cache_, {.batch_max = 16, .waiting_max = kReads});
    reads.Start(3);
    for (int i = 0; i < kReads; ++i) {
      reads.Submit({{&declaration_, {TenantOf(1), "widgets/w" + std::to_string(i % 7)}}, kLater},
                   [&](const Result& result) {
                     if (result.ok()) ++answered;
                   });
    }
  }

  EXPECT_EQ(answered, kReads);
}

}  // namespace
}  // namespace lotura::resource
