#include "libs/pg/pool.h"

#include "libs/pg/fault.h"

namespace lotura::pg {

Pool::Pool(Options options, Observers observers)
    : options_(std::move(options)),
      observers_(std::move(observers)),
      canceler_([this](const std::stop_token& stop) { CancelLate(stop); }) {
  Changed();
}

Pool::~Pool() {
  canceler_.request_stop();
  watch_changed_.notify_all();
}

absl::StatusOr<Lease> Pool::Take(Deadline deadline) {
  // An idle connection would be spoiled by a statement that is canceled at once.
  if (deadline.Passed())
    return DeadlineExceeded("the deadline passed before a connection was taken");
  Slot slot;
  {
    std::unique_lock lock(mutex_);
    if (in_use_ >= options_.pool_size || !waiters_.empty()) {
      std::condition_variable turn;
      waiters_.push_back(&turn);
      Changed();
      const bool mine = turn.wait_until(lock, deadline.at(), [&] {
        return waiters_.front() == &turn && in_use_ < options_.pool_size;
      });
      std::erase(waiters_, &turn);
      if (!waiters_.empty()) waiters_.front()->notify_one();
      Changed();
      if (!mine) return DeadlineExceeded("no database connection was free in time");
    }
    ++in_use_;
    if (!idle_.empty()) {
      slot = std::move(idle_.back());
      idle_.pop_back();
    } else {
      slot.generation = generation_;
    }
    Changed();
  }
  if (slot.connection == nullptr) {
    auto connection = Open(deadline);
    if (!connection.ok()) {
      const std::lock_guard lock(mutex_);
      FreePlace();
      return connection.status();
    }
    slot.connection = std::move(connection).value();
    {
      const std::lock_guard lock(mutex_);
      ++opened_;
      Changed();
    }
    Lease lease(*this, std::move(slot));
    // A connection that came too late for this caller is good for the next one.
    if (deadline.Passed()) return DeadlineExceeded("no database connection was free in time");
    return lease;
  }
  return Lease(*this, std::move(slot));
}

// A new password may be in its file before the server knows it: until then the one before serves.
absl::StatusOr<std::unique_ptr<Connection>> Pool::Open(Deadline deadline) const {
  LOTURA_ASSIGN_OR_RETURN(const Credentials now, ReadCredentials(options_));
  auto opened = OpenBy(now, deadline);
  if (opened.ok()) {
    NoteServed(options_, now);
    return opened;
  }
  const Credentials before = ServedLast(options_, now);
  return before == now || deadline.Passed() ? std::move(opened) : OpenBy(before, deadline);
}

absl::StatusOr<std::unique_ptr<Connection>> Pool::OpenBy(const Credentials& credentials,
                                                         Deadline deadline) const {
  LOTURA_ASSIGN_OR_RETURN(const std::string conninfo, ConninfoOf(options_, credentials, deadline));
  try {
    return std::make_unique<Connection>(conninfo);
  } catch (...) {
    return ToFault(std::current_exception(), During::kRead).status;
  }
}

void Pool::Return(Slot slot) {
  const std::lock_guard lock(mutex_);
  if (slot.connection != nullptr && slot.generation == generation_) {
    idle_.push_back(std::move(slot));
  } else {
    ++discarded_;
  }
  FreePlace();
}

void Pool::FreePlace() {
  --in_use_;
  if (!waiters_.empty()) waiters_.front()->notify_one();
  Changed();
}

void Pool::Flush() {
  std::deque<Slot> dead;
  const std::lock_guard lock(mutex_);
  ++generation_;
  dead.swap(idle_);
  discarded_ += dead.size();
  Changed();
}

PoolFigures Pool::Figures() const {
  const std::lock_guard lock(mutex_);
  return Now();
}

PoolFigures Pool::Now() const {
  return {.size = options_.pool_size,
          .in_use = in_use_,
          .idle = idle_.size(),
          .waiting = waiters_.size(),
          .opened = opened_,
          .discarded = discarded_};
}

void Pool::Changed() const {
  if (observers_.pool) observers_.pool(Now());
}

Pool::Watch Pool::CancelAt(Deadline deadline, Lease& lease) { return {*this, deadline, *lease}; }

Pool::Watch::Watch(Pool& pool, Deadline deadline, Connection& connection)
    : pool_(pool), deadline_(deadline), connection_(connection) {
  const std::lock_guard lock(pool_.watch_mutex_);
  const bool earliest = std::ranges::none_of(
      pool_.watches_, [&](const Watch* other) { return other->deadline_.at() <= deadline_.at(); });
  pool_.watches_.push_back(this);
  if (earliest) pool_.watch_changed_.notify_all();
}

Pool::Watch::~Watch() { Stop(); }

Pool::Watch::Outcome Pool::Watch::Stop() {
  std::unique_lock lock(pool_.watch_mutex_);
  // The cancellation reads the connection, which may go as soon as the watch has.
  pool_.cancellation_sent_.wait(lock, [&] { return !cancelling_; });
  std::erase(pool_.watches_, this);
  return fired_ ? Outcome::kFired : Outcome::kQuiet;
}

void Pool::CancelLate(const std::stop_token& stop) {
  std::unique_lock lock(watch_mutex_);
  while (!stop.stop_requested()) {
    Watch* const next = Earliest();
    if (next == nullptr) {
      watch_changed_.wait(lock, stop, [&] { return Earliest() != nullptr; });
    } else if (next->deadline_.Passed()) {
      Cancel(*next, lock);
    } else {
      const auto at = next->deadline_.at();
      watch_changed_.wait_until(lock, stop, at, [&] {
        const Watch* const earliest = Earliest();
        return earliest != nullptr && earliest->deadline_.at() < at;
      });
    }
  }
}

Pool::Watch* Pool::Earliest() const {
  Watch* earliest = nullptr;
  for (Watch* watch : watches_) {
    if (watch->fired_) continue;
    if (earliest == nullptr || watch->deadline_.at() < earliest->deadline_.at()) earliest = watch;
  }
  return earliest;
}

void Pool::Cancel(Watch& watch, std::unique_lock<std::mutex>& lock) {
  watch.fired_ = true;
  watch.cancelling_ = true;
  lock.unlock();
  try {
    watch.connection_.raw().cancel_query();
  } catch (...) {
    // The server is gone: the statement ends on its own.
  }
  lock.lock();
  watch.cancelling_ = false;
  cancellation_sent_.notify_all();
}

Lease::~Lease() {
  if (pool_ != nullptr) pool_->Return(std::move(slot_));
}

void Lease::Discard() { slot_.connection.reset(); }

}  // namespace lotura::pg
