// The inbox in the schema of a service: effects and what was handled commit together.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "libs/events/consumer_gate.h"
#include "libs/events/event_handler.h"
#include "libs/events/inbox.h"
#include "libs/observe/log.h"
#include "libs/pg/database.h"

namespace lotura::events {

// For a handler that looks at one event at a time.
EventHandler OneByOne(std::function<absl::Status(pg::Tx&, const Event&)> handler);

// Under which a record waits behind another: its topic and its key, since services may give their
// records the same names. A record without a key follows no other.
std::string ParkingKeyOf(const ReceivedRecord& received);

struct InboxOptions {
  // Whose events they are, unique within the schema: "timeline".
  std::string consumer;
  // Dead letters and events behind them; beyond, the consumer waits for somebody to decide.
  std::size_t parked_max = 1'000;
  // How often an event must fail in a row before it counts as a dead letter.
  int attempts = 3;
  // Whose work it does.
  Passenger passenger = Passenger::kConsumer;
  // Tenants that are gone: their events are passed over, and nothing of them is written. Empty: all
  // are there.
  std::function<bool(const TenantId&)> is_gone = {};
};

// Used by one thread. A consumer whose projection is being rebuilt is told to come again
// (UNAVAILABLE, CONSUMER_PAUSED).
class PgInbox final : public Inbox {
 public:
  PgInbox(pg::Database& database, InboxOptions options, EventHandler handler,
          const observe::Log& log)
      : database_(database),
        options_(std::move(options)),
        handler_(std::move(handler)),
        log_(log) {}

  Applied Apply(std::span<const ReceivedRecord> records, Deadline deadline) override;
  absl::StatusOr<std::vector<DeadLetter>> Unannounced(std::size_t limit,
                                                      Deadline deadline) override;
  absl::Status MarkAnnounced(std::span<const DeadLetter> letters, Deadline deadline) override;
  absl::StatusOr<std::size_t> CountParked(Deadline deadline) override;

 private:
  struct Item;

  void ApplySpan(std::span<const Item> items, std::span<const Event> events, Deadline deadline,
                 Applied& applied);
  // Says of each event whether it is to be handled: it is new, and its tenant is not gone.
  std::vector<bool> Remember(pg::Tx& tx, const std::string& memory, std::span<const Item> items);
  // Within one transaction: all of them, or none and why.
  absl::Status Handle(pg::Tx& tx, std::span<const Item> items, std::span<const Event> events,
                      Applied& applied);
  absl::Status Condemn(pg::Tx& tx, const Item& item, const absl::Status& why, Applied& applied);
  absl::Status Park(pg::Tx& tx, std::span<const Item* const> items);
  // Whether the event failed too often to be tried again.
  bool IsDead(const Item& item, const absl::Status& why);

  pg::Database& database_;
  const InboxOptions options_;
  const EventHandler handler_;
  const observe::Log log_;
  // The event that failed last, and how often in a row.
  Uuid suspect_;
  int failures_ = 0;
};

}  // namespace lotura::events
