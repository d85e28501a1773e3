#include "libs/audit/read_log.h"

#include <algorithm>
#include <utility>

#include "libs/base/errors.h"

namespace lotura::audit {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

ReadMetrics::ReadMetrics(const observe::Metrics& metrics)
    : ReadMetrics(metrics,
                  metrics.AddCounters({.name = "lotura_audit_reads_total",
                                       .help = "Answers that were noted in the log of reads",
                                       .labels = {"durable"}})) {}

ReadMetrics::ReadMetrics(const observe::Metrics& metrics, const observe::CounterFamily& reads)
    : noted_durably(reads.With({"yes"})),
      noted(reads.With({"no"})),
      batches(metrics.AddCounter(
          {.name = "lotura_audit_read_batches_total", .help = "Commits of the log of reads"})),
      waiting(metrics.AddGauge({.name = "lotura_audit_reads_waiting",
                                .help = "Reads that are not in the database yet"})),
      failures(metrics.AddCounters({.name = "lotura_audit_read_failures_total",
                                    .help = "Commits of the log of reads that failed",
                                    .labels = {"reason"}})),
      withheld(metrics.AddCounter({.name = "lotura_audit_reads_withheld_total",
                                   .help = "Answers that were kept back since they could not be "
                                           "noted in the log of reads"})),
      lost(metrics.AddCounter({.name = "lotura_audit_reads_lost_total",
                               .help = "Reads that were given up at the end of the process"})) {}

ReadLog::ReadLog(ReadLogOptions options, Store store, IdSource& ids,
                 const observe::Metrics& metrics, const observe::Log& log)
    : options_(options), store_(std::move(store)), ids_(ids), metrics_(metrics), log_(log) {}

bool ReadLog::Note(Read read, Waits waits, Leave leave) {
  bool must_wait = waits == Waits::kYes;
  const auto now = SteadyClock::now();
  {
    const std::lock_guard lock(mutex_);
    must_wait =
        must_wait || waiting_.size() + unstored_reads_ >= options_.waiting_max || IsLate(now);
    if (!must_wait) leave = nullptr;
    if (!oldest_.has_value()) oldest_ = now;
    waiting_.push_back({.read = std::move(read), .since = now, .leave = std::move(leave)});
    if (must_wait) ++answers_;
    // Whoever commits looks again afterwards; otherwise somebody sleeps until there is something,
    // until it is due, or until a batch is full.
    const bool is_awaited = waiting_.size() == 1 || (must_wait && answers_ == 1) ||
                            waiting_.size() == options_.batch_reads;
    if (is_committing_ || !is_awaited) return !must_wait;
  }
  changed_.notify_one();
  return !must_wait;
}

void ReadLog::Start() {
  for (std::size_t i = 0; i < options_.threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { Drive(stop); });
}

void ReadLog::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  WriteRest();
}

bool ReadLog::IsDue(SteadyClock::time_point now) const {
  if (!HasWork() || is_committing_) return false;
  return !unstored_.empty() || answers_ > 0 || waiting_.size() >= options_.batch_reads ||
         now - waiting_.front().since >= options_.delay;
}

void ReadLog::Drive(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (IsDue(SteadyClock::now())) {
      WriteBatch(lock, stop);
    } else if (!HasWork() || is_committing_) {
      changed_.wait(lock, stop, [this] { return HasWork() && !is_committing_; });
    } else {
      changed_.wait_until(lock, stop, waiting_.front().since + options_.delay,
                          [this] { return IsDue(SteadyClock::now()); });
    }
  }
}

void ReadLog::WriteBatch(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  Batch batch = Take();
  is_committing_ = true;
  lock.unlock();
  const absl::Status written = Write(batch);
  if (!written.ok()) Answer(batch, written);
  lock.lock();
  if (!written.ok()) {
    Keep(std::move(batch));
    changed_.wait_for(lock, stop, options_.retry, [] { return false; });
  }
  Forget();
  is_committing_ = false;
  if (HasWork()) changed_.notify_one();
  if (!written.ok()) return;
  lock.unlock();
  Answer(batch, written);
  lock.lock();
}

ReadLog::Batch ReadLog::Take() {
  Batch batch;
  if (!unstored_.empty()) {
    batch.again = std::move(unstored_.front());
    unstored_.pop_front();
    unstored_reads_ -= batch.again.reads;
  }
  std::size_t reads = 0;
  std::size_t sights = 0;
  for (; reads < std::min(waiting_.size(), options_.batch_reads) && sights < options_.batch_sights;
       ++reads) {
    sights += waiting_[reads].read.sights.size();
    if (waiting_[reads].leave) --answers_;
  }
  if (reads == waiting_.size()) {
    batch.reads.swap(waiting_);
  } else {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(reads);
    batch.reads.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
  }
  ShowWaiting();
  return batch;
}

void ReadLog::Forget() {
  // What could not be written is older than what waits.
  if (!unstored_.empty()) return;
  oldest_.reset();
  if (!waiting_.empty()) oldest_ = waiting_.front().since;
}

void ReadLog::Keep(Batch batch) {
  // Whose answers were kept back saw nothing.
  Pages& seen = batch.seen;
  unstored_reads_ += batch.again.reads + seen.reads;
  if (!batch.again.pages.empty()) unstored_.push_front(std::move(batch.again));
  const bool has_room = !unstored_.empty() &&
                        unstored_.back().reads + seen.reads <= options_.batch_reads &&
                        unstored_.back().sights + seen.sights <= options_.batch_sights;
  if (has_room) {
    Pages& last = unstored_.back();
    last.pages.insert(last.pages.end(), std::make_move_iterator(seen.pages.begin()),
                      std::make_move_iterator(seen.pages.end()));
    last.reads += seen.reads;
    last.sights += seen.sights;
  } else if (!seen.pages.empty()) {
    unstored_.push_back(std::move(seen));
  }
  ShowWaiting();
}

void ReadLog::ShowWaiting() const {
  metrics_.waiting.Set(static_cast<double>(waiting_.size() + unstored_reads_));
}

absl::Status ReadLog::Write(Batch& batch) {
  // In pages of their own: what an answer waits for is not written again.
  std::vector<Read> seen;
  std::vector<Read> awaited;
  for (Waiting& one : batch.reads) {
    if (!one.leave) batch.seen.sights += one.read.sights.size();
    (one.leave ? awaited : seen).push_back(std::move(one.read));
  }
  batch.seen.reads = seen.size();
  batch.seen.pages = PagesOf(seen, ids_);
  std::vector<StoredPage> pages = PagesOf(awaited, ids_);
  for (const Pages* unawaited : {&batch.again, &batch.seen})
    pages.insert(pages.end(), unawaited->pages.begin(), unawaited->pages.end());
  absl::Status written = store_(pages, Deadline::After(options_.statement));
  if (written.ok()) {
    metrics_.batches.Add();
    is_failing_ = false;
    return written;
  }
  const std::string reason = ReasonOf(written);
  metrics_.failures.With({reason}).Add();
  // A cause that lasts is told once.
  if (!is_failing_.exchange(true))
    log_.Warning("reads could not be noted", {observe::Fields::kReason(reason)});
  return written;
}

void ReadLog::Answer(Batch& batch, const absl::Status& written) {
  const auto answers = static_cast<double>(
      std::ranges::count_if(batch.reads, [](const Waiting& one) { return one.leave != nullptr; }));
  if (written.ok()) {
    metrics_.noted_durably.Add(answers);
    metrics_.noted.Add(static_cast<double>(batch.again.reads + batch.seen.reads));
  } else {
    metrics_.withheld.Add(answers);
  }
  const absl::Status answer =
      written.ok() ? absl::OkStatus()
                   : Unavailable("READ_NOT_NOTED", "who reads this could not be noted");
  for (Waiting& one : batch.reads) {
    if (one.leave) one.leave(answer);
  }
}

void ReadLog::WriteRest() {
  std::unique_lock lock(mutex_);
  while (HasWork()) {
    Batch batch = Take();
    lock.unlock();
    const absl::Status written = Write(batch);
    if (!written.ok()) {
      const std::size_t lost = batch.again.reads + batch.seen.reads;
      metrics_.lost.Add(static_cast<double>(lost));
      log_.Error("reads were lost", {observe::Fields::kCount(static_cast<std::int64_t>(lost))});
    }
    Answer(batch, written);
    lock.lock();
  }
}

}  // namespace lotura::audit
