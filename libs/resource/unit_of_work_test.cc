// Runs under the thread sanitizer too: tsan
#include "libs/resource/unit_of_work.h"

#include <gtest/gtest.h>

#include "libs/base/errors.h"
#include "libs/cache/memory_cache.h"
#include "libs/resource/cached_store.h"
#include "libs/resource/testdata/bench.h"
#include "libs/testing/run_call.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using testdata::CallAs;
using testdata::v1::UpdateWidgetRequest;
using testdata::v1::Widget;

class NoForeignRecords final : public ForeignRecords {
 public:
  absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId&,
                                                       std::span<const std::string>,
                                                       Deadline) const override {
    return std::vector<std::string>();
  }
};

// One store; a process that has died wrote to it without telling the cache of the one that lives.
class CrashTest : public ::testing::Test {
 protected:
  CrashTest() {
    dead_combiner_.Start(1);
    live_combiner_.Start(1);
    EXPECT_THAT(testing::RunWrite<Widget>(dead_, call_, request_,
                                          [](Changes& changes) {
                                            Widget widget;
                                            widget.set_display_name("first");
                                            return changes.Create(widget, "", "w1");
                                          }),
                IsOk());
    EXPECT_EQ(Read().display_name(), "first");
    request_.set_request_id("11111111-1111-4111-8111-111111111111");
  }

  Widget Read() {
    const std::string names[] = {"widgets/w1"};
    const auto read = cached_.Load(*catalog_.types().front().declaration, call_.principal.tenant,
                                   names, call_.deadline);
    return static_cast<const Widget&>(*read->front()->message);
  }
  static absl::StatusOr<Widget> Rename(Changes& changes, const std::string& name,
                                       const std::string& etag = "") {
    LOTURA_ASSIGN_OR_RETURN(Widget widget, changes.Load<Widget>("widgets/w1", etag));
    widget.set_display_name(name);
    return changes.Save(widget);
  }

  testing::FakeClock clock_;
  testing::FakeIds ids_;
  const Catalog catalog_ = testdata::WidgetCatalog();
  const NoForeignRecords foreign_;
  const Call call_ = CallAs(1);
  UpdateWidgetRequest request_;
  cache::Counts counts_;
  cache::MemoryCache cache_{{}, clock_, counts_};
  MemoryStore store_;
  RecordCache record_cache_{cache_, catalog_.Declarations()};
  CachedStore cached_{store_, record_cache_};
  Combiner dead_combiner_{store_, {}};
  Combiner live_combiner_{cached_, {}};
  UnitOfWork dead_{{catalog_, store_, foreign_, ids_}, dead_combiner_};
  UnitOfWork live_{{catalog_, cached_, foreign_, ids_}, live_combiner_};
};

TEST_F(CrashTest, CurrentEtagIsNotRefusedForAnOldCopy) {
  ASSERT_OK_AND_ASSIGN(const Widget second,
                       testing::RunWrite<Widget>(dead_, call_, request_, [](Changes& changes) {
                         return Rename(changes, "second");
                       }));
  ASSERT_EQ(Read().display_name(), "first") << "nothing is stale, so that this test shows nothing";
  request_.clear_request_id();

  const auto third = testing::RunWrite<Widget>(live_, call_, request_, [&](Changes& changes) {
    return Rename(changes, "third", second.etag());
  });

  ASSERT_THAT(third, IsOk());
  EXPECT_EQ(Read().display_name(), "third");
}

TEST_F(CrashTest, OldEtagIsRefused) {
  const std::string etag = Read().etag();
  ASSERT_THAT(testing::RunWrite<Widget>(dead_, call_, request_,
                                        [](Changes& changes) { return Rename(changes, "second"); }),
              IsOk());
  request_.clear_request_id();

  const auto third = testing::RunWrite<Widget>(
      live_, call_, request_, [&](Changes& changes) { return Rename(changes, "third", etag); });

  EXPECT_THAT(third, StatusIs(absl::StatusCode::kAborted, "STALE_ETAG"));
  EXPECT_EQ(Read().display_name(), "second");
}

TEST_F(CrashTest, RepetitionOfWhatIsDoneEndsOldCopies) {
  const auto rename_once = [](Changes& changes) { return Rename(changes, "second"); };
  ASSERT_OK_AND_ASSIGN(const Widget first,
                       testing::RunWrite<Widget>(dead_, call_, request_, rename_once));
  ASSERT_EQ(Read().display_name(), "first") << "nothing is stale, so that this test shows nothing";

  const auto again = testing::RunWrite<Widget>(
      live_, call_, request_, [](Changes& changes) -> absl::StatusOr<Widget> {
        LOTURA_ASSIGN_OR_RETURN(const Widget widget, changes.Load<Widget>("widgets/w1"));
        return FailedPrecondition("RENAMED", "something else stands in the way by now");
      });

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->etag(), first.etag());
  EXPECT_EQ(Read().display_name(), "second");
}

TEST_F(CrashTest, RepetitionThatFindsAllDoneEndsOldCopies) {
  ASSERT_OK_AND_ASSIGN(const Widget first,
                       testing::RunWrite<Widget>(dead_, call_, request_, [](Changes& changes) {
                         return Rename(changes, "second");
                       }));
  ASSERT_EQ(Read().display_name(), "first") << "nothing is stale, so that this test shows nothing";

  // What it reads comes from the store, and so there is nothing left for it to change.
  cache_.SetReach(cache::MemoryCache::Reach::kUnreachable);
  const auto again = testing::RunWrite<Widget>(
      live_, call_, request_, [&](Changes& changes) -> absl::StatusOr<Widget> {
        LOTURA_ASSIGN_OR_RETURN(Widget widget, Rename(changes, "second"));
        cache_.SetReach(cache::MemoryCache::Reach::kReachable);
        return widget;
      });

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->etag(), first.etag());
  EXPECT_EQ(Read().display_name(), "second");
}

// A unit that copies the name of another record, which is renamed after it was read.
class RelianceTest : public CrashTest {
 protected:
  absl::StatusOr<Widget> CopyName() {
    request_.clear_request_id();
    return testing::RunWrite<Widget>(
        dead_, call_, request_, [&](Changes& changes) -> absl::StatusOr<Widget> {
          LOTURA_ASSIGN_OR_RETURN(const Record read, changes.ReadFollowing<Widget>("widgets/w1"));
          if (++runs_ <= renames_) RenameMeanwhile();
          LOTURA_RETURN_IF_ERROR(changes.RelyOn(read));
          Widget copy;
          copy.set_display_name(static_cast<const Widget&>(*read.message).display_name());
          return changes.Create(copy, "", "w2");
        });
  }

  void RenameMeanwhile() {
    const std::string name = fmt::format("name {}", runs_);
    EXPECT_THAT(
        testing::RunWrite<Widget>(other_, call_, request_,
                                  [&](Changes& changes) { return Rename(changes, name.c_str()); }),
        IsOk());
  }

  Combiner other_combiner_{store_, {}};
  UnitOfWork other_{{catalog_, store_, foreign_, ids_}, other_combiner_};
  int runs_ = 0;
  int renames_ = 1;
};

TEST_F(RelianceTest, WhatIsReliedOnIsNotNamedToWhomItStandsInTheWayOf) {
  other_combiner_.Start(1);
  renames_ = 1000;

  const auto copy = CopyName();

  EXPECT_THAT(copy, StatusIs(absl::StatusCode::kAborted, "CONFLICT"));
  EXPECT_TRUE(InfoOf(copy.status()).metadata.empty());
}

TEST_F(RelianceTest, WhatIsReliedOnIsStillSoWhenTheUnitIsCommitted) {
  other_combiner_.Start(1);

  ASSERT_OK_AND_ASSIGN(const Widget copy, CopyName());

  EXPECT_EQ(copy.display_name(), "name 1");
  EXPECT_EQ(runs_, 2);
  const std::string names[] = {"widgets/w1"};
  const auto stored = store_.Load(*catalog_.types().front().declaration, call_.principal.tenant,
                                  names, call_.deadline);
  EXPECT_EQ(stored->front()->version, 3) << "renamed, and relied on";
}

TEST_F(CrashTest, WhoWaitsInVainWaitsNoLongerThanHisCall) {
  const auto held = std::make_shared<int>(1);
  {
    Combiner late{store_, {}};
    UnitOfWork work{{catalog_, store_, foreign_, ids_}, late};
    Call call = call_;
    call.deadline = Deadline::After(std::chrono::milliseconds(50));
    const auto body = [held](Changes& changes) -> absl::StatusOr<UnitOfWork::MessagePtr> {
      Widget widget;
      widget.set_display_name("late");
      LOTURA_ASSIGN_OR_RETURN(widget, changes.Create(widget, "", "w2"));
      return std::make_shared<const Widget>(widget);
    };

    EXPECT_THAT(work.RunHere(call, Widget::default_instance(), body).status(),
                StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
    // Whoever answers later finds nobody.
    late.Start(1);
  }
  EXPECT_EQ(held.use_count(), 1) << "the write is kept for ever";
}

}  // namespace
}  // namespace lotura::resource
