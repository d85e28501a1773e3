// Tokens that say where a subscriber stands; opaque and sealed.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "libs/events/history.h"
#include "libs/resource/page_token.h"

namespace lotura::feed {

// How far a snapshot was sent.
struct SnapshotPlace {
  // Full name of the message whose records come next.
  std::string resource_type;
  // Of the list of these records; empty at its beginning.
  std::string page_token;
};

struct ResumePoint {
  events::Cursor cursor;
  // Nothing when the snapshot is complete, or there is none.
  std::optional<SnapshotPlace> snapshot;
};

// Those of one service. Sealed for a tenant with the keys of page tokens. Thread-safe.
class ResumeTokens {
 public:
  ResumeTokens(std::string service, const resource::PageTokens& tokens)
      : service_(std::move(service)), tokens_(tokens) {}

  [[nodiscard]] std::string Make(const TenantId& tenant, const ResumePoint& point) const;
  // INVALID_ARGUMENT (RESUME_TOKEN_INVALID) naming subscription.resume_token for a token that was
  // changed, or is of another tenant or service.
  [[nodiscard]] absl::StatusOr<ResumePoint> Open(const TenantId& tenant,
                                                 const std::string& token) const;
  // The same for equal texts, of which it says nothing.
  [[nodiscard]] std::string MarkOf(const TenantId& tenant, std::string_view text) const;

 private:
  [[nodiscard]] std::string Associated(const TenantId& tenant) const;

  const std::string service_;
  const resource::PageTokens& tokens_;
};

}  // namespace lotura::feed
