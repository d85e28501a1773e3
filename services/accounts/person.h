// Rules of people.
#pragma once

#include "libs/resource/record_type.h"
#include "lotura/accounts/v1/person.pb.h"

namespace lotura::accounts {

resource::Rules<v1::Person> PersonRules();

}  // namespace lotura::accounts
