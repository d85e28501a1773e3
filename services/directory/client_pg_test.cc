// Clients, as a write meets them.
#include "services/directory/client.h"

#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "services/directory/app.h"

namespace lotura::directory {
namespace {

using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

v1::Client NewClient(const char* display_name) {
  v1::Client record;
  record.set_display_name(display_name);
  return record;
}

class ClientTest : public ::testing::Test {
 protected:
  testing::ServiceBench bench_{Spec()};
};

TEST_F(ClientTest, IsReadAndListedAsItWasCreated) {
  v1::Client client = NewClient("Warehouse");
  client.set_suspended(true);
  client.mutable_expire_time()->set_seconds(1'900'000'000);
  ASSERT_OK_AND_ASSIGN(const v1::Client created, bench_.Create(client, "", "warehouse"));

  EXPECT_EQ(bench_.Get<v1::Client>(created.name())->DebugString(), created.DebugString());
  EXPECT_EQ(bench_.List<v1::Client>({})->size(), 1);
}

TEST_F(ClientTest, IsGivenARoleAsUsersAre) {
  ASSERT_THAT(bench_.Create(NewClient("Warehouse"), "", "warehouse"), IsOk());
  v1::Role role;
  role.set_display_name("Reader");
  ASSERT_THAT(bench_.Create(role, "", "reader"), IsOk());
  v1::RoleAssignment assignment;
  assignment.set_role("roles/reader");
  assignment.set_member("clients/warehouse");
  EXPECT_THAT(bench_.Create(assignment), IsOk());

  assignment.set_member("clients/nobody");
  EXPECT_THAT(bench_.Create(assignment),
              StatusIs(absl::StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  assignment.set_member("roles/reader");
  EXPECT_THAT(bench_.Create(assignment), HasViolation("member", "NAME_INVALID"));
}

TEST_F(ClientTest, LeavesTheListWhenItIsDeleted) {
  ASSERT_THAT(bench_.Create(NewClient("Warehouse"), "", "warehouse"), IsOk());

  ASSERT_THAT(bench_.Delete<v1::Client>("clients/warehouse"), IsOk());

  EXPECT_TRUE(bench_.List<v1::Client>({})->empty());
}

}  // namespace
}  // namespace lotura::directory
