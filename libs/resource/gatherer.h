// A queue whose threads take what waits in it at once.
#pragma once

#include <algorithm>
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
  // Whether a batch is taken while another one is being worked on.
  enum class Beside {
    kAlways,     // as soon as there is a thread
    kFullBatch,  // only a full one: what can share a batch does
  };
  struct Options {
    std::size_t batch_max = 64;
    Beside beside = Beside::kAlways;
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
      if (!IsWorthABatch()) return;
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
    return batch;
  }

  // With the lock.
  [[nodiscard]] bool IsWorthABatch() const {
    if (waiting_.empty()) return false;
    return options_.beside == Beside::kAlways || running_ == 0 ||
           waiting_.size() >= options_.batch_max;
  }

  void Drive(const std::stop_token& stop) {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, stop, [this] { return IsWorthABatch(); });
        if (stop.stop_requested()) return;
      }
      Step();
    }
  }

  const Options options_;
  const std::function<void(std::vector<Item>)> work_;
  std::mutex mutex_;  // guards waiting_ and running_
  std::condition_variable_any arrived_;
  std::deque<Item> waiting_;
  // Batches that are being worked on.
  std::size_t running_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::resource
