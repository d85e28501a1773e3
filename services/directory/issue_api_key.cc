#include "services/directory/issue_api_key.h"

#include "libs/access/api_key_token.h"
#include "libs/base/check.h"
#include "libs/base/hex.h"
#include "libs/resource/creation.h"
#include "services/directory/api_key.h"

namespace lotura::directory {
namespace {

constexpr char kCurrent[] = "current";

}  // namespace

absl::StatusOr<v1::IssueApiKeyResponse> IssueApiKey(const Call& call,
                                                    const v1::IssueApiKeyRequest& request,
                                                    resource::Changes& changes) {
  const resource::Creation creation(changes.TypeOf(v1::ApiKey::descriptor()),
                                    *v1::IssueApiKeyRequest::descriptor());
  LOTURA_ASSIGN_OR_RETURN(const auto created, creation.Create(changes, request, ""));
  const std::string token = access::NewApiKeyToken(call.principal.tenant);
  const auto parsed = access::ParseApiKeyToken(token);
  LOTURA_CHECK(parsed.has_value());
  auto key = static_cast<const v1::ApiKey&>(*created);
  key.set_token_start(parsed->start);
  v1::IssueApiKeyResponse response;
  LOTURA_ASSIGN_OR_RETURN(*response.mutable_api_key(), changes.Save(key));
  v1::ApiKeySecret secret;
  secret.set_secret_hash(ToHex(parsed->secret_hash));
  LOTURA_RETURN_IF_ERROR(changes.Create(secret, response.api_key().name(), kCurrent).status());
  if (!request.validate_only()) response.set_token(token);
  return response;
}

}  // namespace lotura::directory
