// Which days of the journal may still get entries that a reader has not seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/clock.h"

namespace lotura::events {

using Day = std::chrono::sys_days;

// An entry lies in the partition of the day that its time names, and its time is when its
// transaction began. So a transaction that began before midnight may put an entry into the old day
// long after others have written to the new one, with a higher transaction number than theirs. A
// day is left for good in three stages, each of which waits for the one before:
//
//   1. The day ended `late` ago. Which transactions are running now?
//   2. All of these have ended: no transaction is left that began within the day. What is the next
//      transaction number? Every entry of the day has a lower one.
//   3. The horizon has passed that number and the reader has read all of the day.
//
// Pure bookkeeping: whoever owns it asks the database. Used by one thread.
class DayWindow {
 public:
  using Transactions = std::set<std::string>;

  // `late` covers the difference between the clocks of this process and of the database.
  explicit DayWindow(std::chrono::microseconds late) : late_(late) {}

  // The days that have a partition, in order.
  void SetExisting(std::vector<Day> days) { existing_ = std::move(days); }
  // All days are to be read again.
  void Reopen();

  // The days to read, in order. The newest is today's, and tomorrow's shortly before it begins.
  [[nodiscard]] std::vector<Day> Open(Instant now) const;
  // The open days that ended long enough ago.
  [[nodiscard]] std::vector<Day> Ended(Instant now) const;

  // Stages 1 and 2: tells which transactions are running. Nothing to tell while no day has ended.
  void ObserveRunning(Instant now, const Transactions& running, std::uint64_t next);
  // The number that the horizon must pass before the ended days may be left; nothing before
  // stage 3.
  [[nodiscard]] std::optional<std::uint64_t> fence() const { return fence_; }
  // Stage 3: the reader has read all of the day.
  void Leave(Day day);

 private:
  const std::chrono::microseconds late_;
  std::vector<Day> existing_;
  std::set<Day> left_;
  // The newest day that is being left, and who was running when that began.
  std::optional<Day> leaving_;
  Transactions running_;
  std::optional<std::uint64_t> fence_;
};

}  // namespace lotura::events
