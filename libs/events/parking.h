// The keys of a consumer that wait for somebody to decide on an event that could not be handled.
#pragma once

#include "libs/events/pg_inbox.h"

namespace lotura::events {

struct ParkedKey {
  TenantId tenant;
  std::string key;
  // Why the first of its events failed.
  std::string reason;
  std::string message;
  std::int64_t attempts = 0;
  Instant fail_time;
  std::size_t events = 0;
};

// Thread-safe, and at any time beside the consumer itself.
class Parking {
 public:
  // The consumer's own name and handler.
  Parking(pg::Database& database, std::string consumer, EventHandler handler)
      : database_(database), consumer_(std::move(consumer)), handler_(std::move(handler)) {}

  // The oldest first.
  absl::StatusOr<std::vector<ParkedKey>> ListParked(std::size_t limit, Deadline deadline);
  // Handles the events of the key in order, each in a transaction, until none is left or one fails;
  // returns how many were handled, or why it failed. NOT_FOUND if the key does not wait.
  absl::StatusOr<std::size_t> RetryParked(const TenantId& tenant, const std::string& key,
                                          Deadline deadline);
  // Gives the first event up for good, then handles those behind it.
  absl::StatusOr<std::size_t> DiscardParked(const TenantId& tenant, const std::string& key,
                                            Deadline deadline);

 private:
  enum class First { kHandle, kDiscard };
  // What is left of the key.
  enum class Left { kNotWaiting, kSome, kNone };

  absl::StatusOr<std::size_t> Resume(const TenantId& tenant, const std::string& key, First first,
                                     Deadline deadline);
  // Deals with the first event of the key.
  absl::StatusOr<Left> ResumeOne(pg::Tx& tx, const TenantId& tenant, const std::string& key,
                                 First first);
  absl::Status FailAgain(const TenantId& tenant, const std::string& key, const absl::Status& why,
                         Deadline deadline);

  pg::Database& database_;
  const std::string consumer_;
  const EventHandler handler_;
};

}  // namespace lotura::events
