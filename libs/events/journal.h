// The journal of one service: every new version of every record, in the order in which they were
// committed.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura::events {

// Where an entry stands. Positions grow; within one record they grow with its version.
struct Position {
  // Generation of positions: a restored database continues in a higher one, so that no position is
  // ever used twice.
  std::int32_t epoch = 0;
  std::uint64_t xid = 0;
  std::int64_t seq = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// One entry as it is stored; docs/architecture.md says what each part is for.
struct JournalEntry {
  Position position;
  Instant create_time;
  TenantId tenant;
  Uuid event_id;
  // Name of the record within the service, "opportunities/o1".
  std::string name;
  // CloudEvents type, "lotura.sales.opportunity.moved.v1".
  std::string type;
  // Full name of the record's message.
  std::string resource_type;
  std::int64_t version = 0;
  // lotura.events.v1.Kind as a number.
  int kind = 0;
  // Paths of the fields that changed, separated by commas.
  std::string changed_fields;
  std::string before_plain;
  std::string before_personal;
  std::string after_plain;
  std::string after_personal;
  // google.protobuf.Any in its binary form, or empty.
  std::string detail;
  // Names of the people whose personal data the entry holds.
  std::vector<std::string> person_keys;
  std::string actor;
  std::string method;
  std::string request_id;
  std::string cause;
  std::string traceparent;

  // What ReadLimit counts: its states and its detail, and so much for all else.
  static constexpr std::size_t kOtherBytes = 400;
  [[nodiscard]] std::size_t StoredBytes() const {
    return before_plain.size() + before_personal.size() + after_plain.size() +
           after_personal.size() + detail.size() + kOtherBytes;
  }
};

// Of the relay that publishes to Kafka: its lease and its cursor.
inline constexpr char kKafkaRelay[] = "kafka";

// How much one read returns: no more entries, and, but for the first, no more bytes.
struct ReadLimit {
  std::size_t entries = 1000;
  std::size_t bytes = 4 << 20;

  // Whether a read that returned these may have left some behind.
  [[nodiscard]] bool IsReachedBy(std::span<const JournalEntry> read) const {
    if (read.size() >= entries) return true;
    std::size_t stored = 0;
    for (const JournalEntry& entry : read) stored += entry.StoredBytes();
    return stored >= bytes;
  }

  friend bool operator==(const ReadLimit&, const ReadLimit&) = default;
};

// What has not been published yet, as an operator sees it.
struct Backlog {
  // When the oldest entry was written, be its order final or not; nothing if there is none.
  std::optional<Instant> oldest;
  // Entries below the horizon are final. It stands still while the transaction of that number is
  // open, and equals the next number if none is.
  std::uint64_t horizon = 0;
  std::uint64_t next = 0;
};

// Reads the journal forward. Used by one thread.
class JournalReader {
 public:
  virtual ~JournalReader() = default;

  // The next entries after `after` whose order can no longer change, oldest first. No entry with a
  // lower position than one that was returned appears later. `after` is a position up to which
  // nothing will be asked for again: it never goes back.
  virtual absl::StatusOr<std::vector<JournalEntry>> Read(const Position& after, ReadLimit limit,
                                                         Deadline deadline) = 0;
  virtual absl::StatusOr<Backlog> Inspect(const Position& after, Deadline deadline) = 0;
};

// A process holds the lease under this token until it expires or another process holds it.
struct LeaseToken {
  std::string name;
  Uuid holder;
  // Grows with each change of holder.
  std::int64_t term = 0;
  // Where the database lives. It changes when the database is restored or failed over: what was
  // known of its content before does not hold any more.
  std::string origin;

  friend bool operator==(const LeaseToken&, const LeaseToken&) = default;
};

// What the relay needs of a store. Thread-safe; must outlive its readers.
class Journal {
 public:
  virtual ~Journal() = default;

  virtual std::unique_ptr<JournalReader> NewReader() = 0;
  // Takes or renews the lease; nothing while another holder's is in force.
  virtual absl::StatusOr<std::optional<LeaseToken>> Acquire(const std::string& name,
                                                            const Uuid& holder,
                                                            std::chrono::milliseconds duration,
                                                            Deadline deadline) = 0;
  virtual absl::Status Release(const LeaseToken& lease, Deadline deadline) = 0;
  // Everything up to this position has been confirmed by the broker. Zero if nothing was saved.
  virtual absl::StatusOr<Position> LoadCursor(const std::string& relay, Deadline deadline) = 0;
  // Moves forward only. FAILED_PRECONDITION with reason LEASE_LOST if the lease is no longer held,
  // or the database lives elsewhere. In the first case the cursor is saved nevertheless: what the
  // broker has confirmed is true whoever says it, and spares the next holder duplicates.
  virtual absl::Status SaveCursor(const std::string& relay, const Position& position,
                                  const LeaseToken& lease, Deadline deadline) = 0;
};

}  // namespace lotura::events
