// One connection to the server, which comes back when it is lost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/bench/load/address.h"
#include "tools/bench/load/poller.h"
#include "tools/bench/load/session.h"

namespace lotura::bench {

// What connections have in common; must outlive them.
struct ConnectionParts {
  std::vector<Address> addresses;
  RequestHeaders headers;
  Poller poller;
  // Here go calls that are over.
  EndedCalls ended;
};

// A socket that never blocks and its session. Calls that are on their way when it is lost end with
// UNAVAILABLE. Not thread-safe.
class Connection {
 public:
  explicit Connection(ConnectionParts& parts) : parts_(parts) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool HasRoom() const { return session_.has_value() && session_->HasRoom(); }
  // All addresses were tried in vain, or the server was lost, and it is not yet time to try again.
  [[nodiscard]] bool IsDown() const {
    return !session_.has_value() && attempts_ % parts_.addresses.size() == 0;
  }
  void Submit(Call& call);
  void Abandon(Call& call) { session_->Abandon(call); }

  // Tries to connect if that is due, after giving up an attempt that took too long. False if
  // nothing was due.
  bool Tend(Clock::time_point now);
  // When Tend will have something to do.
  [[nodiscard]] Clock::time_point TendAt() const;
  // Takes what the poller has reported.
  void Handle(std::uint32_t events);
  // Sends what is due, as far as the socket takes it.
  void Write();

 private:
  void Open(Clock::time_point now);
  bool Connect(const Address& address);
  void Read();
  void SendFrames();
  void Lose(const char* why);

  ConnectionParts& parts_;
  Descriptor socket_;
  std::optional<Session> session_;
  Clock::time_point attempt_;
  std::size_t attempts_ = 0;
  // What the socket has still to take, from `sent_` on; empty when it has taken all.
  std::string frames_;
  std::size_t sent_ = 0;
  // The socket takes nothing until the poller reports that it does.
  bool blocked_ = false;
};

}  // namespace lotura::bench
