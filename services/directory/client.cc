#include "services/directory/client.h"

namespace lotura::directory {

resource::Rules<v1::Client> ClientRules() { return {}; }

}  // namespace lotura::directory
