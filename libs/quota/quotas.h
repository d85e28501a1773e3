// Who may still call: the answer to the door, from memory wherever that is possible.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "libs/observe/metrics.h"
#include "libs/quota/fair_queue.h"
#include "libs/quota/limits.h"
#include "libs/quota/meters.h"
#include "libs/quota/shared_buckets.h"
#include "libs/rpc/quotas.h"

namespace lotura::quota {

struct QuotasOptions {
  MetersOptions meters = {};
  // Calls that may wait for the shared buckets; beyond it RESOURCE_EXHAUSTED (QUEUE_FULL).
  std::size_t waiting_max = 8'192;
  // Accounts that may wait to be refilled ahead of need. Further ones are not: what is used up is
  // asked for when it is needed.
  std::size_t refills_max = 8'192;
  // Calls and refills of one look at the shared buckets: a few milliseconds of Redis.
  std::size_t at_once = 256;
  std::function<Deadline::Point()> now = [] { return std::chrono::steady_clock::now(); };
};

// Takes tokens from the shared buckets ahead of need and gives them out call by call. A call for
// which there are none here waits while a thread asks for them, together with all that wait; what
// is known to be empty is refused at once. While the shared buckets cannot be reached those of this
// process take over, each with the full rate. Thread-safe. Metrics: lotura_quota_checks_total,
// _refused_total, _waits_total, _local.
class Quotas final : public rpc::Quotas {
 public:
  // `shared` outlives it.
  Quotas(QuotasOptions options, Limits limits, SharedBuckets& shared,
         const observe::Metrics& metrics);
  // Refuses who still waits.
  ~Quotas() override;
  Quotas(const Quotas&) = delete;
  Quotas& operator=(const Quotas&) = delete;

  std::optional<absl::Status> Try(const Principal& caller) override;
  void Ask(const Principal& caller, Done done) override;

  // From now on.
  void Use(Limits limits) { meters_.Use(std::move(limits), options_.now()); }

  void Start();
  // One look at the shared buckets for those who wait. What the thread does, and a test instead of
  // it.
  void Step();

 private:
  struct SourceCounters {
    observe::Counter admitted;
    observe::Counter refused;
  };
  static SourceCounters CountersOf(const observe::Metrics& metrics, Source source);

  void Refill(const Account& account);
  void Admitted(Source source) const;
  void Refused(Source source, Subject subject) const;
  std::vector<Item> TakeWaiting();
  void Run(const std::stop_token& stop);

  const QuotasOptions options_;
  SharedBuckets& shared_;
  Meters meters_;
  const std::array<SourceCounters, 2> checks_;
  const std::array<observe::Counter, 2> refused_;
  const observe::Counter waits_;
  const observe::Gauge local_;

  std::mutex mutex_;  // guards waiting_
  std::condition_variable_any wake_;
  FairQueue waiting_;
  std::jthread thread_;
};

}  // namespace lotura::quota
