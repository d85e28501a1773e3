// Rules of users and teams, as a write meets them.
#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/app.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

v1::User NewUser(const char* display_name, const char* email = "") {
  v1::User user;
  user.set_display_name(display_name);
  user.set_email(email);
  return user;
}

class DirectoryTest : public ::testing::Test {
 protected:
  testing::ServiceBench bench_{Spec()};
};

TEST_F(DirectoryTest, TeamIsLedByAUserWhoMayBelongToIt) {
  ASSERT_THAT(bench_.Create(NewUser("Dustin"), "", "dustin"), IsOk());
  v1::Team team;
  team.set_display_name("Central");
  team.set_manager("users/dustin");
  ASSERT_THAT(bench_.Create(team, "", "central"), IsOk());
  v1::User dustin = *bench_.Get<v1::User>("users/dustin");
  dustin.set_team("teams/central");

  ASSERT_THAT(bench_.Save(dustin), IsOk());

  EXPECT_EQ(bench_.List<v1::User>({.filter = "team = \"teams/central\""})->size(), 1);
}

TEST_F(DirectoryTest, UserIsNotHisOwnManager) {
  v1::User anna = NewUser("Anna");
  anna.set_manager("users/anna");

  EXPECT_THAT(bench_.Create(anna, "", "anna"), HasViolation("manager", reasons::kOwnManager));
}

TEST_F(DirectoryTest, UsersWhoComeTogetherMakeNoCircleEither) {
  const auto created =
      bench_.Write<v1::User>([](resource::Changes& changes) -> absl::StatusOr<v1::User> {
        v1::User anna = NewUser("Anna");
        anna.set_manager("users/ben");
        LOTURA_RETURN_IF_ERROR(changes.Create(anna, "", "anna").status());
        v1::User ben = NewUser("Ben");
        ben.set_manager("users/anna");
        return changes.Create(ben, "", "ben");
      });

  EXPECT_THAT(created, HasViolation("manager", reasons::kOwnManager));
}

TEST_F(DirectoryTest, UserIsNotHisOwnManagerOverOthers) {
  ASSERT_THAT(bench_.Create(NewUser("Anna"), "", "anna"), IsOk());
  v1::User ben = NewUser("Ben");
  ben.set_manager("users/anna");
  ASSERT_THAT(bench_.Create(ben, "", "ben"), IsOk());
  v1::User carla = NewUser("Carla");
  carla.set_manager("users/ben");
  ASSERT_THAT(bench_.Create(carla, "", "carla"), IsOk());
  v1::User anna = *bench_.Get<v1::User>("users/anna");

  anna.set_manager("users/carla");
  EXPECT_THAT(bench_.Save(anna), HasViolation("manager", reasons::kOwnManager));
  anna.set_manager("users/none");
  EXPECT_THAT(bench_.Save(anna), StatusIs(StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
}

TEST_F(DirectoryTest, TeamIsNotAPartOfItselfOverOthers) {
  const auto team = [](const char* display_name, const char* parent) {
    v1::Team made;
    made.set_display_name(display_name);
    made.set_parent_team(parent);
    return made;
  };
  ASSERT_THAT(bench_.Create(team("Sales", ""), "", "sales"), IsOk());
  ASSERT_THAT(bench_.Create(team("Central", "teams/sales"), "", "central"), IsOk());
  ASSERT_THAT(bench_.Create(team("Berlin", "teams/central"), "", "berlin"), IsOk());
  v1::Team sales = *bench_.Get<v1::Team>("teams/sales");

  for (const char* parent : {"teams/sales", "teams/central", "teams/berlin"}) {
    sales.set_parent_team(parent);
    EXPECT_THAT(bench_.Save(sales), HasViolation("parent_team", reasons::kOwnParent)) << parent;
  }

  EXPECT_EQ(bench_.List<v1::Team>({.filter = "parent_team = \"teams/sales\""})->size(), 1);
}

TEST_F(DirectoryTest, AddressBelongsToOneUserUntilHeIsDeleted) {
  ASSERT_THAT(bench_.Create(NewUser("Anna", "Anna@Example.com"), "", "anna"), IsOk());
  EXPECT_THAT(bench_.Create(NewUser("Other", "anna@example.com")),
              StatusIs(StatusCode::kAlreadyExists, "MATCH_KEY_TAKEN"));

  ASSERT_THAT(bench_.Delete<v1::User>("users/anna"), IsOk());

  EXPECT_THAT(bench_.Create(NewUser("Other", "anna@example.com")), IsOk());
}

TEST_F(DirectoryTest, UserAndTeamAreFoundByWhatTheEnterpriseCallsThemAndOneOfEachHasIt) {
  v1::User anna = NewUser("Anna");
  anna.set_external_id("00u1a2b3");
  ASSERT_THAT(bench_.Create(anna, "", "anna"), IsOk());
  v1::Team team;
  team.set_display_name("Central");
  team.set_external_id("g-17");
  ASSERT_THAT(bench_.Create(team, "", "central"), IsOk());

  EXPECT_EQ(bench_.List<v1::User>({.filter = "external_id = \"00u1a2b3\""})->size(), 1);
  EXPECT_EQ(bench_.List<v1::Team>({.filter = "external_id = \"g-17\""})->size(), 1);
  anna.set_external_id(" 00u1a2b3 ");
  EXPECT_THAT(bench_.Create(anna), StatusIs(StatusCode::kAlreadyExists, "MATCH_KEY_TAKEN"));
  EXPECT_THAT(bench_.Create(team), StatusIs(StatusCode::kAlreadyExists, "MATCH_KEY_TAKEN"));
}

}  // namespace
}  // namespace lotura::directory
