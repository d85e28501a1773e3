// Runs under the thread sanitizer too: tsan
#include "libs/resource/combiner.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "libs/resource/changed_keys.h"
#include "libs/resource/testdata/bench.h"
#include "libs/resource/testdata/forwarding_store.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::Eventually;
using ::lotura::testing::StatusIs;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testdata::CallAs;
using testdata::v1::Widget;

// Notes the batches that it is given, and holds them up while a gate is set.
class NotingStore final : public testdata::ForwardingStore {
 public:
  std::vector<absl::StatusOr<Outcome>> Commit(std::span<const Unit> units,
                                              Deadline deadline) override {
    if (gate.valid()) gate.wait();
    std::string batch;
    for (const Unit& unit : units)
      batch += (batch.empty() ? "" : " ") + unit.changes.front().name.substr(8);
    {
      const std::lock_guard lock(mutex_);
      batches.push_back(batch);
    }
    return inner.Commit(units, deadline);
  }

  std::shared_future<void> gate;
  std::vector<std::string> batches;

 private:
  std::mutex mutex_;  // guards the batches while writers run
};

class CombinerTest : public ::testing::Test {
 protected:
  Unit Create(const std::string& id, const std::string& email = "", const Call& call = CallAs(1)) {
    auto widget = std::make_shared<Widget>();
    widget->set_name("widgets/" + id);
    widget->set_email(email);
    Unit unit{.call = std::make_shared<const Call>(call)};
    unit.changes.push_back({.declaration = &declaration_,
                            .kind = events::v1::KIND_CREATED,
                            .name = widget->name(),
                            .version = 1,
                            .after = widget,
                            .event_type = declaration_.EventType("created"),
                            .event_id = ids_.Next()});
    FindChangedKeys(unit.changes.back());
    return unit;
  }
  void Submit(Combiner& combiner, Unit unit) {
    combiner.Submit(std::move(unit), [this](const absl::StatusOr<Outcome>& outcome, const Unit&) {
      const std::lock_guard lock(mutex_);
      outcomes_.push_back(outcome.status());
    });
  }
  static Call Late() {
    Call call = CallAs(1);
    call.deadline = Deadline::After(milliseconds(0));
    return call;
  }

  testing::FakeIds ids_;
  const Catalog catalog_ = testdata::WidgetCatalog();
  const Declaration& declaration_ = *catalog_.types().front().declaration;
  NotingStore store_;
  std::mutex mutex_;  // guards the outcomes while writers run
  std::vector<absl::Status> outcomes_;
};

TEST_F(CombinerTest, WhatWaitsSharesABatch) {
  Combiner combiner(store_, {});
  for (const char* id : {"a", "b", "c"}) Submit(combiner, Create(id));

  EXPECT_TRUE(combiner.Step());

  EXPECT_EQ(store_.batches, std::vector<std::string>({"a b c"}));
  EXPECT_FALSE(combiner.Step());
}

TEST_F(CombinerTest, SameRecordAndSameMatchKeyWaitForTheNextBatchInTheirOrder) {
  Combiner combiner(store_, {});
  Submit(combiner, Create("a", "anna@example.org"));
  Submit(combiner, Create("a"));
  Submit(combiner, Create("b", "ANNA@example.org"));
  Submit(combiner, Create("a", "third@example.org"));
  Submit(combiner, Create("c"));

  while (combiner.Step()) {
  }

  EXPECT_EQ(store_.batches, std::vector<std::string>({"a c", "a b", "a"}));
}

TEST_F(CombinerTest, TenantsDoNotShareABatch) {
  Combiner combiner(store_, {});
  Submit(combiner, Create("a", "", CallAs(1)));
  Submit(combiner, Create("b", "", CallAs(2)));
  Submit(combiner, Create("c", "", CallAs(1)));

  while (combiner.Step()) {
  }

  EXPECT_EQ(store_.batches, std::vector<std::string>({"a c", "b"}));
}

TEST_F(CombinerTest, BatchHasAtMostItsNumberOfUnits) {
  Combiner combiner(store_, {.batch_max = 2});
  for (const char* id : {"a", "b", "c"}) Submit(combiner, Create(id));

  while (combiner.Step()) {
  }

  EXPECT_EQ(store_.batches, std::vector<std::string>({"a b", "c"}));
}

// Commits wait for a gate, so that a test sees how many run at the same time.
class BusyCombinerTest : public CombinerTest {
 protected:
  BusyCombinerTest() {
    store_.gate = open_.get_future().share();
    combiner_.Start(2);
    Submit(combiner_, Create("first"));
    EXPECT_TRUE(Eventually([&] { return combiner_.Waiting() == 0; }, seconds(5)));
  }
  bool AllBegin() {
    return Eventually([&] { return combiner_.Waiting() == 0; }, milliseconds(200));
  }

  std::promise<void> open_;
  Combiner combiner_{store_, {.batch_max = 3}};
};

TEST_F(BusyCombinerTest, WhatFitsIntoOneBatchWaitsForIt) {
  for (const char* id : {"a", "b"}) Submit(combiner_, Create(id));
  EXPECT_FALSE(AllBegin());

  open_.set_value();

  EXPECT_TRUE(AllBegin());
}

TEST_F(BusyCombinerTest, FullBatchBeginsBesideAnother) {
  for (const char* id : {"a", "b", "c"}) Submit(combiner_, Create(id));

  EXPECT_TRUE(AllBegin());
  open_.set_value();
}

TEST_F(BusyCombinerTest, AnotherTenantWaitsForNobody) {
  Submit(combiner_, Create("a", "", CallAs(2)));

  EXPECT_TRUE(AllBegin());
  open_.set_value();
}

TEST_F(CombinerTest, TooManyWaitingUnitsAreRefusedAtOnce) {
  Combiner combiner(store_, {.waiting_max = 1});
  Submit(combiner, Create("a"));

  Submit(combiner, Create("b"));

  ASSERT_EQ(outcomes_.size(), 1);
  EXPECT_THAT(outcomes_.front(), StatusIs(absl::StatusCode::kResourceExhausted, "WRITES_WAITING"));
}

TEST_F(CombinerTest, UnitWhoseDeadlineHasPassedIsNotWritten) {
  Combiner combiner(store_, {});
  Submit(combiner, Create("late", "", Late()));
  Submit(combiner, Create("a"));

  EXPECT_TRUE(combiner.Step());

  EXPECT_EQ(store_.batches, std::vector<std::string>({"a"}));
  EXPECT_THAT(outcomes_.front(),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
}

}  // namespace
}  // namespace lotura::resource
