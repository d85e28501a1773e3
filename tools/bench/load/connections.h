// All connections of a load.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "tools/bench/load/connection.h"

namespace lotura::bench {

// What no connection takes, because the server allows no more streams or is not reached, waits in
// the order in which it was sent; when an attempt to reach the server fails on all of them, what
// waits ends with UNAVAILABLE. Not thread-safe.
class Connections {
 public:
  // `parts` must outlive this object, and each call until it is ended or abandoned.
  Connections(std::size_t count, ConnectionParts& parts);

  // Over the connections in turn. The call leaves with the next Write.
  void Send(Call& call);
  // Over the connection that brought the answer to the call before, so that many calls leave at
  // once; over the next one if that has no room.
  void SendAgain(Call& call);
  // Calls are abandoned in the order in which they were sent.
  void Abandon(Call& call);
  void Write();
  // Connects what is not connected, as soon as that is due.
  void Tend(Clock::time_point now);
  [[nodiscard]] Clock::time_point TendAt() const;

 private:
  bool SubmitToNext(Call& call);
  [[nodiscard]] bool AllAreDown() const;

  ConnectionParts& parts_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t next_ = 0;
  std::deque<Call*> waiting_;
  // The last attempt to reach the server has failed, and what waited then was told.
  bool told_ = false;
};

}  // namespace lotura::bench
