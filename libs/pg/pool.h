// The bounded pool behind a Database.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "libs/pg/connection.h"
#include "libs/pg/conninfo.h"
#include "libs/pg/database.h"

namespace lotura::pg {

class Lease;

// A place in the pool; an empty one is a connection that is still to be opened.
struct Slot {
  std::unique_ptr<Connection> connection;
  std::uint64_t generation = 0;
};

// Lends connections to one user each, first come, first served. Thread-safe.
class Pool {
 public:
  Pool(Options options, Observers observers);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Cancels the statement that runs on a lease when a deadline passes, until it is stopped or
  // destroyed.
  class Watch {
   public:
    Watch(Pool& pool, Deadline deadline, Connection& connection);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    enum class Outcome {
      kQuiet,
      // A cancellation was sent; it may still hit whatever the connection does next.
      kFired,
    };
    // After this nothing is cancelled any more. Waits for a cancellation that is being sent.
    Outcome Stop();

   private:
    friend class Pool;
    Pool& pool_;
    Deadline deadline_;
    Connection& connection_;
    bool fired_ = false;       // guarded by Pool::watch_mutex_
    bool cancelling_ = false;  // guarded likewise
  };

  absl::StatusOr<Lease> Take(Deadline deadline);
  Watch CancelAt(Deadline deadline, Lease& lease);
  // The server was lost: idle connections are as dead as the one that noticed.
  void Flush();
  [[nodiscard]] PoolFigures Figures() const;
  [[nodiscard]] const Observers& observers() const { return observers_; }

 private:
  friend class Lease;

  // Takes back what was lent; a slot without a connection was discarded.
  void Return(Slot slot);
  // The caller of these three holds mutex_.
  void FreePlace();
  void Changed() const;
  [[nodiscard]] PoolFigures Now() const;
  absl::StatusOr<std::unique_ptr<Connection>> Open(Deadline deadline) const;
  absl::StatusOr<std::unique_ptr<Connection>> OpenBy(const Credentials& credentials,
                                                     Deadline deadline) const;
  void CancelLate(const std::stop_token& stop);
  // The watch that fires next; its caller holds watch_mutex_.
  [[nodiscard]] Watch* Earliest() const;
  // Sends the cancellation without the lock, since that opens a connection.
  void Cancel(Watch& watch, std::unique_lock<std::mutex>& lock);

  const Options options_;
  const Observers observers_;

  mutable std::mutex mutex_;  // guards everything up to the next comment
  std::deque<Slot> idle_;
  std::deque<std::condition_variable*> waiters_;
  std::size_t in_use_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t discarded_ = 0;

  std::mutex watch_mutex_;  // guards watches_ and what they say of themselves
  std::condition_variable_any watch_changed_;
  std::condition_variable cancellation_sent_;
  std::vector<Watch*> watches_;
  std::jthread canceler_;
};

// A connection on loan; it goes back to the pool, or to nowhere if it was discarded.
class Lease {
 public:
  Lease(Pool& pool, Slot slot)
      : pool_(&pool), slot_(std::move(slot)), backend_(slot_.connection->backend()) {}
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        slot_(std::move(other.slot_)),
        backend_(other.backend_) {}
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  Connection& operator*() { return *slot_.connection; }
  Connection* operator->() { return slot_.connection.get(); }
  // Number of the server process, also after Discard.
  [[nodiscard]] int backend() const { return backend_; }
  void Discard();

 private:
  Pool* pool_;
  Slot slot_;
  int backend_;
};

}  // namespace lotura::pg
