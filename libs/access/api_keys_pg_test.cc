// Whom a key lets in, and until when.
#include "libs/access/api_keys.h"

#include "libs/access/api_key_token.h"
#include "libs/access/authority.h"
#include "libs/access/policies_fixture.h"
#include "libs/access/vocabulary.h"
#include "libs/base/hex.h"

namespace lotura::access {
namespace {

using directory::v1::ApiKey;
using directory::v1::ApiKeySecret;

// Tokens of an issuer, of which a key is none.
class NoTokens final : public rpc::Authenticator {
 public:
  std::optional<absl::StatusOr<rpc::PrincipalPtr>> Try(std::string_view) override {
    return absl::StatusOr<rpc::PrincipalPtr>(Unauthenticated("TOKEN_MALFORMED", "no token"));
  }
  void Ask(std::string, Done done) override { done(Unauthenticated("ASKED", "asked")); }
};

class ApiKeysTest : public PoliciesFixture {
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

TEST_F(ApiKeysTest, WhatGoesOnWithAKeyIsLeftOnlyWhatTheKeyStillOpens) {
  ProjectClient();
  ApiKey key = KeyOf(token_);
  key.add_scopes("*");
  Project({EventOf(key, 1), EventOf(SecretOf(token_), 1)});
  ASSERT_EQ(ReasonFor(header_), "");
  Principal caller = ***keys_.Try(header_);
  ASSERT_THAT(authority_.Authorize("lotura.sales", caller), IsOk());
  EXPECT_THAT(caller.rights->CheckPermission("sales.leads.read"), IsOk());

  key.set_scopes(0, "sales.prices.*");
  Project({EventOf(key, 2)});
  ASSERT_THAT(policies_.Refresh(Soon()), IsOk());
  EXPECT_THAT(caller.rights->CheckPermission("sales.prices.read"), IsOk());
  EXPECT_THAT(caller.rights->CheckPermission("sales.leads.read"),
              StatusIs(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
  EXPECT_THAT(caller.rights->CheckPermission(""), IsOk());
}

TEST_F(ApiKeysTest, TokensAreAskedOfTheOthers) {
  std::string reason;
  keys_.Ask("Bearer eyJ", [&](auto caller) { reason = ReasonOf(caller.status()); });
  EXPECT_EQ(reason, "ASKED");
}

}  // namespace
}  // namespace lotura::access
