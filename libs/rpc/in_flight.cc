#include "libs/rpc/in_flight.h"

#include "libs/rpc/exchange.h"

namespace lotura::rpc {

std::size_t InFlight::Add(Exchange& exchange) {
  const std::lock_guard lock(mutex_);
  exchange.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &exchange;
  first_ = &exchange;
  gauge_.Set(static_cast<double>(++size_));
  return size_;
}

void InFlight::Remove(Exchange& exchange) {
  const std::lock_guard lock(mutex_);
  Exchange*& link = exchange.previous_ == nullptr ? first_ : exchange.previous_->next_;
  link = exchange.next_;
  if (exchange.next_ != nullptr) exchange.next_->previous_ = exchange.previous_;
  exchange.next_ = nullptr;
  exchange.previous_ = nullptr;
  gauge_.Set(static_cast<double>(--size_));
  if (size_ == 0) none_.notify_all();
}

std::vector<std::shared_ptr<Exchange>> InFlight::Due(Deadline::Point now) const {
  std::vector<std::shared_ptr<Exchange>> due;
  const std::lock_guard lock(mutex_);
  for (Exchange* exchange = first_; exchange != nullptr; exchange = exchange->next_) {
    if (exchange->call_.deadline.at() > now) continue;
    if (auto held = exchange->weak_from_this().lock()) due.push_back(std::move(held));
  }
  return due;
}

std::size_t InFlight::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

bool InFlight::AwaitNone(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return none_.wait_until(lock, deadline.at(), [this] { return size_ == 0; });
}

}  // namespace lotura::rpc
