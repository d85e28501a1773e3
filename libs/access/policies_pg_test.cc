// From the events of directory to what a user may do, on a real server.
#include "libs/access/policies.h"

#include <gtest/gtest.h>

#include "libs/access/api_key_token.h"
#include "libs/access/api_keys.h"
#include "libs/access/authority.h"
#include "libs/access/migrations.sql.h"
#include "libs/access/projection.h"
#include "libs/access/tenants.h"
#include "libs/access/vocabulary.h"
#include "libs/base/hex.h"
#include "libs/pg/migration.h"
#include "libs/resource/personal.h"
#include "libs/testing/fakes.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::access {
namespace {

using directory::v1::ApiKey;
using directory::v1::ApiKeySecret;
using directory::v1::RoleAssignment;
using directory::v1::User;
using testing::IsOk;
using testing::StatusIs;

Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

TenantId TenantOf(std::uint8_t number) {
  TenantId tenant;
  tenant.value.bytes[15] = number;
  return tenant;
}

class PoliciesTest : public ::testing::Test {
 protected:
  PoliciesTest() : database_({.conninfo = NewDatabase(), .schema = "sales", .pool_size = 4}) {}

  static std::string NewDatabase() {
    return testing::Postgres().NewDatabase("policies", [](const std::string& conninfo) {
      pg::Database database({.conninfo = conninfo, .schema = "sales", .pool_size = 2});
      const std::vector<pg::MigrationSet> sets = {{"access", &sql::kMigrations}};
      const auto report = pg::Migrate(database, "sales", sets, Soon());
      if (!report.ok()) throw std::runtime_error(Message(report.status()));
    });
  }

  template <typename T>
  static events::Event EventOf(const T& record, std::int64_t version, std::uint8_t tenant = 1) {
    events::Event event;
    event.subject = record.name();
    event.tenant = TenantOf(tenant);
    event.change.set_resource_type(T::descriptor()->full_name());
    event.change.set_version(version);
    event.change.set_epoch(1);
    event.change.set_kind(events::v1::KIND_UPDATED);
    const resource::Parts parts = resource::Split(record);
    event.change.mutable_after()->set_plain(parts.plain);
    event.change.mutable_after()->set_personal(parts.personal);
    return event;
  }

  static void ProjectInto(pg::Database& database, const std::vector<events::Event>& events) {
    ASSERT_THAT(database.Write(Soon(), [&](pg::Tx& tx) { return ProjectPolicy(tx, events); }),
                IsOk());
  }
  void Project(const std::vector<events::Event>& events) { ProjectInto(database_, events); }

  static User Anna() {
    User user;
    user.set_name("users/anna");
    user.set_display_name("Anna");
    user.set_email("anna@example.com");
    return user;
  }

  static Role Seller(const std::string& permission) {
    Role role;
    role.set_name("roles/seller");
    role.add_permissions(permission);
    return role;
  }

  static RoleAssignment Assignment() {
    RoleAssignment assignment;
    assignment.set_name("roleAssignments/a");
    assignment.set_role("roles/seller");
    assignment.set_member("users/anna");
    return assignment;
  }

  std::vector<std::string> PermissionsOf(const std::string& user, std::uint8_t tenant = 1) {
    EXPECT_THAT(policies_.Refresh(Soon()), IsOk());
    const auto standing = policies_.Find(TenantOf(tenant), user);
    if (!standing.ok()) return {ReasonOf(standing.status())};
    return (*standing)->permissions();
  }

  using Texts = std::vector<std::string>;

  pg::Database database_;
  testing::FakeClock clock_;
  observe::Metrics metrics_{"sales"};
  Policies policies_{database_, clock_, metrics_};
};

TEST_F(PoliciesTest, NobodyIsLetInBeforeThePoliciesAreKnown) {
  EXPECT_THAT(policies_.Find(TenantOf(1), "users/anna"),
              StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));
  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, EventsMakeAPolicyInAnyOrderAndAsOftenAsTheyCome) {
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 2)});
  Project({EventOf(Seller("sales.products.read"), 1), EventOf(Anna(), 1)});
  Project({EventOf(Seller("sales.prices.read"), 2), EventOf(Assignment(), 1)});

  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});
  EXPECT_EQ(PermissionsOf("users/anna", 2), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, AChangeCountsWhenItWasSeen) {
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ASSERT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});

  Project({EventOf(Seller("sales.products.read"), 2)});
  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"sales.products.read"});

  events::Event taken = EventOf(Assignment(), 2);
  taken.change.set_kind(events::v1::KIND_DELETED);
  Project({taken});
  EXPECT_EQ(PermissionsOf("users/anna"), Texts());

  User suspended = Anna();
  suspended.set_suspended(true);
  Project({EventOf(suspended, 2)});
  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, WhatWasWrittenBeforeButCommittedLaterIsSeen) {
  Project({EventOf(Assignment(), 1), EventOf(Anna(), 1)});
  const absl::Status slow = database_.Write(Soon(), [&](pg::Tx& tx) {
    LOTURA_RETURN_IF_ERROR(ProjectPolicy(tx, std::vector{EventOf(Seller("sales.prices.read"), 1)}));
    // Another one commits, and is seen, meanwhile.
    Project({EventOf(Anna(), 2)});
    EXPECT_EQ(PermissionsOf("users/anna"), Texts());
    return absl::OkStatus();
  });
  ASSERT_THAT(slow, IsOk());

  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});
}

TEST_F(PoliciesTest, NothingThatBelongsToAPersonIsKept) {
  Project({EventOf(Anna(), 1)});

  const auto kept = database_.Read(Soon(), [](pg::Tx& tx) -> absl::StatusOr<std::string> {
    return testing::Select(tx, "SELECT record FROM policy_record").Bytes(0, 0);
  });

  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->find("Anna"), std::string::npos);
  EXPECT_EQ(kept->find("example.com"), std::string::npos);
}

TEST_F(PoliciesTest, EventsOfOtherRecordsAreLeftAlone) {
  events::Event other = EventOf(Anna(), 1);
  other.change.set_resource_type("lotura.directory.v1.Calendar");
  Project({other});

  EXPECT_EQ(PermissionsOf("users/anna"), Texts{"USER_UNKNOWN"});
}

TEST_F(PoliciesTest, AnAssignmentThatIsOverCountsNoMore) {
  RoleAssignment assignment = Assignment();
  const auto now =
      std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
  assignment.mutable_expire_time()->set_seconds(now + 60);
  Project({EventOf(assignment, 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ASSERT_EQ(PermissionsOf("users/anna"), Texts{"sales.prices.read"});

  clock_.Advance(std::chrono::seconds(61));

  EXPECT_EQ(PermissionsOf("users/anna"), Texts());
}

// Sales and accounts have heard of different versions of the role.
TEST_F(PoliciesTest, AuthorityAsksTheServiceThatIsCalled) {
  pg::Database elsewhere({.conninfo = NewDatabase(), .schema = "sales", .pool_size = 2});
  Policies accounts(elsewhere, clock_, metrics_.ForService("accounts"));
  Project({EventOf(Assignment(), 1), EventOf(Seller("sales.prices.read"), 1), EventOf(Anna(), 1)});
  ProjectInto(elsewhere, {EventOf(Assignment(), 1), EventOf(Seller("accounts.people.read"), 2),
                          EventOf(Anna(), 1)});
  ASSERT_THAT(policies_.Refresh(Soon()), IsOk());
  ASSERT_THAT(accounts.Refresh(Soon()), IsOk());
  Principal anna{.tenant = TenantOf(1), .name = "users/anna", .grounds = Grounds::kDirectory};
  Authority authority;
  EXPECT_THAT(authority.Authorize("lotura.sales", anna),
              StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));

  authority.Add("sales", policies_);
  authority.Add("accounts", accounts);

  // What is no service's is asked of the first.
  const std::vector<std::pair<const char*, std::string>> expected = {
      {"lotura.sales", "sales.prices.read"},
      {"lotura.accounts", "accounts.people.read"},
      {"lotura.events", "sales.prices.read"}};
  for (const auto& [domain, permission] : expected) {
    ASSERT_THAT(authority.Authorize(domain, anna), IsOk());
    EXPECT_EQ(anna.permissions, Texts{permission}) << domain;
    ASSERT_NE(anna.rights, nullptr);
    EXPECT_THAT(anna.rights->CheckPermission(permission), IsOk()) << domain;
  }
  Principal ben{.tenant = TenantOf(1), .name = "users/ben", .grounds = Grounds::kDirectory};
  EXPECT_THAT(authority.Authorize("lotura.sales", ben),
              StatusIs(absl::StatusCode::kPermissionDenied, "USER_UNKNOWN"));
}

// Tenants are records of the operator's, who is the first tenant here.
class TenantsTest : public PoliciesTest {
 protected:
  static directory::v1::Tenant Record(std::uint8_t number) {
    directory::v1::Tenant record;
    record.set_name(RecordOfTenant(TenantOf(number)));
    record.set_state(directory::v1::Tenant::STATE_ACTIVE);
    return record;
  }

  std::string ReasonFor(std::uint8_t number) {
    EXPECT_THAT(operated_.Refresh(Soon()), IsOk());
    const absl::Status status = operated_.CheckTenant(TenantOf(number));
    return status.ok() ? "" : ReasonOf(status);
  }

  observe::Metrics own_metrics_{"sales"};
  Policies operated_{database_, clock_, own_metrics_, TenantOf(1)};
};

TEST_F(TenantsTest, AreServedAsTheOperatorsRecordsSay) {
  EXPECT_THAT(operated_.CheckTenant(TenantOf(2)),
              StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));
  EXPECT_EQ(ReasonFor(1), "");
  EXPECT_EQ(ReasonFor(2), "TENANT_UNKNOWN");

  directory::v1::Tenant record = Record(2);
  Project({EventOf(record, 1)});
  EXPECT_EQ(ReasonFor(2), "");
  record.set_suspended(true);
  Project({EventOf(record, 2)});
  EXPECT_EQ(ReasonFor(2), "TENANT_SUSPENDED");
  record.mutable_delete_time()->set_seconds(1);
  Project({EventOf(record, 3)});
  EXPECT_EQ(ReasonFor(2), "TENANT_DELETED");
  EXPECT_FALSE(operated_.known_tenants().IsGone(TenantOf(2)));
  record.set_state(directory::v1::Tenant::STATE_PURGING);
  Project({EventOf(record, 4)});
  EXPECT_EQ(ReasonFor(2), "TENANT_DELETED");
  EXPECT_EQ(operated_.known_tenants().Gone(), std::vector{TenantOf(2)});
}

TEST_F(TenantsTest, NobodyButTheOperatorSaysWhichAreServed) {
  Project({EventOf(Record(3), 1, 2), EventOf(Record(1), 1, 2)});
  directory::v1::Tenant own = Record(1);
  own.set_suspended(true);
  Project({EventOf(own, 1)});

  EXPECT_EQ(ReasonFor(3), "TENANT_UNKNOWN");
  EXPECT_EQ(ReasonFor(1), "");
  EXPECT_THAT(operated_.known_tenants().CheckOperator(TenantOf(1)), IsOk());
  EXPECT_THAT(operated_.known_tenants().CheckOperator(TenantOf(2)),
              StatusIs(absl::StatusCode::kPermissionDenied, "OPERATOR_ONLY"));
}

TEST_F(TenantsTest, WithoutAnOperatorAllAreServed) {
  directory::v1::Tenant record = Record(2);
  record.set_suspended(true);
  Project({EventOf(record, 1)});

  EXPECT_THAT(policies_.CheckTenant(TenantOf(2)), IsOk());
  ASSERT_THAT(policies_.Refresh(Soon()), IsOk());
  EXPECT_THAT(policies_.CheckTenant(TenantOf(2)), IsOk());
  EXPECT_THAT(policies_.known_tenants().CheckOperator(TenantOf(2)),
              StatusIs(absl::StatusCode::kPermissionDenied, "OPERATOR_ONLY"));
}

TEST_F(TenantsTest, OfOneThatIsGoneNothingIsKeptInMind) {
  Project({EventOf(Record(2), 1), EventOf(Assignment(), 1, 2), EventOf(Anna(), 1, 2),
           EventOf(Seller("sales.prices.read"), 1, 2)});
  ASSERT_EQ(ReasonFor(2), "");
  ASSERT_THAT(operated_.Find(TenantOf(2), "users/anna").status(), IsOk());
  directory::v1::Tenant record = Record(2);
  record.set_state(directory::v1::Tenant::STATE_PURGING);

  Project({EventOf(record, 2)});
  ASSERT_EQ(ReasonFor(2), "TENANT_DELETED");
  // Late, from another partition of the topic.
  Project({EventOf(Anna(), 2, 2)});
  ASSERT_THAT(operated_.Refresh(Soon()), IsOk());

  EXPECT_THAT(operated_.Find(TenantOf(2), "users/anna"),
              StatusIs(absl::StatusCode::kPermissionDenied, "USER_UNKNOWN"));
}

// Tokens of an issuer, of which a key is none.
class NoTokens final : public rpc::Authenticator {
 public:
  std::optional<absl::StatusOr<rpc::PrincipalPtr>> Try(std::string_view) override {
    return absl::StatusOr<rpc::PrincipalPtr>(Unauthenticated("TOKEN_MALFORMED", "no token"));
  }
  void Ask(std::string, Done done) override { done(Unauthenticated("ASKED", "asked")); }
};

class ApiKeysTest : public PoliciesTest {
 protected:
  ApiKeysTest() { authority_.Add("sales", policies_); }

  std::int64_t Seconds() const {
    return std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
  }

  ApiKey KeyOf(const std::string& token) const {
    ApiKey key;
    key.set_name("clients/erp/apiKeys/k");
    key.set_display_name("Nightly");
    key.set_token_start(ParseApiKeyToken(token)->start);
    key.mutable_expire_time()->set_seconds(Seconds() + 60);
    return key;
  }

  static ApiKeySecret SecretOf(const std::string& token) {
    ApiKeySecret secret;
    secret.set_name("clients/erp/apiKeys/k/secrets/current");
    secret.set_secret_hash(ToHex(ParseApiKeyToken(token)->secret_hash));
    return secret;
  }

  // The client has the role of a seller.
  void ProjectClient() {
    directory::v1::Client client;
    client.set_name("clients/erp");
    RoleAssignment assignment = Assignment();
    assignment.set_member("clients/erp");
    Project({EventOf(client, 1), EventOf(assignment, 1), EventOf(Seller("sales.*"), 1)});
  }

  std::string ReasonFor(const std::string& header) {
    EXPECT_THAT(policies_.Refresh(Soon()), IsOk());
    const auto caller = keys_.Try(header);
    if (!caller.has_value()) return "ASK";
    return caller->ok() ? "" : ReasonOf(caller->status());
  }

  static Role SellerOfAll() {
    Role role = Seller("sales.*");
    auto& rule = *role.add_record_rules();
    rule.set_record_type("*");
    rule.set_scope(Role::RecordRule::SCOPE_ALL);
    rule.set_access(Role::RecordRule::ACCESS_DELETE);
    return role;
  }

  // Why a stream of the caller ends; empty, and he sees everything, if it goes on.
  std::string ReasonToEnd(const Principal& caller) {
    EXPECT_THAT(policies_.Refresh(Soon()), IsOk());
    Principal again = caller;
    const absl::Status status = authority_.Authorize("lotura.sales", again);
    const resource::Declaration& type = *Vocabulary::Linked().FindType("directory.lotura/Role");
    // By the rights that he got when he came.
    const resource::ViewPtr view = resource::ViewFor(caller, type);
    EXPECT_EQ(view->IsWhole(), status.ok());
    EXPECT_EQ(view->grants().empty(), !status.ok());
    EXPECT_EQ(caller.rights->CheckPermission("sales.prices.read"), status);
    return status.ok() ? "" : ReasonOf(status);
  }

  const std::string token_ = NewApiKeyToken(TenantOf(1));
  const std::string header_ = "Bearer " + token_;
  NoTokens tokens_;
  Authority authority_;
  KeyUses uses_;
  ApiKeys keys_{{tokens_, authority_, uses_, clock_}, metrics_};
};

TEST_F(ApiKeysTest, CallerIsTheClientWithinTheScopes) {
  ProjectClient();
  ApiKey key = KeyOf(token_);
  key.add_scopes("sales.prices.*");
  key.add_scopes("accounts.*");
  Project({EventOf(key, 1), EventOf(SecretOf(token_), 1)});
  ASSERT_EQ(ReasonFor(header_), "");

  Principal caller = ***keys_.Try(header_);
  ASSERT_THAT(authority_.Authorize("lotura.sales", caller), IsOk());

  EXPECT_EQ(caller.name, "clients/erp");
  EXPECT_EQ(caller.tenant, TenantOf(1));
  EXPECT_TRUE(caller.Permits("sales.prices.read"));
  EXPECT_FALSE(caller.Permits("sales.products.read"));
  EXPECT_FALSE(caller.Permits("accounts.people.read"));
  EXPECT_FALSE(caller.SeesAll());
}

TEST_F(ApiKeysTest, NobodyIsLetInBeforeTheKeysAreKnown) {
  EXPECT_THAT(*keys_.Try(header_), StatusIs(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE"));
}

TEST_F(ApiKeysTest, EachDefectHasItsReason) {
  EXPECT_EQ(ReasonFor(header_), "KEY_UNKNOWN");
  EXPECT_EQ(ReasonFor(header_.substr(0, 90)), "KEY_MALFORMED");
  EXPECT_EQ(ReasonFor("bearer lotura_"), "KEY_MALFORMED");
  EXPECT_EQ(ReasonFor("Bearer eyJ"), "TOKEN_MALFORMED");
  ApiKey key = KeyOf(token_);
  Project({EventOf(key, 1)});
  EXPECT_EQ(ReasonFor(header_), "KEY_UNKNOWN") << "its secret has not come yet";
  Project({EventOf(SecretOf(NewApiKeyToken(TenantOf(1))), 1)});
  EXPECT_EQ(ReasonFor(header_), "KEY_UNKNOWN") << "the secret is another one";
  Project({EventOf(SecretOf(token_), 2)});
  EXPECT_EQ(ReasonFor(header_), "");

  key.set_suspended(true);
  Project({EventOf(key, 2)});
  EXPECT_EQ(ReasonFor(header_), "KEY_SUSPENDED");
  key.set_suspended(false);
  Project({EventOf(key, 3)});
  EXPECT_EQ(ReasonFor(header_), "");
  clock_.Advance(std::chrono::seconds(61));
  EXPECT_EQ(ReasonFor(header_), "KEY_EXPIRED");

  events::Event gone = EventOf(key, 4);
  gone.change.set_kind(events::v1::KIND_DELETED);
  Project({gone});
  EXPECT_EQ(ReasonFor(header_), "KEY_UNKNOWN");
}

TEST_F(ApiKeysTest, KeyOfOneTenantIsNoneOfAnother) {
  Project({EventOf(KeyOf(token_), 1, 2), EventOf(SecretOf(token_), 1, 2)});

  EXPECT_EQ(ReasonFor(header_), "KEY_UNKNOWN");
}

TEST_F(ApiKeysTest, WhatGoesOnWithAKeyThatIsTakenAwaySeesNothing) {
  ProjectClient();
  ApiKey key = KeyOf(token_);
  Project({EventOf(key, 1), EventOf(SecretOf(token_), 1), EventOf(SellerOfAll(), 2)});
  ASSERT_EQ(ReasonFor(header_), "");
  Principal caller = ***keys_.Try(header_);
  ASSERT_THAT(authority_.Authorize("lotura.sales", caller), IsOk());
  EXPECT_EQ(ReasonToEnd(caller), "");

  key.set_suspended(true);
  Project({EventOf(key, 2)});
  EXPECT_EQ(ReasonToEnd(caller), "KEY_SUSPENDED");
  key.set_suspended(false);
  Project({EventOf(key, 3)});
  EXPECT_EQ(ReasonToEnd(caller), "");

  clock_.Advance(std::chrono::seconds(61));
  EXPECT_EQ(ReasonToEnd(caller), "KEY_EXPIRED");
  key.mutable_expire_time()->set_seconds(Seconds() + 60);
  Project({EventOf(key, 4)});
  EXPECT_EQ(ReasonToEnd(caller), "");

  events::Event gone = EventOf(key, 5);
  gone.change.set_kind(events::v1::KIND_DELETED);
  Project({gone});
  EXPECT_EQ(ReasonToEnd(caller), "KEY_UNKNOWN");
}

TEST_F(ApiKeysTest, TokensAreAskedOfTheOthers) {
  std::string reason;
  keys_.Ask("Bearer eyJ", [&](auto caller) { reason = ReasonOf(caller.status()); });
  EXPECT_EQ(reason, "ASKED");
}

}  // namespace
}  // namespace lotura::access
