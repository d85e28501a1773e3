// Keys of clients before the doors of all services: from the record in directory, over events, to
// who is let in, and that nobody is shown by what they are known.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "libs/access/api_key_token.h"
#include "libs/base/hex.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "lotura/access/v1/access_service.pb.h"
#include "lotura/accounts/v1/organization_service.pb.h"
#include "lotura/analytics/v1/report.pb.h"
#include "lotura/audit/v1/audit_service.pb.h"
#include "lotura/communications/v1/activity.pb.h"
#include "lotura/directory/v1/api_key.pb.h"
#include "lotura/directory/v1/client.pb.h"
#include "lotura/directory/v1/role.pb.h"
#include "lotura/directory/v1/role_assignment.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/events/v1/event_service.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "tests/component/platform.h"

namespace lotura::component {
namespace {

using directory::v1::ApiKey;
using testing::Eventually;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;
using Code = absl::StatusCode;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kArrival{60};
// From the answer of the write to the last of the services.
constexpr std::chrono::seconds kBound{2};
constexpr char kKey[] = "clients/erp/apiKeys/k";

Caller Holder(const std::string& token) { return {.api_key = token}; }

class ApiKeysTest : public ::testing::Test {
 protected:
  // A client that may do everything.
  void SetUp() override {
    directory::v1::CreateClientRequest client;
    client.set_client_id("erp");
    client.mutable_client()->set_display_name("ERP");
    ASSERT_THAT(Try("directory.v1.ClientService.CreateClient", client), IsOk());
    directory::v1::CreateRoleRequest role;
    role.set_role_id("all");
    role.mutable_role()->set_display_name("All");
    role.mutable_role()->add_permissions("*");
    auto& rule = *role.mutable_role()->add_record_rules();
    rule.set_record_type("*");
    rule.set_scope(directory::v1::Role::RecordRule::SCOPE_ALL);
    rule.set_access(directory::v1::Role::RecordRule::ACCESS_DELETE);
    ASSERT_THAT(Try("directory.v1.RoleService.CreateRole", role), IsOk());
    directory::v1::CreateRoleAssignmentRequest assignment;
    assignment.mutable_role_assignment()->set_role("roles/all");
    assignment.mutable_role_assignment()->set_member("clients/erp");
    ASSERT_THAT(Try("directory.v1.RoleAssignmentService.CreateRoleAssignment", assignment), IsOk());
  }

  template <typename Response>
  absl::StatusOr<Response> Do(const std::string& method, const google::protobuf::Message& request,
                              const Caller& caller = {}) {
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName("lotura." + method);
    LOTURA_ASSIGN_OR_RETURN(const auto answer, platform_.Call(*descriptor, request, caller));
    return static_cast<const Response&>(*answer);
  }

  absl::Status Try(const std::string& method, const google::protobuf::Message& request,
                   const Caller& caller = {}) {
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName("lotura." + method);
    return platform_.Call(*descriptor, request, caller).status();
  }

  std::string Issue(const std::string& id, const std::vector<std::string>& scopes = {}) {
    directory::v1::IssueApiKeyRequest request;
    request.set_parent("clients/erp");
    request.set_api_key_id(id);
    request.mutable_api_key()->set_display_name("Nightly");
    request.mutable_api_key()->mutable_scopes()->Add(scopes.begin(), scopes.end());
    request.mutable_api_key()->mutable_expire_time()->set_seconds(
        std::chrono::duration_cast<std::chrono::seconds>(
            std::chrono::system_clock::now().time_since_epoch())
            .count() +
        3'600);
    const auto issued =
        Do<directory::v1::IssueApiKeyResponse>("directory.v1.ApiKeyService.IssueApiKey", request);
    EXPECT_THAT(issued, IsOk());
    return issued.ok() ? issued->token() : "";
  }

  // One read of each service.
  std::map<std::string, absl::Status> AskAll(const Caller& caller) {
    return {
        {"accounts", Try("accounts.v1.OrganizationService.ListOrganizations",
                         accounts::v1::ListOrganizationsRequest(), caller)},
        {"analytics", Try("analytics.v1.ReportService.QueryRevenue",
                          analytics::v1::QueryRevenueRequest(), caller)},
        {"communications", Try("communications.v1.ActivityService.ListActivities",
                               communications::v1::ListActivitiesRequest(), caller)},
        {"directory",
         Try("directory.v1.UserService.ListUsers", directory::v1::ListUsersRequest(), caller)},
        {"sales",
         Try("sales.v1.ProductService.ListProducts", sales::v1::ListProductsRequest(), caller)},
    };
  }

  // Whether every service lets the caller in, or refuses him for the reason.
  bool AllSay(const Caller& caller, const std::string& reason) {
    return std::ranges::all_of(AskAll(caller), [&](const auto& answer) {
      return (answer.second.ok() ? "" : ReasonOf(answer.second)) == reason;
    });
  }

  Platform platform_;
};

TEST_F(ApiKeysTest, AllServicesAcceptAKeyWithinItsScopes) {
  const std::string whole = Issue("whole");
  const std::string narrow = Issue("narrow", {"sales.products.*", "directory.users.read"});
  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(whole), ""); }, kArrival));
  ASSERT_TRUE(Eventually(
      [&] {
        return Try("sales.v1.ProductService.ListProducts", sales::v1::ListProductsRequest(),
                   Holder(narrow))
            .ok();
      },
      kArrival));

  EXPECT_THAT(
      Try("directory.v1.UserService.ListUsers", directory::v1::ListUsersRequest(), Holder(narrow)),
      IsOk());
  EXPECT_THAT(Try("sales.v1.PipelineService.ListPipelines", sales::v1::ListPipelinesRequest(),
                  Holder(narrow)),
              StatusIs(Code::kPermissionDenied, "PERMISSION_DENIED"));
  EXPECT_THAT(Try("accounts.v1.OrganizationService.ListOrganizations",
                  accounts::v1::ListOrganizationsRequest(), Holder(narrow)),
              StatusIs(Code::kPermissionDenied, "PERMISSION_DENIED"));
  EXPECT_THAT(Try("sales.v1.ProductService.ListProducts", sales::v1::ListProductsRequest(),
                  Holder(narrow.substr(0, 80))),
              StatusIs(Code::kUnauthenticated, "KEY_MALFORMED"));
}

TEST_F(ApiKeysTest, KeyThatIsTakenAwayIsRefusedEverywhereWithinTheBound) {
  const std::string token = Issue("k");
  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(token), ""); }, kArrival));
  directory::v1::UpdateApiKeyRequest suspend;
  suspend.mutable_api_key()->set_name(kKey);
  suspend.mutable_api_key()->set_suspended(true);

  ASSERT_THAT(Try("directory.v1.ApiKeyService.UpdateApiKey", suspend), IsOk());
  const auto suspended = Clock::now();
  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(token), "KEY_SUSPENDED"); }, kArrival));
  EXPECT_LT(Clock::now() - suspended, kBound);

  suspend.mutable_api_key()->set_suspended(false);
  suspend.mutable_update_mask()->add_paths("suspended");
  ASSERT_THAT(Try("directory.v1.ApiKeyService.UpdateApiKey", suspend), IsOk());
  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(token), ""); }, kArrival));

  directory::v1::DeleteApiKeyRequest remove;
  remove.set_name(kKey);
  ASSERT_THAT(Try("directory.v1.ApiKeyService.DeleteApiKey", remove), IsOk());
  const auto deleted = Clock::now();
  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(token), "KEY_UNKNOWN"); }, kArrival));
  EXPECT_LT(Clock::now() - deleted, kBound);
}

TEST_F(ApiKeysTest, LastUseIsKnown) {
  const std::string token = Issue("k");
  directory::v1::GetApiKeyUseRequest request;
  request.set_name(kKey);
  const auto use = [&] {
    return Do<directory::v1::ApiKeyUse>("directory.v1.ApiKeyService.GetApiKeyUse", request);
  };
  ASSERT_THAT(use(), IsOk());
  EXPECT_FALSE(use()->has_last_use_time());

  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(token), ""); }, kArrival));
  platform_.TellUses();

  EXPECT_EQ(use()->name(), kKey);
  EXPECT_TRUE(use()->has_last_use_time());
}

TEST_F(ApiKeysTest, NobodyIsShownByWhatAKeyIsKnown) {
  const std::string token = Issue("k");
  const std::string hash = ToHex(access::ParseApiKeyToken(token)->secret_hash);
  const std::string secret = token.substr(45, 40);
  ASSERT_TRUE(Eventually([&] { return AllSay(Holder(token), ""); }, kArrival));
  const auto shows = [&](const std::string& bytes) {
    return bytes.find(hash) != std::string::npos || bytes.find(secret) != std::string::npos;
  };
  // So it is there to be shown, in directory and in what services keep of it, and the secret is
  // not.
  EXPECT_TRUE(shows(platform_.Dump("SELECT secret_hash FROM directory.api_key_secret")));
  EXPECT_EQ(platform_.Dump("SELECT t::text FROM directory.api_key_secret t").find(secret),
            std::string::npos);

  directory::v1::GetApiKeyRequest get;
  get.set_name(kKey);
  const auto key = Do<ApiKey>("directory.v1.ApiKeyService.GetApiKey", get);
  ASSERT_THAT(key, IsOk());
  EXPECT_FALSE(shows(key->SerializeAsString()));
  directory::v1::ListApiKeysRequest list;
  list.set_parent("clients/-");
  const auto listed =
      Do<directory::v1::ListApiKeysResponse>("directory.v1.ApiKeyService.ListApiKeys", list);
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->api_keys_size(), 1);
  EXPECT_FALSE(shows(listed->SerializeAsString()));
  list.set_filter(fmt::format("secret_hash = \"{}\"", hash));
  EXPECT_THAT(Try("directory.v1.ApiKeyService.ListApiKeys", list),
              HasViolation("filter", "FILTER_UNKNOWN_FIELD"));
  access::v1::ExplainAccessRequest explain;
  explain.set_user("users/anna");
  explain.set_name(fmt::format("//directory.lotura/{}/secrets/current", kKey));
  EXPECT_THAT(Try("access.v1.AccessService.ExplainAccess", explain),
              StatusIs(Code::kInvalidArgument, "NAME_INVALID"));
  directory::v1::CreateRoleRequest role;
  role.mutable_role()->set_display_name("Curious");
  role.mutable_role()->add_record_rules()->set_record_type("directory.lotura/ApiKeySecret");
  EXPECT_THAT(Try("directory.v1.RoleService.CreateRole", role),
              HasViolation("role.record_rules[0].record_type", "TYPE_UNKNOWN"));
}

TEST_F(ApiKeysTest, NeitherSubscriptionsNorTheSealedJournalTellIt) {
  const std::string token = Issue("k");
  const std::string hash = ToHex(access::ParseApiKeyToken(token)->secret_hash);
  events::v1::SubscribeRequest subscribe;
  subscribe.mutable_subscription()->set_service("directory");
  subscribe.mutable_subscription()->set_start(events::v1::Subscription::START_EARLIEST);
  subscribe.set_credit(1'000);
  subscribe.mutable_subscription()->add_resource_types("directory.lotura/ApiKeySecret");
  const auto wrong =
      platform_.Send("lotura.events.v1.EventService/Subscribe", {subscribe.SerializeAsString()});
  std::string exported;
  ASSERT_TRUE(Eventually(
      [&] {
        audit::v1::ExportAuditLogRequest request;
        request.set_service("directory");
        const auto log =
            Do<audit::v1::ExportAuditLogResponse>("audit.v1.AuditService.ExportAuditLog", request);
        exported = log.ok() ? log->SerializeAsString() : "";
        return exported.find("/secrets/current") != std::string::npos;
      },
      kArrival));

  const auto types = Do<events::v1::ListEventTypesResponse>("events.v1.EventService.ListEventTypes",
                                                            events::v1::ListEventTypesRequest());
  ASSERT_THAT(types, IsOk());
  EXPECT_NE(types->DebugString().find("directory.api_key.created"), std::string::npos);
  EXPECT_EQ(types->DebugString().find("api_key_secret"), std::string::npos);
  EXPECT_THAT(wrong.status, HasViolation("subscription.resource_types[0]", "TYPE_UNKNOWN"));
  EXPECT_EQ(exported.find(hash), std::string::npos);
}

}  // namespace
}  // namespace lotura::component
