#include "services/directory/records.h"

#include "lotura/directory/v1/team.pb.h"
#include "services/directory/user.h"

namespace lotura::directory {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Team>());
  return catalog.Add(UserRules());
}

}  // namespace lotura::directory
