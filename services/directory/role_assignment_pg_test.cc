// Rules of role assignments, as a write meets them.
#include "services/directory/role_assignment.h"

#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/app.h"

namespace lotura::directory {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

v1::RoleAssignment To(const char* member) {
  v1::RoleAssignment assignment;
  assignment.set_role("roles/seller");
  assignment.set_member(member);
  return assignment;
}

class RoleAssignmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    v1::Role role;
    role.set_display_name("Seller");
    ASSERT_THAT(bench_.Create(role, "", "seller"), IsOk());
    v1::User user;
    user.set_display_name("Anna");
    ASSERT_THAT(bench_.Create(user, "", "anna"), IsOk());
    v1::Team team;
    team.set_display_name("Berlin");
    ASSERT_THAT(bench_.Create(team, "", "berlin"), IsOk());
  }

  testing::ServiceBench bench_{Spec()};
};

TEST_F(RoleAssignmentTest, GivesARoleToAUserOrATeam) {
  ASSERT_THAT(bench_.Create(To("users/anna")), IsOk());
  ASSERT_THAT(bench_.Create(To("teams/berlin")), IsOk());

  EXPECT_EQ(bench_.List<v1::RoleAssignment>({.filter = "role = \"roles/seller\""})->size(), 2);
  EXPECT_EQ(bench_.List<v1::RoleAssignment>({.filter = "member = \"teams/berlin\""})->size(), 1);
}

TEST_F(RoleAssignmentTest, MemberIsAUserOrATeamThatIsThere) {
  for (const char* missing : {"users/ben", "teams/paris"}) {
    EXPECT_THAT(bench_.Create(To(missing)),
                StatusIs(StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"))
        << missing;
  }
  for (const char* wrong : {"roles/seller", "anna", "//directory.lotura/users/anna"}) {
    EXPECT_THAT(bench_.Create(To(wrong)), HasViolation("member", "NAME_INVALID")) << wrong;
  }
  EXPECT_THAT(bench_.Create(To("")), HasViolation("member", "REQUIRED"));
}

TEST_F(RoleAssignmentTest, TypesForWhichItCountsAreThere) {
  v1::RoleAssignment assignment = To("users/anna");
  assignment.add_record_types("sales.lotura/Opportunity");
  EXPECT_THAT(bench_.Create(assignment), IsOk());

  assignment.add_record_types("sales.lotura/Deal");
  assignment.add_record_types("sales.lotura/Opportunity");
  const auto created = bench_.Create(assignment);

  EXPECT_THAT(created, HasViolation("record_types[1]", "TYPE_UNKNOWN"));
  EXPECT_THAT(created, HasViolation("record_types[2]", "DUPLICATE"));
}

}  // namespace
}  // namespace lotura::directory
