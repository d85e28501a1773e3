#include "libs/rpc/overload.h"

#include <algorithm>

namespace lotura::rpc {
namespace {

// More than a burst or the jitter of a span.
constexpr double kClearly = 1.05;
constexpr double kSlack = 16;
// A queue at the edge of overload is not what is usual.
constexpr int kSlowerWeight = 64;
constexpr int kQuickerWeight = 8;

}  // namespace

double Overload::DonePerSecond() const { return std::ranges::max(done_per_second_); }

void Overload::EndSpan(Point now) {
  const auto lasted = now - since_;
  done_per_second_[next_++ % done_per_second_.size()] =
      static_cast<double>(done_) / std::chrono::duration<double>(lasted).count();
  // When nobody comes or goes for long, nothing grows.
  if (lasted<kToEnd * kSpan&& static_cast<double>(came_)> static_cast<double>(done_) * kClearly +
      kSlack) {
    Grew(now);
  } else {
    Stayed(lasted, now);
  }
  came_ = 0;
  done_ = 0;
  took_ = {};
  since_ = now;
}

void Overload::Grew(Point now) {
  steady_ = 0;
  ++growing_;
  const bool is_recent = ended_.has_value() && now - *ended_ < kRecently;
  if (growing_ >= (is_recent ? kToBeginAgain : kToBegin)) is_on_ = true;
}

void Overload::Stayed(Point::duration lasted, Point now) {
  growing_ = 0;
  // One in which nobody came for long stands for several.
  const auto spans = std::min<std::int64_t>(lasted / kSpan, kToEnd);
  steady_ = std::min(steady_ + static_cast<int>(spans), kToEnd);
  if (is_on_ && steady_ >= kToEnd) {
    is_on_ = false;
    ended_ = now;
  }
  if (!is_on_ && done_ > 0) LearnUsual();
}

void Overload::LearnUsual() {
  const auto mean = took_ / static_cast<std::int64_t>(done_);
  if (usual_ == Point::duration()) usual_ = mean;
  const auto change = std::min(mean, 2 * usual_) - usual_;
  usual_ += change / (mean > usual_ ? kSlowerWeight : kQuickerWeight);
}

}  // namespace lotura::rpc
