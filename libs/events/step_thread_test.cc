// The thread that drives steps. tsan
#include "libs/events/step_thread.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "libs/testing/eventually.h"

namespace lotura::events {
namespace {

using ::lotura::testing::Eventually;
using ::std::chrono::milliseconds;
using ::std::chrono::seconds;

class StepThreadTest : public ::testing::Test {
 protected:
  observe::Metrics metrics_{"sales"};
  observe::Log log_{{.service = "sales", .level = observe::Level::kError}, metrics_};
};

TEST_F(StepThreadTest, ExceptionIsCountedAndTheNextStepFollows) {
  std::atomic<int> steps = 0;
  StepThread thread({.name = "test", .pause_after_exception = milliseconds(1)}, metrics_, log_,
                    [&]() -> std::chrono::microseconds {
                      if (++steps == 1) throw std::runtime_error("a bug");
                      return milliseconds(1);
                    });

  thread.Start();

  EXPECT_TRUE(Eventually([&] { return steps > 2; }, seconds(10)));
  EXPECT_NE(metrics_.Exposition().find(
                "lotura_step_exceptions_total{service=\"sales\",thread=\"test\"} 1"),
            std::string::npos);
}

TEST_F(StepThreadTest, ThreadsThatAreAskedToStopEndSideBySide) {
  std::atomic<bool> one_ended = false;
  std::atomic<bool> both_ended = false;
  StepThread one(
      {.name = "one"}, metrics_, log_, [] { return seconds(60); },
      [&] {
        one_ended = true;
        one_ended.notify_all();
        both_ended.wait(false);
      });
  StepThread two(
      {.name = "two"}, metrics_, log_, [] { return seconds(60); },
      [&] {
        one_ended.wait(false);
        both_ended = true;
        both_ended.notify_all();
      });
  one.Start();
  two.Start();

  one.RequestStop();
  two.RequestStop();
  one.Stop();
  two.Stop();

  EXPECT_TRUE(both_ended);
}

}  // namespace
}  // namespace lotura::events
