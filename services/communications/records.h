// The record types of the service.
#pragma once

#include "libs/resource/catalog.h"

namespace lotura::communications {

absl::Status Declare(resource::Catalog& catalog);

}  // namespace lotura::communications
