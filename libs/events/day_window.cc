#include "libs/events/day_window.h"

#include <algorithm>
#include <iterator>

namespace lotura::events {

void DayWindow::Reopen() {
  left_.clear();
  leaving_.reset();
  fence_.reset();
}

std::vector<Day> DayWindow::Open(Instant now) const {
  const Day newest = std::chrono::floor<std::chrono::days>(now + late_);
  std::vector<Day> open;
  for (const Day day : existing_) {
    if (day <= newest && !left_.contains(day)) open.push_back(day);
  }
  return open;
}

std::vector<Day> DayWindow::Ended(Instant now) const {
  std::vector<Day> ended = Open(now);
  std::erase_if(ended, [&](Day day) { return day + std::chrono::days(1) + late_ > now; });
  return ended;
}

void DayWindow::ObserveRunning(Instant now, const Transactions& running, std::uint64_t next) {
  const std::vector<Day> ended = Ended(now);
  if (ended.empty()) return;
  if (leaving_ != ended.back()) {
    // Another day ended: the stages begin anew, for all that are still open.
    leaving_ = ended.back();
    running_ = running;
    fence_.reset();
  }
  if (fence_.has_value()) return;
  Transactions left;
  std::ranges::set_intersection(running_, running, std::inserter(left, left.end()));
  running_ = std::move(left);
  if (running_.empty()) fence_ = next;
}

void DayWindow::Leave(Day day) {
  left_.insert(day);
  // What was dropped meanwhile need not be remembered.
  std::erase_if(left_,
                [&](Day old) { return std::ranges::find(existing_, old) == existing_.end(); });
}

}  // namespace lotura::events
