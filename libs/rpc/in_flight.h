// The calls that are not answered yet.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "libs/base/clock.h"
#include "libs/observe/metrics.h"

namespace lotura::rpc {

class Exchange;

// A list through the calls themselves, so that entering and leaving allocate nothing. Thread-safe.
class InFlight {
 public:
  explicit InFlight(observe::Gauge gauge) : gauge_(gauge) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  // How many there are with this one.
  std::size_t Add(Exchange& exchange);
  void Remove(Exchange& exchange);

  // Those whose deadline is not after `now`.
  [[nodiscard]] std::vector<std::shared_ptr<Exchange>> Due(Deadline::Point now) const;
  [[nodiscard]] std::vector<std::shared_ptr<Exchange>> All() const {
    return Due(Deadline::Point::max());
  }
  [[nodiscard]] std::size_t size() const;
  // Whether there were none before the deadline.
  bool AwaitNone(Deadline deadline);

 private:
  const observe::Gauge gauge_;
  mutable std::mutex mutex_;  // guards the members below and the links of the calls
  std::condition_variable none_;
  Exchange* first_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lotura::rpc
