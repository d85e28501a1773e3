#include "services/directory/api_key.h"

#include <google/protobuf/util/time_util.h>

#include "libs/access/role_check.h"
#include "libs/resource/changes.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::chrono::hours kLifeMax{24 * 400};

absl::Status CheckEnd(resource::Changes& changes, const v1::ApiKey* before, v1::ApiKey& after) {
  const std::int64_t end = TimeUtil::TimestampToMicroseconds(after.expire_time());
  const bool changed =
      before == nullptr || TimeUtil::TimestampToMicroseconds(before->expire_time()) != end;
  if (!after.has_expire_time() || !changed) return absl::OkStatus();
  const Instant at{std::chrono::microseconds(end)};
  const Instant now = changes.call().now;
  if (now < at && at <= now + kLifeMax) return absl::OkStatus();
  return InvalidArgument("expire_time", reasons::kExpireTimeInvalid,
                         "lies in the future, and at most 400 days ahead");
}

void Validate(const v1::ApiKey* /*before*/, const v1::ApiKey& after, Violations& violations) {
  access::CheckPermissions(after.scopes(), "scopes", violations);
}

// The record of a deleted key has nothing left by which its token could be known. The journal has
// it as it was until its days are dropped.
absl::Status ForgetSecret(resource::Changes& changes, const v1::ApiKey* /*before*/,
                          const v1::ApiKey& after) {
  if (!after.has_delete_time()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(v1::ApiKeySecret secret,
                          changes.LoadFollowing<v1::ApiKeySecret>(SecretOf(after.name())));
  secret.clear_secret_hash();
  return changes.Save(secret).status();
}

}  // namespace

resource::Rules<v1::ApiKey> ApiKeyRules() {
  return {.derive = CheckEnd, .validate = Validate, .on_change = ForgetSecret};
}

std::string SecretOf(const std::string& api_key) { return api_key + "/secrets/current"; }

}  // namespace lotura::directory
