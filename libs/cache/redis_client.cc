#include "libs/cache/redis_client.h"

#include <string_view>
#include <utility>

#include "libs/base/errors.h"

namespace lotura::cache {
namespace {

// Three failures this far apart open the circuit well within a second.
constexpr std::chrono::milliseconds kSuspectInterval{100};

// Errors of one key, not of the server: another program's value stands there, or there is no memory
// to store more.
bool IsAboutOneKey(const Reply& error) {
  return error.text.starts_with("WRONGTYPE") || error.text.starts_with("OOM");
}

// Anything else (LOADING, READONLY, NOAUTH, NOSCRIPT, ...) means that this connection does not
// serve.
bool Serves(const std::vector<Reply>& replies) {
  return std::ranges::none_of(replies, [](const Reply& reply) {
    return reply.kind == Reply::Kind::kError && !IsAboutOneKey(reply);
  });
}

// What a new connection says first: who it is, and the scripts that it will call.
absl::StatusOr<std::vector<Command>> Handshake(const RedisOptions& options,
                                               const std::vector<const Script*>& scripts) {
  LOTURA_ASSIGN_OR_RETURN(const std::string password, options.password.Read());
  std::vector<Command> commands;
  if (!options.user.empty()) {
    commands.push_back({"AUTH", options.user, password});
  } else if (!password.empty()) {
    commands.push_back({"AUTH", password});
  }
  for (const Script* script : scripts) commands.push_back({"SCRIPT", "LOAD", script->text});
  return commands;
}

}  // namespace

RedisClient::RedisClient(RedisOptions options, RedisEndpoint endpoint,
                         std::vector<const Script*> scripts, Observer& observer)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      scripts_(std::move(scripts)),
      observer_(observer),
      address_(std::nullopt) {
  if (endpoint_.IsNumeric()) {
    if (auto address = endpoint_.Resolve(); address.ok()) address_.Set(*address);
  }
}

RedisClient::~RedisClient() { Stop(); }

void RedisClient::Start(Reached reached) {
  chores_ = true;
  keeper_ = std::jthread(
      [this, reached = std::move(reached)](const std::stop_token& stop) { Keep(stop, reached); });
}

void RedisClient::Stop() {
  keeper_.request_stop();
  if (keeper_.joinable()) keeper_.join();
}

std::optional<std::vector<Reply>> RedisClient::Run(std::span<const Command> commands,
                                                   Deadline deadline) {
  if (!circuit_.IsClosed()) return std::nullopt;
  const auto begin = std::chrono::steady_clock::now();
  auto replies = RoundTrip(commands, deadline);
  observer_.RoundTrip(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin));
  return replies;
}

std::optional<std::vector<Reply>> RedisClient::RunAsKeeper(std::span<const Command> commands) {
  const Deadline deadline = Deadline::After(options_.call_timeout);
  if (keeper_connection_ == nullptr) keeper_connection_ = Connect(deadline);
  if (keeper_connection_ != nullptr) {
    auto replies = keeper_connection_->Run(commands, deadline);
    if (replies.has_value() && Serves(*replies)) return replies;
    keeper_connection_.reset();
  }
  NoteFailure();
  return std::nullopt;
}

std::optional<std::vector<Reply>> RedisClient::RoundTrip(std::span<const Command> commands,
                                                         Deadline deadline) {
  for (;;) {
    Borrowed borrowed = Borrow(deadline);
    if (borrowed.origin == Origin::kNone) {
      observer_.Count(Event::kPoolExhausted, 1);
      return std::nullopt;
    }
    if (borrowed.connection != nullptr) {
      auto replies = borrowed.connection->Run(commands, deadline);
      if (replies.has_value() && Serves(*replies)) {
        Return(std::move(borrowed.connection));
        circuit_.Succeeded();
        return replies;
      }
    }
    Discard(std::move(borrowed.connection));
    // An idle connection may have been closed by the server long ago; a new one tells the truth.
    if (borrowed.origin == Origin::kNew || deadline.Passed()) break;
  }
  NoteFailure();
  return std::nullopt;
}

RedisClient::Borrowed RedisClient::Borrow(Deadline deadline) {
  {
    std::unique_lock lock(pool_mutex_);
    const bool free = returned_.wait_until(lock, deadline.at(),
                                           [this] { return borrowed_ < options_.connections; });
    if (!free) return {};
    ++borrowed_;
    if (!idle_.empty()) {
      Borrowed borrowed{Origin::kIdle, std::move(idle_.back())};
      idle_.pop_back();
      return borrowed;
    }
  }
  return {Origin::kNew, Connect(deadline)};
}

std::unique_ptr<RedisConnection> RedisClient::Connect(Deadline deadline) {
  const auto address = address_.Get();
  if (!address->has_value()) return nullptr;
  const auto handshake = Handshake(options_, scripts_);
  if (!handshake.ok()) return nullptr;
  auto connection = RedisConnection::Connect(**address, deadline);
  if (connection == nullptr) return nullptr;
  const auto replies = connection->Run(*handshake, deadline);
  if (!replies.has_value() || !Serves(*replies)) return nullptr;
  observer_.Count(Event::kConnected, 1);
  return connection;
}

void RedisClient::Return(std::unique_ptr<RedisConnection> connection) {
  {
    const std::lock_guard lock(pool_mutex_);
    idle_.push_back(std::move(connection));
    --borrowed_;
  }
  returned_.notify_one();
}

void RedisClient::Discard(std::unique_ptr<RedisConnection> connection) {
  std::vector<std::unique_ptr<RedisConnection>> closing;
  closing.push_back(std::move(connection));
  {
    const std::lock_guard lock(pool_mutex_);
    std::ranges::move(idle_, std::back_inserter(closing));
    idle_.clear();
    --borrowed_;
  }
  returned_.notify_one();
}

void RedisClient::NoteFailure() {
  observer_.Count(Event::kFailure, 1);
  if (circuit_.Failed() == Circuit::Change::kOpened) observer_.Count(Event::kCircuitOpened, 1);
  WakeKeeper();
}

void RedisClient::WakeKeeper() {
  {
    const std::lock_guard lock(keeper_mutex_);
    chores_ = true;
  }
  keeper_wakes_.notify_one();
}

void RedisClient::Keep(const std::stop_token& stop, const Reached& reached) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(keeper_mutex_);
      if (!keeper_wakes_.wait(lock, stop, [this] { return chores_; })) return;
      chores_ = false;
    }
    const Chores chores = LookAfter(reached);
    keeper_connection_.reset();
    if (chores == Chores::kDone) continue;
    // Again after a while. Before the circuit is open the question is urgent.
    const auto pause = circuit_.IsClosed() ? std::min(options_.probe_interval, kSuspectInterval)
                                           : options_.probe_interval;
    std::unique_lock lock(keeper_mutex_);
    chores_ = true;
    keeper_wakes_.wait_for(lock, stop, pause, [] { return false; });
  }
}

RedisClient::Chores RedisClient::LookAfter(const Reached& reached) {
  if (!endpoint_.IsNumeric() && (!circuit_.IsClosed() || !address_.Get()->has_value())) {
    if (auto address = endpoint_.Resolve(); address.ok()) address_.Set(*address);
  }
  const Command ping[] = {{"PING"}};
  if (!RunAsKeeper(ping).has_value() || reached() == Chores::kFailed) return Chores::kFailed;
  circuit_.Succeeded();
  if (!circuit_.IsClosed()) {
    circuit_.Close();
    observer_.Count(Event::kCircuitClosed, 1);
  }
  return Chores::kDone;
}

}  // namespace lotura::cache
