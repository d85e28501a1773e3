// Rules of clients.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/directory/v1/client.pb.h"

namespace lotura::directory {

resource::Rules<v1::Client> ClientRules();

}  // namespace lotura::directory
