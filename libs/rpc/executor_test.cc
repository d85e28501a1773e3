// Order, bounds, deadlines and the end of the executor. (tsan)
#include "libs/rpc/executor.h"

#include <gtest/gtest.h>

#include <future>

#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class FakeWork final : public Work {
 public:
  explicit FakeWork(std::function<void()> body, Deadline deadline = Deadline::After(1min),
                    Priority priority = Priority::kInteractive)
      : body_(std::move(body)), deadline_(deadline), priority_(priority) {}

  void Run() noexcept override {
    body_();
    ran.store(true);
  }
  void Drop(const absl::Status& why) noexcept override {
    const std::lock_guard lock(mutex_);
    dropped_ = why;
  }
  [[nodiscard]] Deadline deadline() const override { return deadline_; }
  [[nodiscard]] Priority priority() const override { return priority_; }
  absl::Status dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

  std::atomic<bool> ran = false;

 private:
  const std::function<void()> body_;
  const Deadline deadline_;
  const Priority priority_;
  mutable std::mutex mutex_;  // guards dropped_
  absl::Status dropped_;
};

class ExecutorTest : public ::testing::Test {
 protected:
  static std::shared_ptr<FakeWork> Nothing() {
    return std::make_shared<FakeWork>([] {});
  }

  observe::Metrics metrics_{"rpctest"};
};

TEST_F(ExecutorTest, WorkRunsInTheOrderOfItsArrival) {
  Executor executor({.threads = 1}, metrics_);
  std::vector<int> order;
  std::vector<std::shared_ptr<FakeWork>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_shared<FakeWork>([&order, i] { order.push_back(i); }));
    ASSERT_THAT(executor.Submit(all.back()), IsOk());
  }

  executor.Start();

  ASSERT_TRUE(Eventually([&] { return all.back()->ran.load(); }, 5s));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(ExecutorTest, AFullQueueRefusesAndSaysWhenToComeBack) {
  Executor executor({.threads = 1, .queue_max = 2}, metrics_);
  ASSERT_THAT(executor.Submit(Nothing()), IsOk());
  ASSERT_THAT(executor.Submit(Nothing()), IsOk());

  const absl::Status refused = executor.Submit(Nothing());

  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted, "QUEUE_FULL"));
  EXPECT_TRUE(refused.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
}

TEST_F(ExecutorTest, WorkWhoseDeadlinePassedInTheQueueIsDropped) {
  Executor executor({.threads = 1}, metrics_);
  const auto late = std::make_shared<FakeWork>([] {}, Deadline::After(0ms));
  const auto next = Nothing();
  ASSERT_THAT(executor.Submit(late), IsOk());
  ASSERT_THAT(executor.Submit(next), IsOk());

  executor.Start();

  ASSERT_TRUE(Eventually([&] { return next->ran.load(); }, 5s));
  EXPECT_FALSE(late->ran.load());
  EXPECT_THAT(late->dropped(), StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
}

TEST_F(ExecutorTest, StoppingDropsWhatWaitsAndLetsFinishWhatRuns) {
  Executor executor({.threads = 1}, metrics_);
  std::promise<void> started;
  std::promise<void> go_on;
  const auto running = std::make_shared<FakeWork>([&] {
    started.set_value();
    go_on.get_future().wait();
  });
  const auto waiting = Nothing();
  ASSERT_THAT(executor.Submit(running), IsOk());
  ASSERT_THAT(executor.Submit(waiting), IsOk());
  executor.Start();
  started.get_future().wait();

  std::jthread stopper([&] { executor.Stop(); });
  ASSERT_TRUE(Eventually([&] { return !waiting->dropped().ok(); }, 5s));
  go_on.set_value();
  stopper.join();

  EXPECT_TRUE(running->ran.load());
  EXPECT_FALSE(waiting->ran.load());
  EXPECT_THAT(executor.Submit(Nothing()), StatusIs(StatusCode::kUnavailable, "STOPPING"));
}

TEST_F(ExecutorTest, WhatIsInteractiveRunsBeforeWhatIsBulk) {
  Executor executor({.threads = 1, .queue_max = 4}, metrics_);
  std::vector<std::string> order;
  const auto submit = [&](const std::string& name, Priority priority) {
    const auto work = std::make_shared<FakeWork>([&order, name] { order.push_back(name); },
                                                 Deadline::After(1min), priority);
    EXPECT_THAT(executor.Submit(work), IsOk());
    return work;
  };
  submit("import 1", Priority::kBulk);
  const auto last = submit("import 2", Priority::kBulk);
  submit("click 1", Priority::kInteractive);
  submit("click 2", Priority::kInteractive);
  EXPECT_THAT(executor.Submit(Nothing()), StatusIs(StatusCode::kResourceExhausted, "QUEUE_FULL"));

  executor.Start();

  ASSERT_TRUE(Eventually([&] { return last->ran.load(); }, 5s));
  EXPECT_EQ(order, std::vector<std::string>({"click 1", "click 2", "import 1", "import 2"}));
}

TEST_F(ExecutorTest, WhatHasBegunGoesOnBeforeWhatHasNot) {
  Executor executor({.threads = 1, .queue_max = 1}, metrics_);
  std::vector<std::string> order;
  const auto fresh = std::make_shared<FakeWork>([&] { order.push_back("fresh"); });
  const auto late =
      std::make_shared<FakeWork>([&] { order.push_back("resumed"); }, Deadline::After(0ms));
  ASSERT_THAT(executor.Submit(fresh), IsOk());
  executor.Resume(late);

  executor.Start();

  ASSERT_TRUE(Eventually([&] { return fresh->ran.load(); }, 5s));
  EXPECT_EQ(order, std::vector<std::string>({"resumed", "fresh"}));
}

TEST_F(ExecutorTest, WhatHasBegunIsNeverDropped) {
  Executor executor({.threads = 1}, metrics_);
  const auto before = Nothing();
  executor.Resume(before);

  executor.Stop();
  const auto after = Nothing();
  executor.Resume(after);

  EXPECT_TRUE(before->ran.load());
  EXPECT_TRUE(after->ran.load());
}

TEST_F(ExecutorTest, ManyThreadsMaySubmit) {
  Executor executor({.threads = 3, .queue_max = 100'000}, metrics_);
  executor.Start();
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          EXPECT_THAT(executor.Submit(std::make_shared<FakeWork>([&] { ++done; })), IsOk());
        }
      });
    }
  }

  EXPECT_TRUE(Eventually([&] { return done == 2000; }, 10s));
}

}  // namespace
}  // namespace lotura::rpc
