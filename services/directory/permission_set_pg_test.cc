// Rules of permission sets, as a write meets them.
#include "services/directory/permission_set.h"

#include "libs/testing/service_bench.h"
#include "services/directory/app.h"

namespace lotura::directory {
namespace {

using testing::HasViolation;
using testing::IsOk;

v1::PermissionSet NewPermissionSet(std::initializer_list<const char*> permissions) {
  v1::PermissionSet record;
  record.set_display_name("Catalog");
  for (const char* permission : permissions) record.add_permissions(permission);
  return record;
}

class PermissionSetTest : public ::testing::Test {
 protected:
  testing::ServiceBench bench_{Spec()};
};

TEST_F(PermissionSetTest, HoldsPermissionsThatCallsAskFor) {
  EXPECT_THAT(bench_.Create(NewPermissionSet({"sales.products.read", "sales.prices.*", "sales.*",
                                              "*", "sales.opportunities.setTimes"})),
              IsOk());
}

TEST_F(PermissionSetTest, PermissionThatNoCallAsksForIsRefused) {
  for (const char* unknown : {"sales.products.fly", "sales.product*", "sales", "marketing.*", ""}) {
    EXPECT_THAT(bench_.Create(NewPermissionSet({"sales.products.read", unknown})),
                HasViolation("permissions[1]", "PERMISSION_UNKNOWN"))
        << unknown;
  }
}

TEST_F(PermissionSetTest, PermissionStandsThereOnce) {
  EXPECT_THAT(bench_.Create(NewPermissionSet({"*", "sales.*", "*"})),
              HasViolation("permissions[2]", "DUPLICATE"));
}

}  // namespace
}  // namespace lotura::directory
