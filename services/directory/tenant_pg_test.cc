// Tenants, as a write meets them, and what directory does for them beside calls.
#include "services/directory/tenant.h"

#include "libs/access/tenants.h"
#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "services/directory/app.h"
#include "services/directory/domain/reasons.h"
#include "services/directory/provisioning.h"
#include "services/directory/queries.sql.h"
#include "services/directory/tend_tenants.h"

namespace lotura::directory {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

// The tenant of the bench's own calls, and another one.
constexpr char kOperator[] = "00000000-0000-0000-0000-000000000001";
constexpr char kOther[] = "00000000-0000-0000-0000-000000000002";
constexpr char kRecord[] = "tenants/00000000-0000-0000-0000-000000000002";

v1::Tenant NewTenant(const char* administrator = "anna") {
  v1::Tenant record;
  record.set_display_name("Second");
  record.set_administrator(administrator);
  return record;
}

class TenantTest : public ::testing::Test {
 protected:
  TenantTest() {
    config_.operator_tenant = kOperator;
    config_.tenant_grace_days = 1;
  }

  absl::Status Tend() {
    return TendTenants({bench_.queries().database, bench_.work(), config_, bench_.clock()});
  }

  // What the other tenant has.
  template <typename T>
  absl::StatusOr<T> GetOfOther(const std::string& name) {
    const Call call = bench_.CallAs({"*"}, 2);
    resource::Changes changes(bench_.work().parts(), call);
    return changes.Load<T>(name);
  }

  // Of the other tenant, who has deleted it.
  template <typename T>
  void LeaveDeleted(const T& record, const std::string& id) {
    const Call call = bench_.CallAs({"*"}, 2);
    const auto create = [&](resource::Changes& changes) { return changes.Create(record, "", id); };
    ASSERT_OK_AND_ASSIGN(const T made, testing::RunWrite<T>(bench_.work(), call, T(), create));
    const auto remove = [&](resource::Changes& changes) -> absl::StatusOr<T> {
      LOTURA_ASSIGN_OR_RETURN(const auto deleted,
                              changes.DeleteAny(changes.TypeOf(T::descriptor()), made.name(), ""));
      return static_cast<const T&>(*deleted);
    };
    ASSERT_THAT(testing::RunWrite<T>(bench_.work(), call, T(), remove), IsOk());
  }

  v1::Tenant::State StateOf(const std::string& name) {
    const Call call = bench_.CallAs();
    resource::Changes changes(bench_.work().parts(), call);
    const auto record = changes.LoadAny(changes.TypeOf(v1::Tenant::descriptor()), name, "");
    EXPECT_THAT(record.status(), IsOk());
    return static_cast<const v1::Tenant&>(*record->message).state();
  }

  absl::Status Undelete(const std::string& name) {
    return bench_
        .Write<v1::Tenant>([&](resource::Changes& changes) -> absl::StatusOr<v1::Tenant> {
          LOTURA_ASSIGN_OR_RETURN(
              const auto record,
              changes.UndeleteAny(changes.TypeOf(v1::Tenant::descriptor()), name, ""));
          return static_cast<const v1::Tenant&>(*record);
        })
        .status();
  }

  testing::ServiceBench bench_{Spec()};
  host::Config config_;
};

TEST_F(TenantTest, IsReadAndListedAsItWasCreated) {
  ASSERT_OK_AND_ASSIGN(const v1::Tenant created, bench_.Create(NewTenant(), "", kOther));

  EXPECT_EQ(created.name(), kRecord);
  EXPECT_EQ(created.state(), v1::Tenant::STATE_PROVISIONING);
  EXPECT_EQ(bench_.Get<v1::Tenant>(kRecord)->DebugString(), created.DebugString());
  EXPECT_EQ(bench_.List<v1::Tenant>({.filter = "state = PROVISIONING"})->size(), 1);
}

TEST_F(TenantTest, HasAUuidWhetherChosenOrAssigned) {
  // The first ids of the bench are those of these tenants.
  v1::User user;
  user.set_display_name("Anna");
  ASSERT_THAT(bench_.Create(user), IsOk());
  ASSERT_OK_AND_ASSIGN(const v1::Tenant created, bench_.Create(NewTenant()));
  EXPECT_TRUE(access::TenantOfRecord(created.name()).has_value()) << created.name();

  for (const char* id :
       {"acme", "0", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000023",
        "00000000000000000000000000000002", "0000000A-0000-0000-0000-000000000002"})
    EXPECT_THAT(bench_.Create(NewTenant(), "", id), HasViolation("tenant_id", "ID_INVALID")) << id;
}

TEST_F(TenantTest, IsNeitherTheOperatorsOwnNorThereTwice) {
  EXPECT_THAT(bench_.Create(NewTenant(), "", kOperator),
              HasViolation("name", reasons::kOperatorTenant));
  ASSERT_THAT(bench_.Create(NewTenant(), "", kOther), IsOk());

  EXPECT_THAT(bench_.Create(NewTenant(), "", kOther),
              StatusIs(StatusCode::kAlreadyExists, "ID_TAKEN"));
}

TEST_F(TenantTest, IsAdministeredByAUserOrAClient) {
  for (const char* text : {"Anna", "teams/north", "users/", "anna smith", "clients/ERP"})
    EXPECT_THAT(bench_.Create(NewTenant(text)), HasViolation("administrator", "FORMAT_INVALID"))
        << text;
  EXPECT_THAT(bench_.Create(NewTenant("")), HasViolation("administrator", "REQUIRED"));
}

TEST_F(TenantTest, BeginsWithTheBuiltInRolesAndItsAdministrator) {
  ASSERT_THAT(bench_.Create(NewTenant("anna"), "", kOther), IsOk());

  ASSERT_THAT(Tend(), IsOk());

  EXPECT_EQ(StateOf(kRecord), v1::Tenant::STATE_ACTIVE);
  ASSERT_OK_AND_ASSIGN(const std::vector<v1::Role> roles, BuiltInRoles());
  EXPECT_GE(roles.size(), 7U);
  for (const v1::Role& role : roles) EXPECT_THAT(GetOfOther<v1::Role>(role.name()), IsOk());
  EXPECT_EQ(GetOfOther<v1::User>("users/anna")->display_name(), "anna");
  const auto assignment = GetOfOther<v1::RoleAssignment>("roleAssignments/first-administrator");
  ASSERT_THAT(assignment, IsOk());
  EXPECT_EQ(assignment->role(), "roles/administrator");
  EXPECT_EQ(assignment->member(), "users/anna");
  // Of the operator's own tenant nothing has changed.
  EXPECT_TRUE(bench_.List<v1::Role>({})->empty());
}

TEST_F(TenantTest, MayBeAdministeredByAClient) {
  ASSERT_THAT(bench_.Create(NewTenant("clients/erp"), "", kOther), IsOk());

  ASSERT_THAT(Tend(), IsOk());

  EXPECT_THAT(GetOfOther<v1::Client>("clients/erp"), IsOk());
  EXPECT_EQ(GetOfOther<v1::RoleAssignment>("roleAssignments/first-administrator")->member(),
            "clients/erp");
}

TEST_F(TenantTest, WhatATenantHasAlreadyIsLeftAsItIs) {
  v1::User anna;
  anna.set_display_name("Anna of old");
  const Call call = bench_.CallAs({"*"}, 2);
  ASSERT_THAT(testing::RunWrite<v1::User>(
                  bench_.work(), call, v1::User(),
                  [&](resource::Changes& changes) { return changes.Create(anna, "", "anna"); }),
              IsOk());
  ASSERT_THAT(bench_.Create(NewTenant("anna"), "", kOther), IsOk());

  ASSERT_THAT(Tend(), IsOk());
  ASSERT_THAT(Tend(), IsOk());

  EXPECT_EQ(GetOfOther<v1::User>("users/anna")->display_name(), "Anna of old");
  EXPECT_THAT(GetOfOther<v1::Role>("roles/administrator"), IsOk());
}

TEST_F(TenantTest, WhatItHasDeletedKeepsItFromNothing) {
  v1::User anna;
  anna.set_display_name("Anna of old");
  LeaveDeleted(anna, "anna");
  v1::Role representative;
  representative.set_display_name("Representative of old");
  LeaveDeleted(representative, "sales-representative");
  ASSERT_THAT(bench_.Create(NewTenant("anna"), "", kOther), IsOk());

  ASSERT_THAT(Tend(), IsOk());

  EXPECT_EQ(StateOf(kRecord), v1::Tenant::STATE_ACTIVE);
  EXPECT_THAT(GetOfOther<v1::User>("users/anna"),
              StatusIs(StatusCode::kFailedPrecondition, "DELETED"));
  EXPECT_THAT(GetOfOther<v1::Role>("roles/administrator"), IsOk());
  // These would refer to what is deleted.
  for (const absl::Status& left_out :
       {GetOfOther<v1::Role>("roles/sales-manager").status(),
        GetOfOther<v1::RoleAssignment>("roleAssignments/first-administrator").status()})
    EXPECT_THAT(left_out, StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
}

TEST_F(TenantTest, WhoseRoleOfAdministratorsIsDeletedIsActiveAllTheSame) {
  v1::Role role;
  role.set_display_name("Administrator of old");
  LeaveDeleted(role, "administrator");
  ASSERT_THAT(bench_.Create(NewTenant("clients/erp"), "", kOther), IsOk());

  ASSERT_THAT(Tend(), IsOk());

  EXPECT_EQ(StateOf(kRecord), v1::Tenant::STATE_ACTIVE);
  EXPECT_THAT(GetOfOther<v1::Client>("clients/erp"), IsOk());
  EXPECT_THAT(GetOfOther<v1::RoleAssignment>("roleAssignments/first-administrator"),
              StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
}

TEST_F(TenantTest, ComesBackUntilItsGraceIsOver) {
  ASSERT_THAT(bench_.Create(NewTenant(), "", kOther), IsOk());
  ASSERT_THAT(Tend(), IsOk());
  ASSERT_THAT(bench_.Delete<v1::Tenant>(kRecord), IsOk());
  bench_.clock().Advance(std::chrono::hours(23));
  ASSERT_THAT(Tend(), IsOk());
  EXPECT_EQ(StateOf(kRecord), v1::Tenant::STATE_ACTIVE);
  ASSERT_THAT(Undelete(kRecord), IsOk());
  ASSERT_THAT(bench_.Delete<v1::Tenant>(kRecord), IsOk());

  bench_.clock().Advance(std::chrono::hours(24));
  ASSERT_THAT(Tend(), IsOk());

  EXPECT_EQ(StateOf(kRecord), v1::Tenant::STATE_PURGING);
  EXPECT_THAT(Undelete(kRecord), StatusIs(StatusCode::kFailedPrecondition, reasons::kTenantPurged));
  EXPECT_THAT(bench_.Create(NewTenant(), "", kOther),
              StatusIs(StatusCode::kAlreadyExists, "ID_TAKEN"));
}

TEST_F(TenantTest, ThoseWhoseGraceIsOverAreFoundByAnIndex) {
  const pg::Params params =
      pg::Params().Tenant(bench_.CallAs().principal.tenant).Time(bench_.clock().Now()).Int(100);
  std::string plan;
  testing::MustBeOk(
      bench_.writes().Read(Deadline::After(std::chrono::seconds(10)), [&](pg::Tx& tx) {
        const pg::Rows rows =
            tx.RunBuilt("Explain", fmt::format("EXPLAIN {}", sql::kTenantsToPurge.text), params);
        for (std::size_t i = 0; i < rows.size(); ++i) plan += rows.String(i, 0) + "\n";
        return absl::OkStatus();
      }));

  EXPECT_NE(plan.find("tenant_tenant_id_delete_time_name_idx"), std::string::npos) << plan;
}

}  // namespace
}  // namespace lotura::directory
