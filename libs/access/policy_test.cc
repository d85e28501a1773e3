// What roles, rules and assignments add up to.
#include "libs/access/policy.h"

#include <gtest/gtest.h>

#include "libs/access/vocabulary.h"
#include "libs/base/call.h"
#include "libs/resource/testdata/specimens.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::access {
namespace {

using resource::Access;
using resource::FieldAccess;
using resource::FromText;
using sales::v1::Opportunity;

constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15}};

const resource::Declaration& Deals() {
  return *Vocabulary::Linked().FindType("sales.lotura/Opportunity");
}

template <typename T>
void Put(const std::string& text, std::map<std::string, T>& records) {
  T record = FromText<T>(text);
  const std::string name = record.name();
  records[name] = std::move(record);
}

// Berlin is a part of Central, which Mia leads; Anna and Ben sell in Berlin, Olga in Paris.
PolicyRecords Enterprise() {
  PolicyRecords records;
  Put(R"(name: "teams/central" manager: "users/mia")", records.teams);
  Put(R"(name: "teams/berlin" parent_team: "teams/central")", records.teams);
  Put(R"(name: "teams/paris")", records.teams);
  Put(R"(name: "users/mia")", records.users);
  Put(R"(name: "users/anna" team: "teams/berlin")", records.users);
  Put(R"(name: "users/ben" team: "teams/berlin")", records.users);
  Put(R"(name: "users/olga" team: "teams/paris")", records.users);
  return records;
}

void Assign(const std::string& role, const std::string& member, PolicyRecords& records,
            const std::string& more = "") {
  const std::string name = fmt::format("roleAssignments/a{}", records.assignments.size());
  Put(fmt::format(R"(name: "{}" role: "{}" member: "{}" {})", name, role, member, more),
      records.assignments);
}

Opportunity DealOf(const std::string& owner) {
  Opportunity deal;
  deal.set_name("opportunities/o1");
  if (!owner.empty()) deal.set_owner(FullName(owner));
  return deal;
}

// What a user may do with a deal of an owner.
Access With(const Policy& policy, const std::string& user, const std::string& owner) {
  const auto subject = policy.FindSubject(user, kNow);
  if (!subject.has_value()) return Access::kNone;
  const resource::View view = subject->ViewOf(Deals());
  Access most = Access::kNone;
  for (const Access access : {Access::kRead, Access::kUpdate, Access::kDelete}) {
    if (view.Allows(access, DealOf(owner))) most = access;
  }
  return most;
}

bool Permits(const Subject& subject, std::string_view permission) {
  return Principal{.permissions = subject.Permissions()}.Permits(permission);
}

bool Permits(const Policy& policy, const std::string& user, Instant now,
             std::string_view permission) {
  return Permits(*policy.FindSubject(user, now), permission);
}

constexpr char kSeller[] = R"(
  name: "roles/seller"
  permissions: "sales.opportunities.*"
  record_rules { record_type: "sales.lotura/Opportunity" scope: SCOPE_OWN access: ACCESS_UPDATE }
  record_rules { record_type: "sales.lotura/Opportunity" scope: SCOPE_TEAM access: ACCESS_READ })";
constexpr char kLeader[] = R"(
  name: "roles/leader"
  record_rules {
    record_type: "sales.lotura/Opportunity" scope: SCOPE_TEAM_AND_BELOW access: ACCESS_DELETE
  })";

TEST(PolicyTest, WithoutARoleNothingIsSeen) {
  const Policy policy(Enterprise());

  EXPECT_FALSE(Permits(policy, "users/anna", kNow, "sales.opportunities.read"));
  EXPECT_EQ(With(policy, "users/anna", "users/anna"), Access::kNone);
}

TEST(PolicyTest, OwnRecordsAreChangedAndThoseOfTheTeamRead) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Assign("roles/seller", "users/anna", records);
  const Policy policy(std::move(records));

  EXPECT_EQ(With(policy, "users/anna", "users/anna"), Access::kUpdate);
  EXPECT_EQ(With(policy, "users/anna", "users/ben"), Access::kRead);
  EXPECT_EQ(With(policy, "users/anna", "users/olga"), Access::kNone);
  EXPECT_EQ(With(policy, "users/anna", ""), Access::kNone);
  EXPECT_EQ(With(policy, "users/ben", "users/ben"), Access::kNone);
}

TEST(PolicyTest, WhoeverLeadsATeamHasWhatLiesBelowIt) {
  PolicyRecords records = Enterprise();
  Put(kLeader, records.roles);
  Assign("roles/leader", "users/mia", records);
  const Policy policy(std::move(records));

  EXPECT_EQ(With(policy, "users/mia", "users/ben"), Access::kDelete);
  EXPECT_EQ(With(policy, "users/mia", "users/olga"), Access::kNone);
}

TEST(PolicyTest, ATeamsRoleIsThatOfItsMembersAndOfThoseBelow) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Assign("roles/seller", "teams/central", records);
  const Policy policy(std::move(records));

  for (const char* user : {"users/mia", "users/anna", "users/ben"}) {
    EXPECT_TRUE(Permits(policy, user, kNow, "sales.opportunities.write")) << user;
  }
  EXPECT_FALSE(Permits(policy, "users/olga", kNow, "sales.opportunities.write"));
}

TEST(PolicyTest, AClientHasItsRolesAndNobodysTeam) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Put(R"(name: "clients/erp")", records.clients);
  Put(R"(name: "clients/idle" suspended: true)", records.clients);
  Put(R"(name: "clients/brief" expire_time { seconds: 1768435210 })", records.clients);
  for (const char* client : {"clients/erp", "clients/idle", "clients/brief"})
    Assign("roles/seller", client, records);
  const Policy policy(std::move(records));

  EXPECT_TRUE(Permits(policy, "clients/erp", kNow, "sales.opportunities.write"));
  EXPECT_EQ(With(policy, "clients/erp", "users/anna"), Access::kNone);
  EXPECT_EQ(With(policy, "clients/erp", "clients/erp"), Access::kUpdate);
  EXPECT_FALSE(policy.FindSubject("clients/idle", kNow).has_value());
  EXPECT_FALSE(policy.FindSubject("clients/none", kNow).has_value());
  // Ten seconds from now.
  const Instant expiry = kNow + std::chrono::seconds(10);
  EXPECT_EQ(policy.FindSubject("clients/brief", kNow)->until(), expiry);
  EXPECT_FALSE(policy.FindSubject("clients/brief", expiry).has_value());
}

TEST(PolicyTest, WhatSomeoneWhoLeftOwnsStaysHisTeams) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Assign("roles/seller", "teams/berlin", records);
  records.users["users/ben"].mutable_delete_time()->set_seconds(1);
  const Policy policy(std::move(records));

  EXPECT_EQ(With(policy, "users/anna", "users/ben"), Access::kRead);
  EXPECT_FALSE(policy.FindSubject("users/ben", kNow).has_value());
}

TEST(PolicyTest, ASuspendedUserMayDoNothing) {
  PolicyRecords records = Enterprise();
  records.users["users/anna"].set_suspended(true);
  const Policy policy(std::move(records));

  EXPECT_FALSE(policy.FindSubject("users/anna", kNow).has_value());
  EXPECT_FALSE(policy.FindSubject("users/nobody", kNow).has_value());
}

TEST(PolicyTest, AnAssignmentEndsInTime) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Assign("roles/seller", "users/anna", records, "expire_time { seconds: 1768500000 }");
  const Policy policy(std::move(records));
  const Instant end{std::chrono::seconds(1'768'500'000)};

  EXPECT_TRUE(Permits(policy, "users/anna", kNow, "sales.opportunities.read"));
  EXPECT_EQ(policy.FindSubject("users/anna", kNow)->until(), end);
  EXPECT_FALSE(Permits(policy, "users/anna", end, "sales.opportunities.read"));
}

TEST(PolicyTest, AnAssignmentCountsForItsTypesAlone) {
  PolicyRecords records = Enterprise();
  Put(R"(name: "roles/all" permissions: "*"
         record_rules { record_type: "*" scope: SCOPE_ALL access: ACCESS_DELETE })",
      records.roles);
  Assign("roles/all", "users/anna", records, R"(record_types: "sales.lotura/Opportunity")");
  const Policy policy(std::move(records));
  const auto anna = policy.FindSubject("users/anna", kNow);

  EXPECT_TRUE(Permits(*anna, "sales.opportunities.write"));
  EXPECT_FALSE(Permits(*anna, "sales.pipelines.read"));
  EXPECT_TRUE(anna->ViewOf(Deals()).IsWhole());
  const auto* pipelines = Vocabulary::Linked().FindType("sales.lotura/Pipeline");
  EXPECT_TRUE(anna->ViewOf(*pipelines).grants().empty());
}

TEST(PolicyTest, ARoleHasWhatItBuildsUpon) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Put(R"(name: "permissionSets/catalog" permissions: "sales.products.read")",
      records.permission_sets);
  Put(R"(name: "roles/key-account" base_role: "roles/seller"
         permission_sets: "permissionSets/catalog" permission_sets: "permissionSets/gone")",
      records.roles);
  Assign("roles/key-account", "users/anna", records);
  const Policy policy(std::move(records));
  const auto anna = policy.FindSubject("users/anna", kNow);

  EXPECT_TRUE(Permits(*anna, "sales.opportunities.write"));
  EXPECT_TRUE(Permits(*anna, "sales.products.read"));
  EXPECT_EQ(With(policy, "users/anna", "users/anna"), Access::kUpdate);
}

TEST(PolicyTest, RolesThatBuildUponEachOtherEnd) {
  PolicyRecords records = Enterprise();
  Put(R"(name: "roles/a" base_role: "roles/b" permissions: "sales.products.read")", records.roles);
  Put(R"(name: "roles/b" base_role: "roles/a" permissions: "sales.prices.read")", records.roles);
  Assign("roles/a", "users/anna", records);
  const Policy policy(std::move(records));
  const auto anna = policy.FindSubject("users/anna", kNow);

  EXPECT_TRUE(Permits(*anna, "sales.products.read"));
  EXPECT_TRUE(Permits(*anna, "sales.prices.read"));
}

TEST(PolicyTest, ARuleOverWhatItsRoleHidesGrantsNothing) {
  PolicyRecords records = Enterprise();
  Put(R"(name: "roles/finder"
         field_rules {
           record_type: "sales.lotura/Opportunity" field: "display_name" access: ACCESS_READ
         })",
      records.roles);
  Put(R"(name: "roles/large" base_role: "roles/finder"
         record_rules {
           record_type: "sales.lotura/Opportunity" scope: SCOPE_ALL access: ACCESS_READ
           filter: "NOT amount.units > 1000"
         })",
      records.roles);
  Assign("roles/large", "users/anna", records);
  const Policy policy(std::move(records));

  EXPECT_EQ(With(policy, "users/anna", "users/anna"), Access::kNone);
}

TEST(PolicyTest, AFieldWithoutARuleIsHiddenWhereOthersHaveOne) {
  PolicyRecords records = Enterprise();
  Put(R"(name: "roles/support"
         record_rules { record_type: "*" scope: SCOPE_ALL access: ACCESS_UPDATE }
         field_rules { record_type: "sales.lotura/Opportunity" field: "owner" access: ACCESS_READ }
         field_rules {
           record_type: "sales.lotura/Opportunity" field: "display_name" access: ACCESS_WRITE
         })",
      records.roles);
  Assign("roles/support", "users/anna", records);
  const Policy policy(std::move(records));
  const resource::View view = policy.FindSubject("users/anna", kNow)->ViewOf(Deals());
  Opportunity deal = DealOf("users/ben");
  deal.set_display_name("Scanner");
  deal.mutable_amount()->set_units(5);

  const auto shown = view.Show(std::make_shared<Opportunity>(deal));

  deal.clear_amount();
  EXPECT_EQ(shown->DebugString(), deal.DebugString());
  EXPECT_EQ(view.Of(*Deals().FindColumn("display_name"), deal), FieldAccess::kWrite);
  EXPECT_EQ(view.Of(*Deals().FindColumn("owner"), deal), FieldAccess::kRead);
  EXPECT_EQ(view.FindHidden({Deals().FindColumn("amount")}), Deals().FindColumn("amount"));
  EXPECT_EQ(view.FindHidden({Deals().FindColumn("owner"), Deals().FindColumn("create_time")}),
            nullptr);
}

TEST(PolicyTest, WhatOneRoleShowsOfOwnRecordsItDoesNotShowOfOthers) {
  PolicyRecords records = Enterprise();
  Put(kSeller, records.roles);
  Put(R"(name: "roles/finder"
         record_rules { record_type: "*" scope: SCOPE_ALL access: ACCESS_READ }
         field_rules {
           record_type: "sales.lotura/Opportunity" field: "display_name" access: ACCESS_WRITE
         })",
      records.roles);
  Assign("roles/seller", "users/anna", records);
  Assign("roles/finder", "users/anna", records);
  const Policy policy(std::move(records));
  const resource::View view = policy.FindSubject("users/anna", kNow)->ViewOf(Deals());
  const resource::Column& amount = *Deals().FindColumn("amount");
  const resource::Column& title = *Deals().FindColumn("display_name");

  EXPECT_EQ(view.Of(amount, DealOf("users/anna")), FieldAccess::kWrite);
  EXPECT_EQ(view.Of(amount, DealOf("users/olga")), FieldAccess::kHidden);
  // Whoever may only read a record writes none of its fields.
  EXPECT_EQ(view.Of(title, DealOf("users/olga")), FieldAccess::kRead);
}

}  // namespace
}  // namespace lotura::access
