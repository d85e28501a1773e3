#include "libs/base/overload.h"

namespace lotura {
namespace {

// More than a burst or the jitter of a span.
constexpr double kClearly = 1.1;
constexpr double kSlack = 16;

}  // namespace

bool Overload::Forbids(std::size_t waiting, std::size_t at_once, Point::duration patience) const {
  const double done_meanwhile = done_per_second_ * std::chrono::duration<double>(patience).count();
  return IsOn() && static_cast<double>(waiting) >= static_cast<double>(at_once) + done_meanwhile;
}

void Overload::EndSpan(Point now) {
  const double seconds = std::chrono::duration<double>(now - since_).count();
  done_per_second_ = static_cast<double>(done_) / seconds;
  const bool grows = static_cast<double>(came_) > static_cast<double>(done_) * kClearly + kSlack;
  spans_ = grows ? spans_ + 1 : 0;
  came_ = 0;
  done_ = 0;
  since_ = now;
}

}  // namespace lotura
