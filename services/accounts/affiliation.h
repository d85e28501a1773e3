// Rules of affiliations.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/accounts/v1/affiliation.pb.h"

namespace lotura::accounts {

resource::Rules<v1::Affiliation> AffiliationRules();

}  // namespace lotura::accounts
