// How many calls are accepted at a time.
#pragma once

#include <absl/status/status.h>

#include <array>
#include <mutex>
#include <string>

#include "libs/observe/metrics.h"
#include "libs/rpc/overload.h"
#include "libs/rpc/priority.h"

namespace lotura::rpc {

struct AdmissionOptions {
  // Label of its metrics: what kind of calls these are.
  std::string kind;
  // Calls that make the server work as fast as it can: so many are accepted in any overload.
  std::size_t places_min = 64;
  // And never more.
  std::size_t places_max = 4096;
};

// The one limit for all queues that a call waits in, since it counts from when the call came to
// when it is answered. Without overload there are as many places as calls are answered in half a
// second, so that nobody waits longer, and at least room for a burst; when all of them are taken it
// is overload. Under overload there are as many as are answered in twice the time that a call
// usually takes: what is accepted is answered about as fast as ever. Calls of low priority get
// places as long as half of all are free, so that they are refused first and fill what others
// leave. Thread-safe. Metrics: lotura_admission_places, _overloaded, _accepted_total,
// _refused_total.
class Admission {
 public:
  using Point = Deadline::Point;
  // An answer that nobody waits for any more is not one.
  enum class Ended { kDone, kInVain };

  Admission(const AdmissionOptions& options, const observe::Metrics& metrics, Point now);

  // Takes a place. RESOURCE_EXHAUSTED (OVERLOADED, with RetryInfo) if there is none.
  absl::Status Enter(Priority priority, Point now);
  // Gives it back: of a call that came at `since`.
  void Leave(Ended ended, Point since, Point now);
  // Notices that an overload has ended when nobody comes any more.
  void Look(Point now);
  [[nodiscard]] std::size_t accepted() const;

 private:
  // Of one class; kept, so that a refusal makes nothing new.
  struct Class {
    absl::Status refusal;
    observe::Counter accepted;
    observe::Counter refused;
  };
  static std::array<Class, kPriorities.size()> ClassesOf(const std::string& kind,
                                                         const observe::Metrics& metrics);
  // With the lock.
  [[nodiscard]] std::size_t Places() const;

  const AdmissionOptions options_;
  const std::array<Class, kPriorities.size()> classes_;
  const observe::Gauge places_;
  const observe::Gauge overloaded_;
  mutable std::mutex mutex_;  // guards the members below
  Overload overload_;
  std::size_t accepted_ = 0;
};

}  // namespace lotura::rpc
