#include "libs/feed/resume_token.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "lotura/events/v1/resume.pb.h"

namespace lotura::feed {

std::string ResumeTokens::Associated(const TenantId& tenant) const {
  return fmt::format("resume\n{}\n{}", service_, tenant.value.ToString());
}

std::string ResumeTokens::Make(const TenantId& tenant, const ResumePoint& point) const {
  events::v1::ResumePoint plain;
  plain.set_epoch(point.cursor.position.epoch);
  plain.set_xid(point.cursor.position.xid);
  plain.set_seq(point.cursor.position.seq);
  plain.set_time_us(point.cursor.time.time_since_epoch().count());
  if (point.snapshot.has_value()) {
    plain.mutable_snapshot()->set_resource_type(point.snapshot->resource_type);
    plain.mutable_snapshot()->set_page_token(point.snapshot->page_token);
  }
  return tokens_.SealText(plain.SerializeAsString(), Associated(tenant));
}

std::string ResumeTokens::MarkOf(const TenantId& tenant, std::string_view text) const {
  return tokens_.MarkOf(text, fmt::format("view\n{}\n{}", service_, tenant.value.ToString()));
}

absl::StatusOr<ResumePoint> ResumeTokens::Open(const TenantId& tenant,
                                               const std::string& token) const {
  const auto opened = tokens_.OpenText(token, Associated(tenant));
  events::v1::ResumePoint plain;
  if (!opened.has_value() || !plain.ParseFromString(*opened)) {
    return InvalidArgument("subscription.resume_token", "RESUME_TOKEN_INVALID",
                           "is not a token of this tenant and service");
  }
  ResumePoint point;
  point.cursor = {{.epoch = plain.epoch(), .xid = plain.xid(), .seq = plain.seq()},
                  Instant(std::chrono::microseconds(plain.time_us()))};
  if (plain.has_snapshot())
    point.snapshot = {plain.snapshot().resource_type(), plain.snapshot().page_token()};
  return point;
}

}  // namespace lotura::feed
