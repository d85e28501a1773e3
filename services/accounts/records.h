// The record types of the service.
#pragma once

#include "libs/resource/catalog.h"

namespace lotura::accounts {

absl::Status Declare(resource::Catalog& catalog);

}  // namespace lotura::accounts
