// What becomes of a tenant over all services: it is provisioned, suspended, deleted, brought back,
// and removed without a trace.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include "libs/base/hex.h"
#include "libs/rpc/conversation.h"
#include "libs/testing/eventually.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"
#include "lotura/directory/v1/tenant.pb.h"
#include "lotura/events/v1/event_service.pb.h"
#include "tests/component/platform.h"

namespace lotura::component {
namespace {

using directory::v1::Tenant;
using testing::Eventually;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Code = absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kArrival{60};
// Until a change of a tenant's record is in force in every service.
constexpr milliseconds kInForce{2'000};

// One call to each service that everybody with a role in the tenant may make.
const std::vector<std::string> kReads = {"directory.v1.TeamService.ListTeams",
                                         "accounts.v1.OrganizationService.ListOrganizations",
                                         "sales.v1.OpportunityService.ListOpportunities",
                                         "communications.v1.ActivityService.ListActivities",
                                         "analytics.v1.ReportService.QueryRevenue",
                                         "events.v1.EventService.ListEventTypes",
                                         "audit.v1.AuditService.GetAuditCheckpoint"};

Caller Anna(std::uint8_t tenant) {
  return {.tenant = tenant, .user = "users/anna", .grounds = Grounds::kDirectory};
}
Caller Token(std::uint8_t tenant) { return {.tenant = tenant}; }

class TenantsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(const std::string& method,
                                                                  const std::string& text,
                                                                  const Caller& caller) {
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName("lotura." + method);
    std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(descriptor->input_type())
            ->New());
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.get())) << text;
    return platform_.Call(*descriptor, *request, caller);
  }

  absl::StatusOr<Tenant> OfOperator(const std::string& method, const std::string& text) {
    LOTURA_ASSIGN_OR_RETURN(const auto answer,
                            Call("directory.v1.TenantService." + method, text, Token(1)));
    return static_cast<const Tenant&>(*answer);
  }

  static std::string NameOf(std::uint8_t tenant) {
    return "tenants/" + TenantOf(tenant).value.ToString();
  }
  absl::Status Suspend(std::uint8_t tenant, const char* suspended) {
    return OfOperator("UpdateTenant", fmt::format(R"(tenant {{ name: "{}" suspended: {} }}
                                     update_mask {{ paths: "suspended" }})",
                                                  NameOf(tenant), suspended))
        .status();
  }

  // Reasons for which each read was refused; empty where the door let it in, whatever came of it.
  std::vector<std::string> Answers(const Caller& caller) {
    std::vector<std::string> reasons;
    for (const std::string& method : kReads) {
      const absl::Status status = Call(method, "", caller).status();
      const bool is_in = status.ok() || absl::IsNotFound(status) || absl::IsInvalidArgument(status);
      reasons.push_back(is_in ? "" : ReasonOf(status));
    }
    return reasons;
  }
  bool AllAnswer(const Caller& caller, const std::string& reason) {
    return Answers(caller) == std::vector<std::string>(kReads.size(), reason);
  }
  // How long it took until all services answer all of these callers so.
  std::optional<milliseconds> Until(const std::vector<Caller>& callers, const std::string& reason) {
    const auto begin = steady_clock::now();
    const bool came = Eventually(
        [&] {
          return std::ranges::all_of(
              callers, [&](const Caller& caller) { return AllAnswer(caller, reason); });
        },
        kArrival);
    if (!came) return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  }

  // A tenant with records of every service that refer to each other in circles.
  void FillTenant(std::uint8_t tenant) {
    ASSERT_THAT(platform_.Register(tenant), IsOk());
    ASSERT_TRUE(Until({Anna(tenant)}, "").has_value());
    const auto create = [&](const std::string& method, const std::string& text) {
      absl::Status status;
      // What it refers to in other services is known when its event has come.
      EXPECT_TRUE(Eventually(
          [&] {
            status = Call(method, text, Anna(tenant)).status();
            return ReasonOf(status) != "REFERENCE_NOT_FOUND";
          },
          kArrival));
      ASSERT_THAT(status, IsOk()) << text;
    };
    create("directory.v1.TeamService.CreateTeam",
           R"(team_id: "north" team { display_name: "North" manager: "users/anna" }
              request_id: "11111111-2222-4333-8444-555555555555")");
    create("directory.v1.UserService.UpdateUser",
           R"(user { name: "users/anna" team: "teams/north" email: "anna@example.org" })");
    create(
        "accounts.v1.OrganizationService.CreateOrganization",
        R"(organization_id: "acme" organization { display_name: "Acme" owner: "//directory.lotura/users/anna" })");
    create("sales.v1.PipelineService.CreatePipeline",
           R"(pipeline_id: "p" pipeline { display_name: "Sales" })");
    create(
        "sales.v1.StageService.CreateStage",
        R"(parent: "pipelines/p" stage_id: "s" stage { display_name: "New" position: 1 kind: KIND_OPEN })");
    create(
        "sales.v1.OpportunityService.CreateOpportunity",
        R"(opportunity_id: "deal" opportunity { display_name: "Deal" stage: "pipelines/p/stages/s"
              owner: "//directory.lotura/users/anna" organization: "//accounts.lotura/organizations/acme" })");
    ASSERT_TRUE(Eventually([&] { return Hits(tenant).contains("communications.timeline_entry"); },
                           kArrival));
    // What waits for a decision, as a consumer leaves it.
    for (const char* table : {"dead_letter (tenant_id, consumer, key, reason, message, attempts) "
                              "VALUES ('{}', 'timeline', 'k', 'R', 'm', 1)",
                              "parked_event (tenant_id, consumer, key, topic, partition, place, "
                              "record) VALUES ('{}', 'timeline', 'k', 't', 0, 0, '')"})
      Run("INSERT INTO communications." +
          fmt::format(fmt::runtime(table), TenantOf(tenant).value.ToString()));
  }

  pg::Rows Run(const std::string& script) {
    std::optional<pg::Rows> rows;
    EXPECT_THAT(platform_.database().WriteOne(Deadline::After(kArrival),
                                              [&](pg::Tx& tx) {
                                                rows = testing::Select(tx, script);
                                                return absl::OkStatus();
                                              }),
                IsOk());
    return *std::move(rows);
  }

  // In which tables the UUID of the tenant stands anywhere in a row, as it is or as bytes, but for
  // those of the operator tenant.
  std::map<std::string, std::int64_t> Hits(std::uint8_t tenant) {
    const std::string text = TenantOf(tenant).value.ToString();
    const std::string operators = TenantOf(1).value.ToString();
    const std::vector<std::string> forms = {
        text, ToHex(TenantOf(tenant).value.bytes),
        ToHex(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()))};
    std::map<std::string, std::int64_t> hits;
    for (const auto& [table, rows] : platform_.CountRows()) {
      const std::string own =
          Run(fmt::format("SELECT count(*) FROM pg_attribute WHERE attrelid = '{}'::regclass AND "
                          "attname = 'tenant_id'",
                          table))
                      .Int(0, 0) == 1
              ? fmt::format("t.tenant_id <> '{}' AND ", operators)
              : "";
      const std::int64_t count =
          Run(fmt::format("SELECT count(*) FROM {} t WHERE {} t::text ~ '{}|{}|{}'", table, own,
                          forms[0], forms[1], forms[2]))
              .Int(0, 0);
      if (count > 0) hits[table] = count;
    }
    return hits;
  }

  Platform platform_{Operated::kYes};
};

TEST_F(TenantsTest, IsProvisionedAndItsAdministratorWorks) {
  EXPECT_TRUE(AllAnswer(Token(3), "TENANT_UNKNOWN"));
  EXPECT_TRUE(AllAnswer(Anna(3), "TENANT_UNKNOWN"));

  ASSERT_THAT(platform_.Register(3), IsOk());

  ASSERT_TRUE(Eventually(
      [&] {
        const auto record = OfOperator("GetTenant", fmt::format("name: '{}'", NameOf(3)));
        return record.ok() && record->state() == Tenant::STATE_ACTIVE;
      },
      kArrival));
  ASSERT_TRUE(Until({Anna(3)}, "").has_value());
  EXPECT_THAT(Call("directory.v1.UserService.CreateUser",
                   R"(user_id: "ben" user { display_name: "Ben" })", Anna(3))
                  .status(),
              IsOk());
  EXPECT_THAT(Call("directory.v1.RoleAssignmentService.CreateRoleAssignment",
                   R"(role_assignment { role: "roles/auditor" member: "users/ben" })", Anna(3))
                  .status(),
              IsOk());
}

TEST_F(TenantsTest, AreTheOperatorsBusinessAlone) {
  const std::string record = fmt::format("name: '{}'", NameOf(2));
  for (const char* method : {"CreateTenant", "BatchCreateTenants", "UpdateTenant",
                             "BatchUpdateTenants", "DeleteTenant", "UndeleteTenant"}) {
    EXPECT_THAT(Call(std::string("directory.v1.TenantService.") + method, "", Token(2)).status(),
                StatusIs(Code::kPermissionDenied, "OPERATOR_ONLY"))
        << method;
  }
  EXPECT_THAT(Call("directory.v1.TenantService.GetTenant", record, Token(2)).status(),
              StatusIs(Code::kNotFound, "NOT_FOUND"));
  const auto list = Call("directory.v1.TenantService.ListTenants", "", Token(2));
  ASSERT_THAT(list.status(), IsOk());
  EXPECT_EQ(static_cast<const directory::v1::ListTenantsResponse&>(**list).tenants_size(), 0);
  EXPECT_THAT(OfOperator("GetTenant", record).status(), IsOk());
}

TEST_F(TenantsTest, IsSuspendedEverywhereWithinTheBoundAndItsStreamsEnd) {
  ASSERT_TRUE(Until({Anna(2), Token(2)}, "").has_value());
  rpc::Conversation stream(platform_.channel(), "lotura.events.v1.EventService/Subscribe",
                           platform_.TokenOf(Token(2)));
  events::v1::SubscribeRequest subscription;
  subscription.mutable_subscription()->set_service("sales");
  subscription.mutable_subscription()->set_start(events::v1::Subscription::START_LATEST);
  subscription.set_credit(1'000);
  ASSERT_THAT(stream.Write(subscription, Deadline::After(kArrival)), IsOk());
  events::v1::SubscribeResponse response;
  ASSERT_THAT(stream.Read(response, Deadline::After(kArrival)).status(), IsOk());

  const auto begin = steady_clock::now();
  ASSERT_THAT(Suspend(2, "true"), IsOk());
  const auto took = Until({Anna(2), Token(2)}, "TENANT_SUSPENDED");
  absl::Status end;
  while (end.ok()) end = stream.Read(response, Deadline::After(kArrival)).status();
  const auto ended = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);

  ASSERT_TRUE(took.has_value());
  RecordProperty("refused_after_ms", static_cast<int>(took->count()));
  RecordProperty("streams_ended_after_ms", static_cast<int>(ended.count()));
  EXPECT_LT(*took, kInForce);
  EXPECT_LT(ended, kInForce);
  EXPECT_THAT(end, StatusIs(Code::kPermissionDenied, "TENANT_SUSPENDED"));
  // Nobody else notices.
  EXPECT_TRUE(AllAnswer(Token(1), ""));
  ASSERT_THAT(Suspend(2, "false"), IsOk());
  EXPECT_TRUE(Until({Anna(2), Token(2)}, "").has_value());
}

TEST_F(TenantsTest, GoesWithoutATraceAndNothingOfAnotherWithIt) {
  FillTenant(3);
  FillTenant(4);
  // Some of them come a moment after the calls that fill the others.
  for (const char* table :
       {"directory.app_user", "directory.team", "directory.role", "directory.journal",
        "directory.request", "accounts.organization", "accounts.foreign_record",
        "sales.opportunity", "sales.policy_record", "sales.audit_seal",
        "communications.timeline_entry", "communications.record_state", "communications.inbox",
        "communications.parked_event", "analytics.inbox", "directory.match_key"})
    EXPECT_TRUE(Eventually([&] { return Hits(4).contains(table); }, kArrival)) << table;
  const auto before = Hits(4);
  const std::string record = fmt::format("name: '{}'", NameOf(3));

  ASSERT_THAT(OfOperator("DeleteTenant", record), IsOk());
  const auto took = Until({Anna(3), Token(3)}, "TENANT_DELETED");

  ASSERT_TRUE(took.has_value());
  EXPECT_LT(*took, kInForce);
  EXPECT_TRUE(Eventually([&] { return Hits(3).empty(); }, kArrival))
      << ::testing::PrintToString(Hits(3));
  EXPECT_TRUE(Eventually(
      [&] {
        return std::ranges::all_of(platform_.services(), [&](const auto& service) {
          return Run(fmt::format("SELECT count(*) FROM {}.tenant_purge WHERE end_time IS NOT NULL",
                                 service->name()))
                     .Int(0, 0) == 1;
        });
      },
      kArrival));
  EXPECT_THAT(Hits(3), IsEmpty());
  // Events of it may have come meanwhile.
  const auto after = Hits(4);
  for (const auto& [table, rows] : before)
    EXPECT_GE(after.contains(table) ? after.at(table) : 0, rows) << table;
  EXPECT_TRUE(AllAnswer(Token(3), "TENANT_DELETED"));
  EXPECT_THAT(OfOperator("UndeleteTenant", record).status(),
              StatusIs(Code::kFailedPrecondition, "TENANT_PURGED"));
  EXPECT_TRUE(AllAnswer(Anna(4), ""));
}

}  // namespace
}  // namespace lotura::component
