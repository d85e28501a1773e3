// A queue whose threads take what waits in it at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lotura::resource {

// Items that wait at the same time are taken together; nobody waits for more to come. It has no
// bound of its own: whoever puts something in knows how much there is. Thread-safe.
template <typename Item>
class Gatherer {
 public:
  struct Options {
    std::size_t batch_max = 64;
    // For so long a batch that is not full waits for the one that began last, so that more can
    // share it; when that has ended it waits no longer. A full one begins beside others at once.
    std::chrono::milliseconds patience{0};
    // Whether an item may be taken together with the first of a batch; without it, any may.
    std::function<bool(const Item& first, const Item& item)> fits = {};
  };

  // `work` is called with one batch at a time by each thread.
  Gatherer(Options options, std::function<void(std::vector<Item>)> work)
      : options_(std::move(options)), work_(std::move(work)) {}
  // Works on what waits, then stops.
  ~Gatherer() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
    while (Step()) {
    }
  }
  Gatherer(const Gatherer&) = delete;
  Gatherer& operator=(const Gatherer&) = delete;

  void Put(Item item) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(item));
      if (is_watched_ && !IsWorthABatch()) return;
    }
    arrived_.notify_one();
  }

  // Works on one batch of what waits; false if nothing did.
  bool Step() {
    std::vector<Item> batch = Take();
    if (batch.empty()) return false;
    work_(std::move(batch));
    const std::lock_guard lock(mutex_);
    --running_;
    if (IsWorthABatch()) arrived_.notify_one();
    return true;
  }

  // Drives steps on this many threads of its own.
  void Start(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this](const std::stop_token& stop) { Drive(stop); });
  }

 private:
  using Clock = std::chrono::steady_clock;

  // How far behind its batch a thread looks for items that fit.
  static constexpr std::size_t kLookAhead = 4;

  std::vector<Item> Take() {
    std::vector<Item> batch;
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return batch;
    const std::size_t look_at = std::min(waiting_.size(), options_.batch_max * kLookAhead);
    std::deque<Item> left;
    std::size_t looked_at = 0;
    for (; looked_at < look_at && batch.size() < options_.batch_max; ++looked_at) {
      Item& item = waiting_[looked_at];
      const bool fits = batch.empty() || !options_.fits || options_.fits(batch.front(), item);
      if (fits) {
        batch.push_back(std::move(item));
      } else {
        left.push_back(std::move(item));
      }
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(looked_at));
    waiting_.insert(waiting_.begin(), std::make_move_iterator(left.begin()),
                    std::make_move_iterator(left.end()));
    ++running_;
    last_began_ = Clock::now();
    return batch;
  }

  // With the lock.
  [[nodiscard]] bool IsWorthABatch() const {
    if (waiting_.empty()) return false;
    return running_ == 0 || waiting_.size() >= options_.batch_max ||
           Clock::now() - last_began_ >= options_.patience;
  }

  void Drive(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (IsWorthABatch()) {
        lock.unlock();
        Step();
        lock.lock();
      } else if (waiting_.empty() || is_watched_) {
        arrived_.wait(lock, stop,
                      [this] { return IsWorthABatch() || (!waiting_.empty() && !is_watched_); });
      } else {
        // One of the idle threads sees to it that what waits does not wait too long.
        is_watched_ = true;
        arrived_.wait_until(lock, stop, last_began_ + options_.patience,
                            [this] { return IsWorthABatch(); });
        is_watched_ = false;
      }
    }
  }

  const Options options_;
  const std::function<void(std::vector<Item>)> work_;
  std::mutex mutex_;  // guards what follows, but for the threads
  std::condition_variable_any arrived_;
  std::deque<Item> waiting_;
  // Batches that are being worked on, and when the last one began.
  std::size_t running_ = 0;
  Clock::time_point last_began_;
  bool is_watched_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::resource
