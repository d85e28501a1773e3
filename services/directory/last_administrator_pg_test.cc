// A tenant keeps an administrator, whatever a write changes and whoever writes at the same time.
#include "services/directory/last_administrator.h"

#include <google/protobuf/text_format.h>

#include <array>
#include <latch>
#include <thread>

#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/permission_set.pb.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/app.h"
#include "services/directory/domain/reasons.h"

namespace lotura::directory {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;

constexpr char kAdministrates[] = R"(
  display_name: "Boss" permissions: "directory.*"
  record_rules { record_type: "*" scope: SCOPE_ALL access: ACCESS_UPDATE })";

template <typename T>
T Read(const std::string& text) {
  T record;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &record)) << text;
  return record;
}

// Refused because of the last administrator, naming this field.
MATCHER_P(KeepsTheLast, field, "") {
  *result_listener << testing::StatusOf(arg).ToString();
  const ErrorInfo info = InfoOf(testing::StatusOf(arg));
  return testing::StatusOf(arg).code() == StatusCode::kFailedPrecondition &&
         info.reason == reasons::kLastAdministrator && info.metadata.contains("field") &&
         info.metadata.at("field") == field;
}

class LastAdministratorTest : public ::testing::Test {
 protected:
  template <typename T>
  void Make(const std::string& id, const std::string& text) {
    ASSERT_THAT(bench_.Create(Read<T>(text), "", id), IsOk());
  }

  void MakeUser(const std::string& id) { Make<v1::User>(id, "display_name: \"Somebody\""); }

  void Assign(const std::string& id, const std::string& member, const std::string& more = "",
              const std::string& role = "boss") {
    Make<v1::RoleAssignment>(
        id, fmt::format("role: \"roles/{}\" member: \"{}\" {}", role, member, more));
  }

  // Anna is the only administrator.
  void MakeAnna() {
    Make<v1::Role>("boss", kAdministrates);
    MakeUser("anna");
    Assign("anna", "users/anna");
  }

  template <typename T, typename Edit>
  absl::Status Edited(const std::string& name, const Edit& edit) {
    LOTURA_ASSIGN_OR_RETURN(T record, bench_.Get<T>(name));
    edit(record);
    return bench_.Save(record).status();
  }

  absl::Status Suspend(const std::string& user) {
    return Edited<v1::User>(user, [](v1::User& record) { record.set_suspended(true); });
  }

  absl::Status UndeleteRole(const std::string& name) {
    return bench_
        .Write<v1::Role>([&](resource::Changes& changes) -> absl::StatusOr<v1::Role> {
          LOTURA_ASSIGN_OR_RETURN(
              const auto record,
              changes.UndeleteAny(changes.TypeOf(v1::Role::descriptor()), name, ""));
          return static_cast<const v1::Role&>(*record);
        })
        .status();
  }

  std::int64_t JournalSize() {
    std::int64_t count = 0;
    testing::MustBeOk(
        bench_.writes().Read(Deadline::After(std::chrono::seconds(10)), [&](pg::Tx& tx) {
          count = tx.RunBuilt("Count", "SELECT count(*) FROM journal", pg::Params()).Int(0, 0);
          return absl::OkStatus();
        }));
    return count;
  }

  testing::ServiceBench bench_{Spec()};
};

TEST_F(LastAdministratorTest, TenantWithoutOneIsNotHindered) {
  MakeUser("anna");
  Make<v1::Role>("seller", "display_name: \"Seller\" permissions: \"sales.*\"");
  Assign("anna", "users/anna", "", "seller");

  EXPECT_THAT(Suspend("users/anna"), IsOk());
  EXPECT_THAT(bench_.Delete<v1::RoleAssignment>("roleAssignments/anna"), IsOk());
  EXPECT_THAT(bench_.Delete<v1::Role>("roles/seller"), IsOk());
}

TEST_F(LastAdministratorTest, IsNeitherSuspendedNorDeleted) {
  MakeAnna();
  const std::int64_t before = JournalSize();

  EXPECT_THAT(Suspend("users/anna"), KeepsTheLast("suspended"));
  EXPECT_THAT(bench_.Delete<v1::User>("users/anna"), KeepsTheLast("name"));

  EXPECT_EQ(JournalSize(), before);
  EXPECT_FALSE(bench_.Get<v1::User>("users/anna")->suspended());
}

TEST_F(LastAdministratorTest, KeepsTheAssignment) {
  MakeAnna();
  const auto edit = [&](const auto& change) {
    return Edited<v1::RoleAssignment>("roleAssignments/anna", change);
  };

  EXPECT_THAT(bench_.Delete<v1::RoleAssignment>("roleAssignments/anna"), KeepsTheLast("name"));
  EXPECT_THAT(edit([](auto& record) { record.add_record_types("directory.lotura/Role"); }),
              KeepsTheLast("record_types"));
  EXPECT_THAT(edit([&](auto& record) { record.mutable_expire_time()->set_seconds(4'000'000'000); }),
              KeepsTheLast("expire_time"));
  EXPECT_THAT(edit([&](auto& record) { record.mutable_expire_time()->set_seconds(1); }),
              KeepsTheLast("expire_time"));
  EXPECT_THAT(edit([](auto& record) {
                record.add_record_types("directory.lotura/Role");
                record.add_record_types("directory.lotura/RoleAssignment");
              }),
              IsOk());
}

TEST_F(LastAdministratorTest, RoleGoesOnToLetAdminister) {
  MakeAnna();
  const auto edit = [&](const auto& change) { return Edited<v1::Role>("roles/boss", change); };

  EXPECT_THAT(bench_.Delete<v1::Role>("roles/boss"), KeepsTheLast("name"));
  EXPECT_THAT(edit([](auto& role) { role.set_permissions(0, "directory.roles.*"); }),
              KeepsTheLast("permissions"));
  EXPECT_THAT(edit([](auto& role) { role.clear_record_rules(); }), KeepsTheLast("record_rules"));
  EXPECT_THAT(edit([](auto& role) {
                role.mutable_record_rules(0)->set_access(v1::Role::RecordRule::ACCESS_READ);
              }),
              KeepsTheLast("record_rules"));
  EXPECT_THAT(edit([](auto& role) {
                *role.add_field_rules() = Read<v1::Role::FieldRule>(
                    R"(record_type: "directory.lotura/Role" field: "*" access: ACCESS_READ)");
              }),
              KeepsTheLast("field_rules"));
  EXPECT_THAT(edit([](auto& role) { role.set_description("Does all"); }), IsOk());
}

TEST_F(LastAdministratorTest, RoleMayHaveItFromWhatItIsMadeOf) {
  Make<v1::PermissionSet>("keys", "display_name: \"Keys\" permissions: \"directory.*\"");
  Make<v1::Role>("base", R"(display_name: "Base" permission_sets: "permissionSets/keys"
      record_rules { record_type: "directory.lotura/Role" scope: SCOPE_ALL access: ACCESS_UPDATE })");
  Make<v1::Role>("boss", R"(display_name: "Boss" base_role: "roles/base"
      record_rules { record_type: "directory.lotura/RoleAssignment" scope: SCOPE_ALL access: ACCESS_DELETE })");
  MakeUser("anna");
  Assign("anna", "users/anna");

  EXPECT_THAT(bench_.Delete<v1::PermissionSet>("permissionSets/keys"), KeepsTheLast("name"));
  EXPECT_THAT(
      Edited<v1::PermissionSet>("permissionSets/keys", [](auto& set) { set.clear_permissions(); }),
      KeepsTheLast("permissions"));
  EXPECT_THAT(bench_.Delete<v1::Role>("roles/base"), KeepsTheLast("name"));
  EXPECT_THAT(Edited<v1::Role>("roles/base", [](auto& role) { role.clear_permission_sets(); }),
              KeepsTheLast("permission_sets"));
  EXPECT_THAT(Edited<v1::Role>("roles/boss", [](auto& role) { role.clear_base_role(); }),
              KeepsTheLast("base_role"));
}

// While the base is deleted its field rules forbid nothing.
TEST_F(LastAdministratorTest, RoleThatForbidsFieldsDoesNotComeBackBelowTheLastOne) {
  Make<v1::Role>("narrow", R"(display_name: "Narrow"
      field_rules { record_type: "directory.lotura/Role" field: "*" access: ACCESS_READ })");
  Make<v1::Role>("harmless", "display_name: \"Harmless\"");
  Make<v1::Role>("middle", "display_name: \"Middle\" base_role: \"roles/narrow\"");
  Make<v1::Role>("boss", std::string(kAdministrates) + " base_role: \"roles/middle\"");
  MakeUser("anna");
  Assign("anna", "users/anna");
  ASSERT_THAT(bench_.Delete<v1::Role>("roles/narrow"), IsOk());
  ASSERT_THAT(bench_.Delete<v1::Role>("roles/harmless"), IsOk());

  EXPECT_THAT(UndeleteRole("roles/narrow"), KeepsTheLast("name"));
  EXPECT_THAT(UndeleteRole("roles/harmless"), IsOk());
}

TEST_F(LastAdministratorTest, SecondOneIsEnough) {
  MakeAnna();
  MakeUser("ben");
  Assign("ben", "users/ben");

  EXPECT_THAT(Suspend("users/anna"), IsOk());

  EXPECT_THAT(Suspend("users/ben"), KeepsTheLast("suspended"));
}

TEST_F(LastAdministratorTest, MayBeAClient) {
  MakeAnna();
  Make<v1::Client>("erp", "display_name: \"ERP\"");
  Assign("erp", "clients/erp");
  ASSERT_THAT(bench_.Delete<v1::User>("users/anna"), IsOk());
  const auto edit = [&](const auto& change) { return Edited<v1::Client>("clients/erp", change); };

  EXPECT_THAT(bench_.Delete<v1::Client>("clients/erp"), KeepsTheLast("name"));
  EXPECT_THAT(edit([](auto& client) { client.set_suspended(true); }), KeepsTheLast("suspended"));
  EXPECT_THAT(edit([](auto& client) { client.mutable_expire_time()->set_seconds(4'000'000'000); }),
              KeepsTheLast("expire_time"));
}

TEST_F(LastAdministratorTest, OneForAWhileDoesNotReplaceOneForGood) {
  MakeAnna();
  MakeUser("ben");
  Assign("ben", "users/ben", "expire_time { seconds: 4000000000 }");
  EXPECT_THAT(Suspend("users/anna"), KeepsTheLast("suspended"));
  ASSERT_THAT(Suspend("users/ben"), IsOk());
}

TEST_F(LastAdministratorTest, LastOneForAWhileIsKeptAsWell) {
  Make<v1::Role>("boss", kAdministrates);
  for (const char* user : {"anna", "ben"}) {
    MakeUser(user);
    Assign(user, std::string("users/") + user, "expire_time { seconds: 4000000000 }");
  }

  EXPECT_THAT(Suspend("users/ben"), IsOk());
  EXPECT_THAT(Suspend("users/anna"), KeepsTheLast("suspended"));
}

TEST_F(LastAdministratorTest, AssignmentThatHasEndedCountsForNothing) {
  Make<v1::Role>("boss", kAdministrates);
  MakeUser("anna");
  Assign("anna", "users/anna", "expire_time { seconds: 1000 }");

  EXPECT_THAT(Suspend("users/anna"), IsOk());
}

class AdministratorsOfTeamTest : public LastAdministratorTest {
 protected:
  // The role is the team's; Anna is in a team below it.
  void SetUp() override {
    Make<v1::Role>("boss", kAdministrates);
    Make<v1::Team>("staff", "display_name: \"Staff\"");
    Make<v1::Team>("berlin", "display_name: \"Berlin\" parent_team: \"teams/staff\"");
    Make<v1::Team>("paris", "display_name: \"Paris\"");
    Make<v1::User>("anna", "display_name: \"Anna\" team: \"teams/berlin\"");
    MakeUser("ben");
    Assign("staff", "teams/staff");
  }
};

TEST_F(AdministratorsOfTeamTest, LastMemberStays) {
  EXPECT_THAT(Edited<v1::User>("users/anna", [](auto& user) { user.set_team("teams/paris"); }),
              KeepsTheLast("team"));
  EXPECT_THAT(Suspend("users/anna"), KeepsTheLast("suspended"));
  EXPECT_THAT(Suspend("users/ben"), IsOk());
}

TEST_F(AdministratorsOfTeamTest, TeamStaysWhereItGivesTheRole) {
  EXPECT_THAT(bench_.Delete<v1::Team>("teams/berlin"), KeepsTheLast("name"));
  EXPECT_THAT(bench_.Delete<v1::Team>("teams/staff"), KeepsTheLast("name"));
  EXPECT_THAT(Edited<v1::Team>("teams/berlin", [](auto& team) { team.clear_parent_team(); }),
              KeepsTheLast("parent_team"));
  EXPECT_THAT(
      Edited<v1::Team>("teams/paris", [](auto& team) { team.set_parent_team("teams/staff"); }),
      IsOk());
}

TEST_F(AdministratorsOfTeamTest, WhoeverLeadsTheTeamIsOne) {
  ASSERT_THAT(Edited<v1::Team>("teams/berlin", [](auto& team) { team.set_manager("users/ben"); }),
              IsOk());
  ASSERT_THAT(Suspend("users/anna"), IsOk());

  EXPECT_THAT(Edited<v1::Team>("teams/berlin", [](auto& team) { team.clear_manager(); }),
              KeepsTheLast("manager"));
  EXPECT_THAT(bench_.Delete<v1::User>("users/ben"), KeepsTheLast("name"));
}

TEST_F(AdministratorsOfTeamTest, LastMemberStaysHoweverDeepHisTeamStands) {
  std::string above = "berlin";
  for (int level = 0; level < 60; ++level) {
    const std::string id = fmt::format("t{}", level);
    Make<v1::Team>(id, fmt::format("display_name: \"Part\" parent_team: \"teams/{}\"", above));
    above = id;
  }
  ASSERT_THAT(Edited<v1::User>("users/anna", [&](auto& user) { user.set_team("teams/" + above); }),
              IsOk());

  EXPECT_THAT(Suspend("users/anna"), KeepsTheLast("suspended"));
  EXPECT_THAT(bench_.Delete<v1::Team>("teams/t30"), KeepsTheLast("name"));
}

TEST_F(LastAdministratorTest, UnitThatReplacesTheLastOnePasses) {
  MakeAnna();
  Make<v1::User>("ben", "display_name: \"Ben\" suspended: true");
  Assign("ben", "users/ben");
  const auto swap = [&](const char* out, const char* in) {
    return bench_.Write<v1::User>([=](resource::Changes& changes) -> absl::StatusOr<v1::User> {
      LOTURA_ASSIGN_OR_RETURN(v1::User one, changes.Load<v1::User>(out));
      one.set_suspended(true);
      LOTURA_RETURN_IF_ERROR(changes.Save(one).status());
      LOTURA_ASSIGN_OR_RETURN(v1::User other, changes.Load<v1::User>(in));
      other.set_suspended(false);
      return changes.Save(other);
    });
  };

  EXPECT_THAT(swap("users/anna", "users/ben"), IsOk());
  EXPECT_THAT(swap("users/ben", "users/anna"), IsOk());
}

TEST_F(LastAdministratorTest, IsKeptWhenItIsOnlyTried) {
  MakeAnna();
  v1::DeleteUserRequest request;
  request.set_name("users/anna");
  request.set_validate_only(true);
  absl::StatusOr<v1::User> (*verb)(const Call&, const v1::DeleteUserRequest&, resource::Changes&) =
      [](const Call&, const v1::DeleteUserRequest& asked,
         resource::Changes& changes) -> absl::StatusOr<v1::User> {
    LOTURA_ASSIGN_OR_RETURN(v1::User user, changes.Load<v1::User>(asked.name()));
    user.set_suspended(true);
    return changes.Save(user);
  };

  EXPECT_THAT(bench_.Do(verb, bench_.CallAs(), request), KeepsTheLast("suspended"));
}

TEST_F(LastAdministratorTest, WhatTakesNothingFromThemReliesOnNobody) {
  MakeAnna();
  MakeUser("ben");
  const std::string etag = bench_.Get<v1::Role>("roles/boss")->etag();

  ASSERT_THAT(Suspend("users/ben"), IsOk());
  ASSERT_THAT(Edited<v1::User>("users/anna", [](auto& user) { user.set_job_title("Boss"); }),
              IsOk());

  EXPECT_EQ(bench_.Get<v1::Role>("roles/boss")->etag(), etag);
}

// Two who take each other's rights at the same moment: one of them comes second, and is refused.
TEST_F(LastAdministratorTest, TwoWhoRemoveEachOtherDoNotBothSucceed) {
  MakeAnna();
  MakeUser("ben");
  Assign("ben", "users/ben");
  int met = 0;
  for (int round = 0; round < 40; ++round) {
    std::latch both(2);
    std::array<absl::Status, 2> ends;
    std::array<int, 2> runs{};
    const auto remove = [&](std::size_t which, const char* user) {
      ends[which] =
          bench_
              .Write<v1::User>([&, which](resource::Changes& changes) -> absl::StatusOr<v1::User> {
                LOTURA_ASSIGN_OR_RETURN(v1::User found, changes.Load<v1::User>(user));
                if (++runs[which] == 1) both.arrive_and_wait();
                found.set_suspended(true);
                return changes.Save(found);
              })
              .status();
    };
    {
      const std::jthread one([&] { remove(0, "users/anna"); });
      const std::jthread other([&] { remove(1, "users/ben"); });
    }
    ASSERT_NE(ends[0].ok(), ends[1].ok()) << round << ends[0] << ends[1];
    EXPECT_THAT(ends[ends[0].ok() ? 1 : 0], KeepsTheLast("suspended"));
    if (runs[0] + runs[1] > 2) ++met;
    for (const char* user : {"users/anna", "users/ben"}) {
      ASSERT_THAT(Edited<v1::User>(user, [](v1::User& record) { record.set_suspended(false); }),
                  IsOk());
    }
  }
  // Otherwise they were never at it at the same moment.
  EXPECT_GT(met, 0);
}

}  // namespace
}  // namespace lotura::directory
