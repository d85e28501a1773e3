#include "tools/bench/load/connections.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::bench {

Connections::Connections(std::size_t count, ConnectionParts& parts) : parts_(parts) {
  for (std::size_t i = 0; i < count; ++i)
    connections_.push_back(std::make_unique<Connection>(parts));
}

void Connections::Send(Call& call) {
  if (!waiting_.empty() || !SubmitToNext(call)) waiting_.push_back(&call);
}

void Connections::SendAgain(Call& call) {
  const bool returns = waiting_.empty() && call.connection != nullptr && call.connection->HasRoom();
  if (!returns) return Send(call);
  call.connection->Submit(call);
}

bool Connections::SubmitToNext(Call& call) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = *connections_[next_++ % connections_.size()];
    if (!connection.HasRoom()) continue;
    connection.Submit(call);
    return true;
  }
  return false;
}

void Connections::Abandon(Call& call) {
  if (call.stream != 0) return call.connection->Abandon(call);
  // Those before it are on their way or over.
  LOTURA_CHECK(!waiting_.empty() && waiting_.front() == &call);
  waiting_.pop_front();
}

void Connections::Write() {
  while (!waiting_.empty() && SubmitToNext(*waiting_.front())) waiting_.pop_front();
  for (const auto& connection : connections_) connection->Write();
}

void Connections::Tend(Clock::time_point now) {
  for (const auto& connection : connections_) {
    if (connection->Tend(now)) told_ = false;
  }
  if (told_ || !AllAreDown()) return;
  told_ = true;
  for (Call* const call : waiting_)
    parts_.ended.push_back({call, Unavailable("UNAVAILABLE", "the server cannot be reached")});
  waiting_.clear();
}

bool Connections::AllAreDown() const {
  return std::ranges::all_of(connections_, [](const auto& each) { return each->IsDown(); });
}

Clock::time_point Connections::TendAt() const {
  auto at = Clock::time_point::max();
  for (const auto& connection : connections_) at = std::min(at, connection->TendAt());
  return at;
}

}  // namespace lotura::bench
