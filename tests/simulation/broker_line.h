// What one producer has given to the broker and what became of it.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "tests/simulation/broker.h"
#include "tests/simulation/process.h"

namespace lotura::simulation {

// Carries records in the order in which they were given, some at a time, one request after the
// other, and brings confirmations back. Outlives its producer: what is on its way arrives even so.
class BrokerLine : public std::enable_shared_from_this<BrokerLine> {
 public:
  BrokerLine(Process& process, Broker& broker);

  absl::Status Give(events::BusRecord record, events::Producer::Confirm confirm);
  // Nobody waits for confirmations any more: all that is open is confirmed as failed. The next
  // request may be on its way already.
  void Close();

 private:
  using Confirm = events::Producer::Confirm;
  struct Given {
    events::BusRecord record;
    Confirm confirm;
  };

  void SendSoon();
  // Some of what waits, as one request.
  void Send();
  void Append(const std::vector<events::BusRecord>& request);
  // The broker's answer to the request that is on its way.
  void Answer(const absl::Status& outcome);
  // Sends nothing any more.
  void Break();
  [[nodiscard]] std::vector<events::BusRecord> NextRequest() const;
  // To the broker or back.
  World::Span Way();

  World& world_;
  Faults& faults_;
  Broker& broker_;
  const std::string name_;
  const std::shared_ptr<const bool> alive_;  // shared with the process, which may be gone
  const std::unique_ptr<events::Producer> producer_;
  std::deque<Given> waiting_;
  // Of the request that is on its way.
  std::vector<Confirm> sent_;
  bool sending_ = false;
  bool broken_ = false;
};

}  // namespace lotura::simulation
