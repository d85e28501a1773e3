#include "libs/feed/reader_pool.h"

#include "libs/base/errors.h"
#include "libs/observe/fence.h"

namespace lotura::feed {

void ReaderPool::Start(std::size_t threads) {
  if (!threads_.empty()) return;
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) {
      while (const SubscriberPtr subscriber = Take(stop)) Run(subscriber);
    });
  }
}

void ReaderPool::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  ShowWaiting();
}

void ReaderPool::Submit(SubscriberPtr subscriber) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(subscriber));
  ShowWaiting();
  arrived_.notify_one();
}

void ReaderPool::Forget(const SubscriberPtr& subscriber) {
  const std::lock_guard lock(mutex_);
  std::erase(waiting_, subscriber);
  ShowWaiting();
}

SubscriberPtr ReaderPool::Next() {
  if (waiting_.empty()) return nullptr;
  SubscriberPtr subscriber = std::move(waiting_.front());
  waiting_.pop_front();
  ShowWaiting();
  return subscriber;
}

void ReaderPool::ShowWaiting() { waiting_gauge_.Set(static_cast<double>(waiting_.size())); }

bool ReaderPool::RunOne() {
  SubscriberPtr subscriber;
  {
    const std::lock_guard lock(mutex_);
    subscriber = Next();
  }
  if (subscriber == nullptr) return false;
  Run(subscriber);
  return true;
}

SubscriberPtr ReaderPool::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, stop, [this] { return !waiting_.empty(); });
  return stop.stop_requested() ? nullptr : Next();
}

void ReaderPool::Run(const SubscriberPtr& subscriber) {
  const absl::Status fence = observe::Fenced(
      [&] {
        step_(subscriber);
        return absl::OkStatus();
      },
      [&](std::string_view what) {
        const std::string id = observe::NewErrorId();
        log_.Error(
            "an exception escaped from a reader",
            {observe::Fields::kErrorId(id), observe::Fields::kError(observe::Redacted(what))});
        return Internal("internal error " + id);
      });
  if (!fence.ok()) subscriber->Finish(fence);
}

}  // namespace lotura::feed
