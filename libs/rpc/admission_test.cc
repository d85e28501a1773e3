// Places, classes and metrics of the admission, in a time that the test makes.
#include "libs/rpc/admission.h"

#include <gtest/gtest.h>

#include <deque>

#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using testing::IsOk;
using testing::StatusIs;

// A server that answers what it accepted in order, so many in each millisecond.
class AdmissionTest : public ::testing::Test {
 protected:
  struct Counts {
    int accepted = 0;
    int refused = 0;
    milliseconds longest{0};
    std::size_t most = 0;
  };

  void Come(Priority priority, Counts& counts) {
    if (admission_.Enter(priority, now_).ok()) {
      ++counts.accepted;
      waiting_.push_back({now_, &counts});
    } else {
      ++counts.refused;
    }
  }
  void Answer() {
    if (waiting_.empty()) return;
    const auto [since, counts] = waiting_.front();
    waiting_.pop_front();
    counts->longest =
        std::max(counts->longest, std::chrono::duration_cast<milliseconds>(now_ - since));
    admission_.Leave(Admission::Ended::kDone, since, now_);
  }
  // In each millisecond so many of either class come and so many are answered.
  void Pass(milliseconds time, int interactive, int bulk, int done) {
    interactive_ = {};
    bulk_ = {};
    for (milliseconds passed{0}; passed < time; passed += milliseconds(1)) {
      now_ += milliseconds(1);
      for (int i = 0; i < bulk; ++i) Come(Priority::kBulk, bulk_);
      for (int i = 0; i < interactive; ++i) Come(Priority::kInteractive, interactive_);
      interactive_.most = std::max(interactive_.most, admission_.accepted());
      for (int i = 0; i < done; ++i) Answer();
    }
    // What waits keeps its time and is counted no more.
    for (auto& waiter : waiting_) waiter.counts = &before_;
  }
  double Metric(const std::string& name, const std::string& labels) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + name + "{" + labels);
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", at) + 2));
  }

  struct Waiter {
    Admission::Point since;
    Counts* counts;
  };
  observe::Metrics metrics_{"rpctest"};
  Admission::Point now_{};
  Admission admission_{{.kind = "blocking", .places_min = 8}, metrics_, now_};
  Counts interactive_;
  Counts bulk_;
  Counts before_;
  std::deque<Waiter> waiting_;
};

TEST_F(AdmissionTest, ARefusalSaysWhenToComeBackAndBulkComesLater) {
  Pass(milliseconds(4'000), 5, 0, 1);
  EXPECT_THAT(admission_.Enter(Priority::kInteractive, now_), IsOk());

  const absl::Status interactive = admission_.Enter(Priority::kInteractive, now_);
  const absl::Status bulk = admission_.Enter(Priority::kBulk, now_);

  EXPECT_THAT(interactive, StatusIs(StatusCode::kResourceExhausted, "OVERLOADED"));
  EXPECT_THAT(bulk, StatusIs(StatusCode::kResourceExhausted, "OVERLOADED"));
  constexpr char kRetry[] = "type.googleapis.com/google.rpc.RetryInfo";
  ASSERT_TRUE(interactive.GetPayload(kRetry).has_value());
  ASSERT_TRUE(bulk.GetPayload(kRetry).has_value());
  EXPECT_NE(*interactive.GetPayload(kRetry), *bulk.GetPayload(kRetry));
}

TEST_F(AdmissionTest, BeforeAnOverloadIsNoticedNobodyWaitsLongerThanHalfASecond) {
  Pass(milliseconds(2'000), 2, 0, 2);

  Pass(milliseconds(1'500), 6, 0, 2);

  EXPECT_LE(interactive_.longest, milliseconds(530));
  EXPECT_EQ(Metric("lotura_admission_overloaded", R"(kind="blocking")"), 1);
}

TEST_F(AdmissionTest, UnderOverloadWhatIsAcceptedTakesAboutAsLongAsUsual) {
  for (int i = 0; i < 6; ++i) Come(Priority::kInteractive, before_);
  Pass(milliseconds(4'000), 2, 0, 2);
  ASSERT_EQ(interactive_.longest, milliseconds(3));

  Pass(milliseconds(5'000), 10, 0, 2);
  Pass(milliseconds(5'000), 10, 0, 2);

  EXPECT_EQ(interactive_.accepted, 10'000);
  EXPECT_LE(interactive_.longest, milliseconds(10));
}

TEST_F(AdmissionTest, UnderOverloadTheLeastPlacesStay) {
  Pass(milliseconds(4'000), 5, 0, 1);
  for (int i = 0; i < 3'000 && !waiting_.empty(); ++i) Answer();

  Pass(milliseconds(5'000), 5, 0, 1);

  EXPECT_EQ(interactive_.most, 8U);
  EXPECT_EQ(interactive_.accepted, 5'000 + 7);
}

TEST_F(AdmissionTest, BulkIsRefusedFirstAndFillsWhatIsLeft) {
  Pass(milliseconds(4'000), 1, 0, 2);
  Pass(milliseconds(5'000), 1, 9, 2);

  Pass(milliseconds(5'000), 1, 9, 2);

  EXPECT_EQ(interactive_.refused, 0);
  EXPECT_LE(interactive_.longest, milliseconds(8));
  EXPECT_NEAR(bulk_.accepted, 5'000, 50);
}

TEST_F(AdmissionTest, BulkGivesWayWhenOthersTakeAll) {
  Pass(milliseconds(4'000), 1, 0, 2);
  Pass(milliseconds(5'000), 4, 4, 2);

  Pass(milliseconds(5'000), 4, 4, 2);

  EXPECT_EQ(bulk_.accepted, 0);
  EXPECT_EQ(interactive_.accepted, 10'000);
}

TEST_F(AdmissionTest, CallersWhoWaitForTheirAnswersAreNoOverload) {
  for (int i = 0; i < 350; ++i) Come(Priority::kInteractive, before_);

  Pass(milliseconds(10'000), 1, 0, 1);

  EXPECT_EQ(before_.refused + interactive_.refused, 0);
}

TEST_F(AdmissionTest, AfterAnOverloadAllIsAsBeforeWithinTwoSeconds) {
  Pass(milliseconds(4'000), 1, 0, 2);
  Pass(milliseconds(10'000), 20, 0, 2);
  Pass(milliseconds(2'000), 1, 0, 2);

  for (int i = 0; i < 350; ++i) Come(Priority::kInteractive, interactive_);

  EXPECT_EQ(interactive_.refused, 0);
  EXPECT_EQ(Metric("lotura_admission_overloaded", R"(kind="blocking")"), 0);
}

TEST_F(AdmissionTest, WhatEndsInVainIsNotDone) {
  for (int i = 0; i < 4'000; ++i) {
    now_ += milliseconds(1);
    for (int call = 0; call < 2; ++call) {
      if (admission_.Enter(Priority::kInteractive, now_).ok())
        admission_.Leave(Admission::Ended::kInVain, now_, now_);
    }
  }

  EXPECT_EQ(Metric("lotura_admission_overloaded", R"(kind="blocking")"), 1);
  EXPECT_EQ(Metric("lotura_admission_places", R"(kind="blocking")"), 8);
}

TEST_F(AdmissionTest, BothClassesAreCounted) {
  EXPECT_THAT(admission_.Enter(Priority::kBulk, now_), IsOk());
  EXPECT_THAT(admission_.Enter(Priority::kInteractive, now_), IsOk());
  EXPECT_THAT(admission_.Enter(Priority::kInteractive, now_), IsOk());

  constexpr char kAccepted[] = "lotura_admission_accepted_total";
  EXPECT_EQ(Metric(kAccepted, R"(kind="blocking",priority="bulk")"), 1);
  EXPECT_EQ(Metric(kAccepted, R"(kind="blocking",priority="interactive")"), 2);
  EXPECT_EQ(Metric("lotura_admission_refused_total", R"(kind="blocking",priority="bulk")"), 0);
}

}  // namespace
}  // namespace lotura::rpc
