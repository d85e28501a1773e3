#include "libs/rpc/executor.h"

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/rpc/refusals.h"

namespace lotura::rpc {
namespace {

// When a full queue asks to come back: about the time in which a burst drains.
constexpr std::int64_t kRetryAfterMs = 100;

using observe::FamilySpec;

absl::Status Overloaded() {
  return ResourceExhausted("OVERLOADED", "more calls come than can be answered", kRetryAfterMs);
}

double Seconds(Deadline::Point::duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

Executor::Executor(const ExecutorOptions& options, const observe::Metrics& metrics)
    : options_(options),
      length_(metrics
                  .AddGauges({.name = "lotura_executor_queue_length",
                              .help = "Work that waits for a thread.",
                              .labels = {"executor"}})
                  .With({options.name})),
      busy_(metrics
                .AddGauges({.name = "lotura_executor_busy_threads",
                            .help = "Threads that run work.",
                            .labels = {"executor"}})
                .With({options.name})),
      wait_(metrics
                .AddHistograms({.name = "lotura_executor_wait_seconds",
                                .help = "Time in the queue.",
                                .labels = {"executor"}})
                .With({options.name})),
      rejected_(metrics
                    .AddCounters({.name = "lotura_executor_rejected_total",
                                  .help = "Work refused because the queue was full.",
                                  .labels = {"executor"}})
                    .With({options.name})),
      expired_(metrics
                   .AddCounters({.name = "lotura_executor_expired_total",
                                 .help = "Work dropped because its deadline passed in the queue.",
                                 .labels = {"executor"}})
                   .With({options.name})),
      overloaded_(metrics
                      .AddGauges({.name = "lotura_executor_overloaded",
                                  .help = "1 while more comes than is done.",
                                  .labels = {"executor"}})
                      .With({options.name})),
      overload_(std::chrono::steady_clock::now()) {
  LOTURA_CHECK(options.threads > 0 && options.queue_max > 0);
}

Executor::~Executor() { Stop(); }

void Executor::Start() {
  LOTURA_CHECK(threads_.empty());
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { RunThread(); });
  }
}

absl::Status Executor::Submit(std::shared_ptr<Work> work) {
  {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    LOTURA_RETURN_IF_ERROR(Admit(now));
    queue_.push_back({std::move(work), now});
    ShowLength();
  }
  wake_.notify_one();
  return absl::OkStatus();
}

absl::Status Executor::Admit(Deadline::Point now) {
  if (stopping_) return Stopping();
  overload_.Came(now);
  overloaded_.Set(overload_.IsOn() ? 1 : 0);
  if (queue_.size() >= options_.queue_max) {
    rejected_.Add();
    return ResourceExhausted("QUEUE_FULL", "too many calls are waiting", kRetryAfterMs);
  }
  if (overload_.Forbids(queue_.size(), options_.threads, options_.patience)) {
    rejected_.Add();
    return Overloaded();
  }
  return absl::OkStatus();
}

void Executor::Resume(std::shared_ptr<Work> work) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      resumed_.push_back({std::move(work), std::chrono::steady_clock::now(), /*has_begun=*/true});
      ShowLength();
      wake_.notify_one();
      return;
    }
  }
  work->Run();
}

void Executor::Stop() {
  std::deque<Entry> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
    ShowLength();
  }
  wake_.notify_all();
  for (const Entry& entry : dropped) entry.work->Drop(Stopping());
  threads_.clear();
  // What was resumed before there were threads.
  std::unique_lock lock(mutex_);
  for (Entry entry = Next(lock); entry.work != nullptr; entry = Next(lock)) {
    lock.unlock();
    Begin(entry);
    entry.work.reset();
    lock.lock();
  }
}

void Executor::ShowLength() { length_.Set(static_cast<double>(queue_.size() + resumed_.size())); }

Executor::Entry Executor::Next(std::unique_lock<std::mutex>& lock) {
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty() || !resumed_.empty(); });
  std::deque<Entry>& from = resumed_.empty() ? queue_ : resumed_;
  if (from.empty()) return {};
  Entry entry = std::move(from.front());
  from.pop_front();
  ShowLength();
  const auto now = std::chrono::steady_clock::now();
  if (!entry.has_begun) {
    entry.is_stale = overload_.IsOn() && now - entry.since > options_.patience;
    entry.is_late = entry.work->deadline().Passed();
  }
  return entry;
}

void Executor::RunThread() {
  std::unique_lock lock(mutex_);
  for (Entry entry = Next(lock); entry.work != nullptr; entry = Next(lock)) {
    lock.unlock();
    wait_.Observe(Seconds(std::chrono::steady_clock::now() - entry.since));
    Begin(entry);
    const bool is_done = WasDone(entry);
    entry.work.reset();
    lock.lock();
    if (is_done) overload_.Did(std::chrono::steady_clock::now());
  }
}

// What is refused or dropped is not done, however quickly it goes, and neither is what ends after
// its deadline. Were they counted, a queue in which everything waits for about as long as its
// deadline would be no overload, and stay.
bool Executor::WasDone(const Entry& entry) {
  return !entry.has_begun && !entry.is_stale && !entry.is_late && !entry.work->deadline().Passed();
}

void Executor::Begin(const Entry& entry) {
  if (entry.is_stale) {
    rejected_.Add();
    entry.work->Drop(Overloaded());
  } else if (entry.is_late) {
    expired_.Add();
    entry.work->Drop(DeadlineExceeded("the deadline passed while the call waited"));
  } else {
    Run(*entry.work);
  }
}

void Executor::Run(Work& work) {
  busy_.Add(1);
  work.Run();
  busy_.Add(-1);
}

}  // namespace lotura::rpc
