// Rules of the keys of clients.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/api_key.pb.h"

namespace lotura::directory {

resource::Rules<v1::ApiKey> ApiKeyRules();

// "clients/erp/apiKeys/k1/secrets/current": where the secret of the key is.
std::string SecretOf(const std::string& api_key);

}  // namespace lotura::directory
