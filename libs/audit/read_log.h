// The log of reads of a service: reads that wait at the same time share a commit.
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "libs/audit/read_page.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"

namespace lotura::audit {

struct ReadMetrics {
  explicit ReadMetrics(const observe::Metrics& metrics);
  ReadMetrics(const observe::Metrics& metrics, const observe::CounterFamily& reads);

  // By whether the answer waited.
  observe::Counter noted_durably;
  observe::Counter noted;
  // Commits.
  observe::Counter batches;
  observe::Gauge waiting;
  // Attempts to write, by reason.
  observe::CounterFamily failures;
  // Answers that were kept back, since they could not be noted.
  observe::Counter withheld;
  // Given up at the end of the process.
  observe::Counter lost;
};

struct ReadLogOptions {
  // Reads for which no answer waits: of one more the answer waits until there is room.
  std::size_t waiting_max = 10'000;
  // What shares a commit: so many reads, or those of so many records; and as many of one that
  // failed.
  std::size_t batch_reads = 1'000;
  std::size_t batch_sights = 20'000;
  // Reads for which no answer waits are written so late.
  std::chrono::milliseconds delay{500};
  // When one of them is not on disk after so long each answer waits: a crash loses no more than was
  // shown within that time.
  std::chrono::milliseconds late{1'000};
  // Bound of a commit; after one that failed the next follows later.
  std::chrono::milliseconds statement{5'000};
  std::chrono::milliseconds retry{200};
  // One commits at a time, while others let the answers of the batch before leave.
  std::size_t threads = 2;
};

// Thread-safe.
class ReadLog {
 public:
  // Whether the answer leaves only when the read is on disk.
  enum class Waits { kNo, kYes };
  // OK if the answer may leave.
  using Leave = std::function<void(const absl::Status&)>;
  // Stores pages, all or none; the same page again changes nothing.
  using Store = std::function<absl::Status(std::span<const StoredPage>, Deadline)>;

  // What is given outlives it.
  ReadLog(ReadLogOptions options, Store store, IdSource& ids, const observe::Metrics& metrics,
          const observe::Log& log);
  // Writes what waits, or gives it up if it cannot.
  ~ReadLog() { Stop(); }
  ReadLog(const ReadLog&) = delete;
  ReadLog& operator=(const ReadLog&) = delete;

  // True if the answer may leave at once. Otherwise `leave` is called once by another thread, with
  // UNAVAILABLE READ_NOT_NOTED if the read could not be written.
  bool Note(Read read, Waits waits, Leave leave);

  void Start();
  // No read is noted any more.
  void Stop();

 private:
  struct Waiting {
    Read read;
    std::chrono::steady_clock::time_point since;
    // Nothing if no answer waits.
    Leave leave;
  };
  // Reads for which no answer waits, as they are stored.
  struct Pages {
    std::vector<StoredPage> pages;
    std::size_t reads = 0;
    std::size_t sights = 0;
  };
  // What shares a commit.
  struct Batch {
    std::vector<Waiting> reads;
    // Of one before that failed. It may be stored all the same: it is written again as it is.
    Pages again;
    // Of `reads`, those for which no answer waits; made when they are written.
    Pages seen;
  };

  void Drive(const std::stop_token& stop);
  // Has the lock when it is called and when it returns.
  void WriteBatch(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  // These with the lock.
  [[nodiscard]] bool HasWork() const { return !waiting_.empty() || !unstored_.empty(); }
  [[nodiscard]] bool IsDue(std::chrono::steady_clock::time_point now) const;
  Batch Take();
  [[nodiscard]] bool IsLate(std::chrono::steady_clock::time_point now) const {
    return oldest_.has_value() && now - *oldest_ >= options_.late;
  }
  // What nobody waits for of a batch that could not be written.
  void Keep(Batch batch);
  // A batch has been written, or kept: finds out since when something is not on disk.
  void Forget();
  void ShowWaiting() const;
  absl::Status Write(Batch& batch);
  // Lets those who wait have their answers, or a refusal.
  void Answer(Batch& batch, const absl::Status& written);
  // What is left at the end.
  void WriteRest();

  const ReadLogOptions options_;
  const Store store_;
  IdSource& ids_;
  const ReadMetrics metrics_;
  const observe::Log log_;
  std::mutex mutex_;  // guards what follows, but for the threads
  std::condition_variable_any changed_;
  std::vector<Waiting> waiting_;
  // Of those, the ones for which an answer waits.
  std::size_t answers_ = 0;
  // What could not be written: a batch each.
  std::deque<Pages> unstored_;
  std::size_t unstored_reads_ = 0;
  // Since when something is not on disk; nothing if all is.
  std::optional<std::chrono::steady_clock::time_point> oldest_;
  // So that whoever waits meanwhile shares the next one.
  bool is_committing_ = false;
  std::atomic<bool> is_failing_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::audit
