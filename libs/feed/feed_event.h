// One event as it lies ready for all subscribers.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <mutex>

#include "libs/events/history.h"
#include "libs/feed/resume_token.h"
#include "libs/resource/record_type.h"
#include "lotura/events/v1/event_service.pb.h"

namespace lotura::feed {

namespace pbuf = google::protobuf;

// Immutable but for the records, which are read when the first filter asks. Thread-safe.
class FeedEvent {
 public:
  // INTERNAL if the stored entry is not readable.
  static absl::StatusOr<std::shared_ptr<const FeedEvent>> Make(const events::JournalEntry& entry,
                                                               const std::string& service,
                                                               const ResumeTokens& tokens,
                                                               Instant floor);

  [[nodiscard]] const events::Cursor& cursor() const { return cursor_; }
  [[nodiscard]] const TenantId& tenant() const { return tenant_; }
  [[nodiscard]] const events::v1::Event& event() const { return response_->event(); }
  [[nodiscard]] const std::string& resource_type() const { return resource_type_; }
  // The answer that carries it, with its token: the same for all subscribers of the tenant.
  [[nodiscard]] const std::shared_ptr<const events::v1::SubscribeResponse>& response() const {
    return response_;
  }
  // About what it takes in memory.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // The record before and after the change, as messages of this type; null where there is none.
  struct Records {
    std::unique_ptr<const pbuf::Message> before;
    std::unique_ptr<const pbuf::Message> after;
  };
  [[nodiscard]] const Records& RecordsAs(const resource::Declaration& declaration) const;

 private:
  FeedEvent() = default;

  events::Cursor cursor_;
  TenantId tenant_;
  std::string resource_type_;
  // Shared with the streams that it waits in.
  std::shared_ptr<const events::v1::SubscribeResponse> response_;
  // What the response leaves out because it would be too large.
  events::v1::Change omitted_;
  std::size_t bytes_ = 0;
  mutable std::once_flag read_;
  mutable Records records_;
};

// Shared by the ring and whoever is sending it.
using FeedEventPtr = std::shared_ptr<const FeedEvent>;

}  // namespace lotura::feed
