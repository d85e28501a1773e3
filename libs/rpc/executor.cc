#include "libs/rpc/executor.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/rpc/refusals.h"

namespace lotura::rpc {
namespace {

// When a full queue asks to come back: about the time in which a burst drains.
constexpr std::int64_t kRetryAfterMs = 100;

using observe::FamilySpec;

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
                   .With({options.name})) {
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
    auto& queue = queues_[static_cast<std::size_t>(work->priority())];
    const std::lock_guard lock(mutex_);
    LOTURA_RETURN_IF_ERROR(Admit());
    queue.push_back({std::move(work), now});
    ShowLength();
  }
  wake_.notify_one();
  return absl::OkStatus();
}

absl::Status Executor::Admit() {
  if (stopping_) return Stopping();
  if (Waiting() < options_.queue_max) return absl::OkStatus();
  rejected_.Add();
  return ResourceExhausted("QUEUE_FULL", "too many calls are waiting", kRetryAfterMs);
}

std::size_t Executor::Waiting() const {
  std::size_t waiting = 0;
  for (const auto& queue : queues_) waiting += queue.size();
  return waiting;
}

std::deque<Executor::Entry>& Executor::NextQueue() {
  if (!resumed_.empty()) return resumed_;
  const auto waiting =
      std::ranges::find_if(queues_, [](const auto& queue) { return !queue.empty(); });
  return waiting == queues_.end() ? queues_.front() : *waiting;
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
  decltype(queues_) dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queues_);
    ShowLength();
  }
  wake_.notify_all();
  for (const auto& queue : dropped) {
    for (const Entry& entry : queue) entry.work->Drop(Stopping());
  }
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

void Executor::ShowLength() { length_.Set(static_cast<double>(Waiting() + resumed_.size())); }

Executor::Entry Executor::Next(std::unique_lock<std::mutex>& lock) {
  wake_.wait(lock, [this] { return stopping_ || !NextQueue().empty(); });
  std::deque<Entry>& from = NextQueue();
  if (from.empty()) return {};
  Entry entry = std::move(from.front());
  from.pop_front();
  ShowLength();
  return entry;
}

void Executor::RunThread() {
  std::unique_lock lock(mutex_);
  for (Entry entry = Next(lock); entry.work != nullptr; entry = Next(lock)) {
    lock.unlock();
    wait_.Observe(Seconds(std::chrono::steady_clock::now() - entry.since));
    Begin(entry);
    entry.work.reset();
    lock.lock();
  }
}

void Executor::Begin(const Entry& entry) {
  if (!entry.has_begun && entry.work->deadline().Passed()) {
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
