// The record types of the service.
#pragma once

#include "libs/resource/catalog.h"

namespace lotura::directory {

absl::Status Declare(resource::Catalog& catalog);

}  // namespace lotura::directory
