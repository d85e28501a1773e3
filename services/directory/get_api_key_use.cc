#include "services/directory/get_api_key_use.h"

#include "libs/access/key_uses.h"
#include "libs/base/calendar.h"
#include "libs/resource/changes.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {

absl::StatusOr<v1::ApiKeyUse> GetApiKeyUse(const Call& call, const v1::GetApiKeyUseRequest& request,
                                           host::QueryContext& context) {
  const resource::Declaration& keys = *context.catalog.Find(v1::ApiKey::descriptor())->declaration;
  LOTURA_RETURN_IF_ERROR(resource::CheckName(keys, request.name()));
  const std::vector<std::string> names = {request.name()};
  LOTURA_ASSIGN_OR_RETURN(const auto found,
                          context.store.Load(keys, call.principal.tenant, names, call.deadline));
  if (!found.front().has_value() || found.front()->deleted)
    return NotFound(keys.type(), request.name());
  const auto& key = static_cast<const v1::ApiKey&>(*found.front()->message);
  const cache::MomentKey place = access::KeyUses::KeyOf(call.principal.tenant, key.token_start());
  std::optional<std::vector<std::optional<Instant>>> moments;
  if (context.moments != nullptr) moments = context.moments->Look({&place, 1});
  if (!moments.has_value())
    return Unavailable(reasons::kUsesUnavailable, "what is known of uses cannot be read now");
  v1::ApiKeyUse use;
  use.set_name(request.name());
  if (moments->front().has_value()) *use.mutable_last_use_time() = ToTimestamp(*moments->front());
  return use;
}

}  // namespace lotura::directory
