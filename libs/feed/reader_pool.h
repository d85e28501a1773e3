// The few threads that read the database for subscribers, one step for one of them at a time.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "libs/feed/subscriber.h"
#include "libs/observe/log.h"

namespace lotura::feed {

using SubscriberPtr = std::shared_ptr<Subscriber>;  // shared with its stream

// Serves in order of arrival; whoever needs another step queues again behind the others, so that
// one that reads years of events holds up nobody. Each subscriber waits once at most. Thread-safe.
class ReaderPool {
 public:
  using Step = std::function<void(const SubscriberPtr&)>;

  // An exception that leaves a step is a bug: it is logged, and ends the subscription.
  ReaderPool(const observe::Log& log, const observe::Gauge& waiting, Step step)
      : log_(log), waiting_gauge_(waiting), step_(std::move(step)) {}
  ~ReaderPool() { Stop(); }
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  void Start(std::size_t threads);
  // Waits for the steps that run. May be called more than once.
  void Stop();
  void Submit(SubscriberPtr subscriber);
  // It no longer waits. A step that runs goes on.
  void Forget(const SubscriberPtr& subscriber);
  // Runs one step on this thread; false if nobody waits. For tests and simulations.
  bool RunOne();

 private:
  SubscriberPtr Take(const std::stop_token& stop);
  // Called with the lock held; null if nobody waits.
  SubscriberPtr Next();
  void ShowWaiting();
  void Run(const SubscriberPtr& subscriber);

  const observe::Log log_;
  const observe::Gauge waiting_gauge_;
  const Step step_;
  std::mutex mutex_;  // guards waiting_
  std::condition_variable_any arrived_;
  // No more than there are subscribers.
  std::deque<SubscriberPtr> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace lotura::feed
