// That what roles say is what callers meet, over all services: from the records of directory, over
// events, to each service's door and engine.
#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "lotura/access/v1/access_service.pb.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "tests/component/platform.h"

namespace lotura::component {
namespace {

using directory::v1::Role;
using sales::v1::Opportunity;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using Code = absl::StatusCode;

constexpr std::chrono::seconds kArrival{60};

constexpr char kSeller[] = R"(
  display_name: "Sales representative"
  permissions: "sales.*"
  record_rules { record_type: "sales.lotura/Opportunity" scope: SCOPE_OWN access: ACCESS_UPDATE }
  record_rules { record_type: "sales.lotura/Opportunity" scope: SCOPE_SHARED access: ACCESS_UPDATE }
  record_rules { record_type: "sales.lotura/Pipeline" scope: SCOPE_ALL access: ACCESS_READ }
  record_rules { record_type: "sales.lotura/Stage" scope: SCOPE_ALL access: ACCESS_READ })";
constexpr char kLeader[] = R"(
  display_name: "Sales manager"
  base_role: "roles/seller"
  record_rules {
    record_type: "sales.lotura/Opportunity" scope: SCOPE_TEAM_AND_BELOW access: ACCESS_DELETE
  })";
// Closes what others have priced.
constexpr char kCloser[] = R"(
  display_name: "Closer"
  permissions: "sales.*"
  record_rules { record_type: "*" scope: SCOPE_ALL access: ACCESS_UPDATE }
  field_rules { record_type: "sales.lotura/Opportunity" field: "close_amount" access: ACCESS_READ }
  field_rules { record_type: "sales.lotura/Opportunity" field: "stage" access: ACCESS_READ })";
constexpr char kLookers[] = R"(
  display_name: "Looker"
  permissions: "sales.opportunities.read"
  record_rules { record_type: "sales.lotura/Opportunity" scope: SCOPE_ALL access: ACCESS_READ })";

template <typename T>
T FromText(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

Caller User(const std::string& id) {
  return {.tenant = 1, .user = "users/" + id, .grounds = Grounds::kDirectory};
}

class AccessTest : public ::testing::Test {
 protected:
  // Mia leads Central, in which Anna and Ben sell; each of them has a deal.
  void SetUp() override {
    Create("directory.v1.Team", R"(display_name: "Central")", "central");
    for (const char* id : {"mia", "anna", "ben"}) {
      Create("directory.v1.User", fmt::format(R"(display_name: "{}" team: "teams/central")", id),
             id);
    }
    Create("directory.v1.Role", kSeller, "seller");
    Create("directory.v1.Role", kLeader, "leader");
    Assign("roles/seller", "users/anna");
    Assign("roles/seller", "users/ben");
    Assign("roles/leader", "users/mia");
    Create("sales.v1.Pipeline", R"(display_name: "Sales")", "p");
    Create("sales.v1.Stage", R"(display_name: "New" position: 1 kind: KIND_OPEN)", "s",
           "pipelines/p");
    for (const char* id : {"anna", "ben"}) {
      CreateSoon("sales.v1.Opportunity",
                 fmt::format(R"(display_name: "Of {0}" stage: "pipelines/p/stages/s"
                                owner: "//directory.lotura/users/{0}")",
                             id),
                 id);
    }
    ASSERT_TRUE(Eventually([&] { return NamesSeenBy(User("mia")).size() == 2; }, kArrival));
  }

  // "Create" of "sales.v1.Opportunity", with the record in text.
  absl::Status TryCreate(const std::string& type, const std::string& text, const std::string& id,
                         const std::string& parent, const Caller& caller = {}) {
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    const std::string name = type.substr(type.rfind('.') + 1);
    const auto* method =
        pool->FindMethodByName(fmt::format("lotura.{}Service.Create{}", type, name));
    const auto* input = method->input_type();
    std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(input)->New());
    for (int i = 0; i < input->field_count(); ++i) {
      const auto* field = input->field(i);
      if (field->message_type() == method->output_type()) {
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
            text, request->GetReflection()->MutableMessage(request.get(), field)))
            << text;
      } else if (field->name().ends_with("_id") && field->name() != "request_id") {
        request->GetReflection()->SetString(request.get(), field, id);
      } else if (field->name() == "parent") {
        request->GetReflection()->SetString(request.get(), field, parent);
      }
    }
    return platform_.Call(*method, *request, caller).status();
  }

  void Create(const std::string& type, const std::string& text, const std::string& id,
              const std::string& parent = "") {
    ASSERT_THAT(TryCreate(type, text, id, parent), IsOk()) << text;
  }

  // When what it refers to in other services is known.
  void CreateSoon(const std::string& type, const std::string& text, const std::string& id) {
    ASSERT_TRUE(Eventually([&] { return TryCreate(type, text, id, "").ok(); }, kArrival)) << text;
  }

  // By an assignment that is called as the member is.
  void Assign(const std::string& role, const std::string& member) {
    Create("directory.v1.RoleAssignment", fmt::format(R"(role: "{}" member: "{}")", role, member),
           member.substr(member.find('/') + 1));
  }

  template <typename Response>
  absl::StatusOr<Response> Do(const std::string& method, const google::protobuf::Message& request,
                              const Caller& caller = {}) {
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName("lotura." + method);
    LOTURA_ASSIGN_OR_RETURN(const auto answer, platform_.Call(*descriptor, request, caller));
    return static_cast<const Response&>(*answer);
  }

  std::vector<std::string> NamesSeenBy(const Caller& caller) {
    const auto list =
        Do<sales::v1::ListOpportunitiesResponse>("sales.v1.OpportunityService.ListOpportunities",
                                                 sales::v1::ListOpportunitiesRequest(), caller);
    std::vector<std::string> names;
    if (!list.ok()) return names;
    for (const Opportunity& deal : list->opportunities()) names.push_back(deal.name());
    std::ranges::sort(names);
    return names;
  }

  // What the member may do with somebody's deal.
  absl::StatusOr<access::v1::ExplainAccessResponse> Explain(const char* member, const char* deal) {
    access::v1::ExplainAccessRequest request;
    request.set_user(member);
    request.set_name(fmt::format("//sales.lotura/opportunities/{}", deal));
    return Do<access::v1::ExplainAccessResponse>("access.v1.AccessService.ExplainAccess", request);
  }

  absl::StatusOr<Opportunity> Rename(const std::string& name, const Caller& caller) {
    sales::v1::UpdateOpportunityRequest request;
    request.mutable_opportunity()->set_name(name);
    request.mutable_opportunity()->set_display_name("New");
    return Do<Opportunity>("sales.v1.OpportunityService.UpdateOpportunity", request, caller);
  }

  // Anna's deal, with these as its only readers and editors.
  absl::StatusOr<Opportunity> Share(const std::string& members, const Caller& caller) {
    auto request = FromText<sales::v1::UpdateOpportunityRequest>("opportunity {" + members + "}");
    request.mutable_opportunity()->set_name("opportunities/anna");
    request.mutable_update_mask()->add_paths("readers");
    request.mutable_update_mask()->add_paths("editors");
    return Do<Opportunity>("sales.v1.OpportunityService.UpdateOpportunity", request, caller);
  }

  Platform platform_;
};

TEST_F(AccessTest, TwoSellersAndWhoLeadsThemSeeDifferentLists) {
  EXPECT_EQ(NamesSeenBy(User("anna")), std::vector<std::string>{"opportunities/anna"});
  EXPECT_EQ(NamesSeenBy(User("ben")), std::vector<std::string>{"opportunities/ben"});
  EXPECT_EQ(NamesSeenBy(User("mia")),
            (std::vector<std::string>{"opportunities/anna", "opportunities/ben"}));

  EXPECT_THAT(Rename("opportunities/anna", User("anna")), IsOk());
  EXPECT_THAT(Rename("opportunities/ben", User("anna")), StatusIs(Code::kNotFound, "NOT_FOUND"));
  EXPECT_THAT(Rename("opportunities/ben", User("mia")), IsOk());
}

TEST_F(AccessTest, WhyIsExplained) {
  using access::v1::ExplainAccessResponse;
  const auto own = Explain("users/anna", "anna");
  const auto of_ben = Explain("users/anna", "ben");
  const auto of_leader = Explain("users/mia", "ben");

  ASSERT_THAT(own, IsOk());
  EXPECT_TRUE(own->active());
  EXPECT_EQ(own->access(), ExplainAccessResponse::ACCESS_UPDATE);
  EXPECT_EQ(own->rules(0).role(), "roles/seller");
  EXPECT_EQ(own->rules(0).rule(), "SCOPE_OWN");
  EXPECT_TRUE(own->rules(0).applies());
  EXPECT_EQ(own->fields(0).access(), ExplainAccessResponse::FIELD_ACCESS_WRITE);
  ASSERT_THAT(of_ben, IsOk());
  EXPECT_EQ(of_ben->access(), ExplainAccessResponse::ACCESS_UNSPECIFIED);
  EXPECT_FALSE(of_ben->rules(0).applies());
  ASSERT_THAT(of_leader, IsOk());
  EXPECT_EQ(of_leader->access(), ExplainAccessResponse::ACCESS_DELETE);
  EXPECT_EQ(of_leader->rules(0).role(), "roles/leader");
  EXPECT_FALSE(Explain("users/nobody", "ben")->active());
  EXPECT_THAT(Explain("users/anna", "none"), StatusIs(Code::kNotFound, "NOT_FOUND"));
  EXPECT_THAT(Explain("users/anna", "A B"), StatusIs(Code::kInvalidArgument, "NAME_INVALID"));
}

TEST_F(AccessTest, ByWhatRolesAreHeldIsExplained) {
  Create("directory.v1.Role", kLookers, "looker");
  Create("directory.v1.RoleAssignment",
         R"(role: "roles/looker" member: "teams/central" record_types: "sales.lotura/Stage"
            expire_time { seconds: 4102444800 })",
         "team");
  std::vector<std::string> told;
  const auto of_anna = [&] {
    const auto answer = Explain("users/anna", "anna");
    told.clear();
    for (const auto& one : answer->assignments()) told.push_back(one.ShortDebugString());
    return told.size();
  };
  ASSERT_TRUE(Eventually([&] { return of_anna() == 2; }, kArrival));

  EXPECT_EQ(told[0], R"(name: "roleAssignments/team" role: "roles/looker" member: "teams/central" )"
                     R"(record_types: "sales.lotura/Stage" expire_time { seconds: 4102444800 })");
  EXPECT_EQ(told[1], R"(name: "roleAssignments/anna" role: "roles/seller" member: "users/anna")");
}

TEST_F(AccessTest, WhatAClientMayDoIsExplained) {
  Create("directory.v1.Client", R"(display_name: "ERP")", "erp");
  Create("directory.v1.Role", kLookers, "looker");
  Assign("roles/looker", "clients/erp");
  ASSERT_TRUE(
      Eventually([&] { return Explain("clients/erp", "anna")->rules_size() > 0; }, kArrival));

  const auto erp = Explain("clients/erp", "anna");
  EXPECT_TRUE(erp->active());
  EXPECT_EQ(erp->access(), access::v1::ExplainAccessResponse::ACCESS_READ);
  EXPECT_EQ(erp->rules(0).role(), "roles/looker");
  ASSERT_EQ(erp->assignments_size(), 1);
  EXPECT_EQ(erp->assignments(0).member(), "clients/erp");
  EXPECT_EQ(erp->permissions(0), "sales.opportunities.read");
  EXPECT_FALSE(Explain("clients/none", "anna")->active());
}

TEST_F(AccessTest, WhatTheCustomerPaysIsSaidByWhoeverMayNotReadTheAmount) {
  Create("sales.v1.Stage", R"(display_name: "Won" position: 2 kind: KIND_WON)", "won",
         "pipelines/p");
  Create("directory.v1.Role", kCloser, "closer");
  Create("directory.v1.User", R"(display_name: "Cleo")", "cleo");
  Assign("roles/closer", "users/cleo");
  auto priced = FromText<sales::v1::UpdateOpportunityRequest>(
      R"(opportunity { name: "opportunities/anna" amount { currency_code: "EUR" units: 4711 } })");
  ASSERT_THAT(Do<Opportunity>("sales.v1.OpportunityService.UpdateOpportunity", priced), IsOk());
  ASSERT_TRUE(Eventually([&] { return !NamesSeenBy(User("cleo")).empty(); }, kArrival));
  const auto move = [&](const std::string& deal, const std::string& more) {
    return Do<Opportunity>(
        "sales.v1.OpportunityService.MoveOpportunity",
        FromText<sales::v1::MoveOpportunityRequest>(fmt::format(
            R"(name: "opportunities/{}" stage: "pipelines/p/stages/won" {})", deal, more)),
        User("cleo"));
  };

  // Of one without an amount he is told the same.
  for (const char* deal : {"anna", "ben"})
    EXPECT_THAT(move(deal, ""), testing::HasViolation("close_amount", "REQUIRED")) << deal;
  const auto won = move("anna", R"(close_amount { currency_code: "EUR" units: 12 })");

  ASSERT_THAT(won, IsOk());
  EXPECT_EQ(won->close_amount().units(), 12);
  EXPECT_FALSE(won->has_amount());
}

TEST_F(AccessTest, WhatIsSharedIsReadOrChanged) {
  const std::vector<std::string> both = {"opportunities/anna", "opportunities/ben"};
  EXPECT_THAT(Share(R"(readers: "//directory.lotura/users/ben")", User("ben")),
              StatusIs(Code::kNotFound, "NOT_FOUND"));

  ASSERT_THAT(Share(R"(readers: "//directory.lotura/users/ben")", User("anna")), IsOk());
  EXPECT_EQ(NamesSeenBy(User("ben")), both);
  EXPECT_THAT(Rename("opportunities/anna", User("ben")),
              StatusIs(Code::kPermissionDenied, "RECORD_PROTECTED"));

  ASSERT_THAT(Share(R"(editors: "//directory.lotura/teams/central")", User("anna")), IsOk());
  EXPECT_EQ(NamesSeenBy(User("ben")), both);
  EXPECT_THAT(Rename("opportunities/anna", User("ben")), IsOk());

  ASSERT_THAT(Share("", User("anna")), IsOk());
  EXPECT_EQ(NamesSeenBy(User("ben")), std::vector<std::string>{"opportunities/ben"});
  EXPECT_THAT(Share(R"(readers: "//directory.lotura/teams/none")", User("anna")),
              StatusIs(Code::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
}

TEST_F(AccessTest, WhoIsNotKnownMayDoNothing) {
  EXPECT_THAT(Rename("opportunities/anna", User("nobody")),
              StatusIs(Code::kPermissionDenied, "USER_UNKNOWN"));
  Caller other = User("anna");
  other.tenant = 2;
  EXPECT_THAT(Rename("opportunities/anna", other),
              StatusIs(Code::kPermissionDenied, "USER_UNKNOWN"));
}

TEST_F(AccessTest, ThePermissionsAreThoseOfTheRoles) {
  // Each service hears of the users by itself; the wait of SetUp is for sales.
  EXPECT_TRUE(Eventually(
      [&] {
        const absl::Status refused =
            TryCreate("directory.v1.Team", R"(display_name: "Own")", "own", "", User("anna"));
        return ReasonOf(refused) == "PERMISSION_DENIED";
      },
      kArrival));
}

TEST_F(AccessTest, ASuspendedUserIsRefusedSoon) {
  ASSERT_THAT(Rename("opportunities/anna", User("anna")), IsOk());
  directory::v1::UpdateUserRequest request;
  request.mutable_user()->set_name("users/anna");
  request.mutable_user()->set_suspended(true);

  ASSERT_THAT(Do<directory::v1::User>("directory.v1.UserService.UpdateUser", request), IsOk());

  EXPECT_TRUE(Eventually(
      [&] {
        return ReasonOf(Rename("opportunities/anna", User("anna")).status()) == "USER_UNKNOWN";
      },
      kArrival));
}

TEST_F(AccessTest, ARoleThatChangesCountsSoon) {
  directory::v1::UpdateRoleRequest request;
  *request.mutable_role() = FromText<Role>(kSeller);
  request.mutable_role()->set_name("roles/seller");
  request.mutable_role()->mutable_record_rules(0)->set_scope(Role::RecordRule::SCOPE_TEAM);

  ASSERT_THAT(Do<Role>("directory.v1.RoleService.UpdateRole", request), IsOk());

  EXPECT_TRUE(Eventually([&] { return NamesSeenBy(User("anna")).size() == 2; }, kArrival));
}

}  // namespace
}  // namespace lotura::component
