// Rules of roles, as a write meets them.
#include "services/directory/role.h"

#include <google/protobuf/text_format.h>

#include "libs/testing/service_bench.h"
#include "services/directory/app.h"

namespace lotura::directory {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

v1::Role RoleOf(const std::string& text) {
  v1::Role role;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &role)) << text;
  role.set_display_name("Seller");
  return role;
}

v1::Role WithRecordRule(const std::string& rule) { return RoleOf("record_rules { " + rule + " }"); }

v1::Role WithFieldRule(const std::string& rule) { return RoleOf("field_rules { " + rule + " }"); }

class RoleTest : public ::testing::Test {
 protected:
  testing::ServiceBench bench_{Spec()};
};

TEST_F(RoleTest, IsReadAsItWasCreated) {
  ASSERT_OK_AND_ASSIGN(const v1::Role created, bench_.Create(RoleOf(R"(
            permissions: "sales.opportunities.*"
            record_rules {
              record_type: "sales.lotura/Opportunity" scope: SCOPE_TEAM access: ACCESS_UPDATE
              filter: "state = OPEN AND amount.units > 1000"
            }
            record_rules { record_type: "*" scope: SCOPE_ALL access: ACCESS_READ }
            field_rules {
              record_type: "accounts.lotura/Person" field: "email" access: ACCESS_MASKED
            }
            field_rules { record_type: "accounts.lotura/Person" field: "*" access: ACCESS_READ })"),
                                                             "", "seller"));

  EXPECT_EQ(bench_.Get<v1::Role>("roles/seller")->DebugString(), created.DebugString());
}

TEST_F(RoleTest, DoesNotBuildUponItselfOverOthers) {
  ASSERT_THAT(bench_.Create(RoleOf(""), "", "a"), IsOk());
  ASSERT_THAT(bench_.Create(RoleOf(R"(base_role: "roles/a")"), "", "b"), IsOk());
  v1::Role a = *bench_.Get<v1::Role>("roles/a");
  a.set_base_role("roles/b");

  EXPECT_THAT(bench_.Save(a), HasViolation("base_role", "OWN_BASE"));
}

TEST_F(RoleTest, SetsThatItNamesAreThere) {
  EXPECT_THAT(bench_.Create(RoleOf(R"(permission_sets: "permissionSets/none")")),
              StatusIs(StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
}

TEST_F(RoleTest, RecordRuleThatDoesNotFitItsTypeIsRefused) {
  const std::string deal =
      R"(record_type: "sales.lotura/Opportunity" scope: SCOPE_ALL access: ACCESS_READ )";
  const std::tuple<std::string, const char*, const char*> wrong[] = {
      {R"(record_type: "sales.lotura/Deal" scope: SCOPE_ALL access: ACCESS_READ)", "record_type",
       "TYPE_UNKNOWN"},
      {R"(record_type: "sales.lotura/Opportunity" access: ACCESS_READ)", "scope", "REQUIRED"},
      {R"(record_type: "sales.lotura/Opportunity" scope: SCOPE_ALL)", "access", "REQUIRED"},
      {R"(record_type: "sales.lotura/Product" scope: SCOPE_OWN access: ACCESS_READ)", "scope",
       "SCOPE_UNSUPPORTED"},
      {R"(record_type: "sales.lotura/Product" scope: SCOPE_SHARED access: ACCESS_READ)", "scope",
       "SCOPE_UNSUPPORTED"},
      {deal + R"(filter: "amount >")", "filter", "FILTER_SYNTAX"},
      {deal + R"(filter: "color = RED")", "filter", "FILTER_UNKNOWN_FIELD"},
      {deal + R"x(filter: "create_time > daysAgo(30)")x", "filter", "FILTER_UNSUPPORTED"},
      {deal + R"x(filter: "create_time < now()")x", "filter", "FILTER_UNSUPPORTED"},
      {R"(record_type: "*" scope: SCOPE_ALL access: ACCESS_READ filter: "name = \"a\"")", "filter",
       "FILTER_NEEDS_ONE_TYPE"}};
  for (const auto& [rule, field, reason] : wrong) {
    EXPECT_THAT(bench_.Create(WithRecordRule(rule)),
                HasViolation(std::string("record_rules[0].") + field, reason))
        << rule;
  }
}

TEST_F(RoleTest, RecordRuleDoesNotTellWhatTheRoleHides) {
  v1::Role role = WithFieldRule(
      R"(record_type: "sales.lotura/Opportunity" field: "display_name" access: ACCESS_READ)");
  v1::Role::RecordRule& rule = *role.add_record_rules();
  rule.set_record_type("sales.lotura/Opportunity");
  rule.set_scope(v1::Role::RecordRule::SCOPE_ALL);
  rule.set_access(v1::Role::RecordRule::ACCESS_READ);
  rule.set_filter("display_name = \"Scanner\"");
  EXPECT_THAT(bench_.Create(role), IsOk());

  rule.set_filter("amount.units > 1000");
  EXPECT_THAT(bench_.Create(role), HasViolation("record_rules[0].filter", "FIELD_HIDDEN"));
}

TEST_F(RoleTest, FieldRuleThatDoesNotFitItsTypeIsRefused) {
  const std::tuple<std::string, const char*, const char*> wrong[] = {
      {R"(record_type: "*" field: "email" access: ACCESS_READ)", "record_type", "TYPE_UNKNOWN"},
      {R"(record_type: "accounts.lotura/Person" field: "color" access: ACCESS_READ)", "field",
       "FIELD_UNKNOWN"},
      {R"(record_type: "accounts.lotura/Person" field: "name" access: ACCESS_HIDDEN)", "field",
       "FIELD_UNKNOWN"},
      {R"(record_type: "accounts.lotura/Person" field: "email")", "access", "REQUIRED"},
      {R"(record_type: "accounts.lotura/Person" field: "tags" access: ACCESS_MASKED)", "access",
       "MASK_UNSUPPORTED"},
      {R"(record_type: "accounts.lotura/Person" field: "*" access: ACCESS_MASKED)", "access",
       "MASK_UNSUPPORTED"}};
  for (const auto& [rule, field, reason] : wrong) {
    EXPECT_THAT(bench_.Create(WithFieldRule(rule)),
                HasViolation(std::string("field_rules[0].") + field, reason))
        << rule;
  }
}

TEST_F(RoleTest, FieldHasOneRule) {
  const std::string rule =
      R"(field_rules { record_type: "accounts.lotura/Person" field: "email" access: ACCESS_READ })";

  EXPECT_THAT(bench_.Create(RoleOf(rule + rule)), HasViolation("field_rules[1]", "DUPLICATE"));
}

TEST_F(RoleTest, EverythingThatIsWrongIsToldAtOnce) {
  v1::Role role = WithRecordRule(R"(record_type: "none" scope: SCOPE_ALL access: ACCESS_READ)");
  role.add_permissions("none");

  const auto created = bench_.Create(role);

  EXPECT_THAT(created, HasViolation("permissions[0]", "PERMISSION_UNKNOWN"));
  EXPECT_THAT(created, HasViolation("record_rules[0].record_type", "TYPE_UNKNOWN"));
}

}  // namespace
}  // namespace lotura::directory
