// A bounded set of connections to one Redis server behind a circuit that keeps a dead server from
// costing time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "libs/base/snapshot.h"
#include "libs/cache/circuit.h"
#include "libs/cache/observer.h"
#include "libs/cache/redis_connection.h"
#include "libs/cache/redis_options.h"
#include "libs/cache/redis_scripts.h"

namespace lotura::cache {

// Thread-safe. A thread of its own, the keeper, resolves the server's name, finds out within a
// second that the server is gone and within a second that it is back.
class RedisClient {
 public:
  // What the keeper does as soon as the server answers; the circuit closes once it says that all is
  // done.
  enum class Chores { kDone, kFailed };
  using Reached = std::function<Chores()>;

  // `scripts` are what will be called; they outlive the client. `options` were validated.
  RedisClient(RedisOptions options, RedisEndpoint endpoint, std::vector<const Script*> scripts,
              Observer& observer);
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;
  ~RedisClient();

  // Starts the keeper. `reached` may call RunAsKeeper and runs on the keeper's thread.
  void Start(Reached reached);
  // Ends the keeper. Idempotent.
  void Stop();

  // One reply for each command, in order. Nothing while the circuit is open, or if the round trip
  // failed or took too long. Commands must bear being sent twice: a connection that turns out to be
  // closed is replaced once.
  std::optional<std::vector<Reply>> Run(std::span<const Command> commands, Deadline deadline);
  // The same for the keeper alone: on a connection outside the pool, and while the circuit is open
  // too.
  std::optional<std::vector<Reply>> RunAsKeeper(std::span<const Command> commands);

  [[nodiscard]] bool CircuitIsClosed() const { return circuit_.IsClosed(); }
  // There are chores: the keeper shall look after them now.
  void WakeKeeper();

 private:
  enum class Origin { kNew, kIdle, kNone };
  // A place in the pool and, unless connecting failed, the connection. Without a place:
  // Origin::kNone.
  struct Borrowed {
    Origin origin = Origin::kNone;
    std::unique_ptr<RedisConnection> connection;
  };

  std::optional<std::vector<Reply>> RoundTrip(std::span<const Command> commands, Deadline deadline);
  Borrowed Borrow(Deadline deadline);
  std::unique_ptr<RedisConnection> Connect(Deadline deadline);
  void Return(std::unique_ptr<RedisConnection> connection);
  // After a failure the idle connections are most likely dead as well.
  void Discard(std::unique_ptr<RedisConnection> connection);
  void NoteFailure();
  void Keep(const std::stop_token& stop, const Reached& reached);
  Chores LookAfter(const Reached& reached);

  const RedisOptions options_;
  const RedisEndpoint endpoint_;
  const std::vector<const Script*> scripts_;
  Observer& observer_;
  Circuit circuit_;
  Snapshot<std::optional<SocketAddress>> address_;

  std::mutex pool_mutex_;  // guards idle_ and borrowed_
  std::condition_variable returned_;
  std::vector<std::unique_ptr<RedisConnection>> idle_;
  std::size_t borrowed_ = 0;

  std::mutex keeper_mutex_;  // guards chores_
  std::condition_variable_any keeper_wakes_;
  bool chores_ = false;
  std::unique_ptr<RedisConnection> keeper_connection_;  // used by the keeper's thread alone
  std::jthread keeper_;
};

}  // namespace lotura::cache
