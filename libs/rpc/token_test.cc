// Every defect that a token can have, and what is said of it.
#include "libs/rpc/token.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libs/base/crypto.h"
#include "libs/rpc/token_issuer.h"
#include "libs/testing/fakes.h"
#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr char kTenant[] = "00000000-0000-4000-8000-000000000001";
constexpr char kHeader[] = R"({"alg":"ES256","kid":"key-1","typ":"JWT"})";

class TokenTest : public ::testing::Test {
 protected:
  absl::StatusOr<VerifiedToken> Verify(const std::string& token, const TokenIssuer& issuer) const {
    LOTURA_ASSIGN_OR_RETURN(const ParsedToken parsed, ParseAuthorization(token));
    LOTURA_ASSIGN_OR_RETURN(const KeySet keys, KeySet::Parse(issuer.KeySetJson()));
    return VerifyToken(parsed, *keys.Find("key-1"), rules_, clock_.Now());
  }
  absl::StatusOr<VerifiedToken> Verify(const TokenIssuer::Content& content) const {
    return Verify("Bearer " + issuer_.Sign(content), issuer_);
  }
  // Claims that are good but for `replacement` of one of them ("": left out).
  std::string Claims(const std::string& key, const std::string& replacement) const {
    std::map<std::string, std::string> claims = {
        {"iss", R"("https://issuer.test")"}, {"aud", R"("lotura")"},
        {"sub", R"("users/anna")"},          {"tenant", fmt::format("\"{}\"", kTenant)},
        {"permissions", R"(["sales.*"])"},   {"exp", std::to_string(Now() + 60)}};
    claims[key] = replacement;
    std::string text;
    for (const auto& [name, value] : claims) {
      if (!value.empty()) text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, value);
    }
    return "{" + text + "}";
  }
  std::int64_t Now() const {
    return std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
  }

  testing::FakeClock clock_;
  TokenIssuer issuer_{Algorithm::kEs256, "key-1"};
  TokenRules rules_{.issuer = "https://issuer.test",
                    .audience = "lotura",
                    .leeway = 30s,
                    .grounds = Grounds::kToken};
};

TEST_F(TokenTest, AGoodTokenSaysWhoCalls) {
  const auto verified = Verify({kHeader, Claims("sub", R"("users/anna")")});

  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->principal.name, "users/anna");
  EXPECT_EQ(verified->principal.tenant.value.ToString(), kTenant);
  EXPECT_EQ(verified->principal.permissions, std::vector<std::string>{"sales.*"});
  EXPECT_EQ(verified->expires, clock_.Now() + 60s);
}

TEST_F(TokenTest, AnRsaTokenIsAsGood) {
  const TokenIssuer rsa(Algorithm::kRs256, "key-1");
  const Principal anna{TenantId{*Uuid::Parse(kTenant)}, "users/anna", {}, Grounds::kToken};

  EXPECT_THAT(Verify("Bearer " + rsa.Mint(anna, rules_, clock_.Now() + 60s), rsa), IsOk());
}

TEST_F(TokenTest, DefectsOfClaims) {
  const std::string long_text(129, 'a');
  struct Case {
    const char* key;
    std::string value;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"iss", R"("https://other.test")", "TOKEN_ISSUER"},
      {"iss", "", "TOKEN_ISSUER"},
      {"iss", R"(["https://issuer.test"])", "TOKEN_ISSUER"},
      {"aud", R"("other")", "TOKEN_AUDIENCE"},
      {"aud", "", "TOKEN_AUDIENCE"},
      {"aud", R"(["other"])", "TOKEN_AUDIENCE"},
      {"aud", "1", "TOKEN_AUDIENCE"},
      {"exp", "", "TOKEN_CLAIMS"},
      {"exp", R"("soon")", "TOKEN_CLAIMS"},
      {"exp", "1e300", "TOKEN_CLAIMS"},
      {"exp", "1", "TOKEN_EXPIRED"},
      {"exp", std::to_string(Now() - 30), "TOKEN_EXPIRED"},
      {"exp", std::to_string(Now() - 29), nullptr},
      {"nbf", std::to_string(Now() + 31), "TOKEN_NOT_YET_VALID"},
      {"nbf", std::to_string(Now() + 30), nullptr},
      {"nbf", "true", "TOKEN_CLAIMS"},
      {"aud", R"(["other","lotura"])", nullptr},
      {"sub", "", "TOKEN_CLAIMS"},
      {"sub", R"("")", "TOKEN_CLAIMS"},
      {"sub", R"("an na")", "TOKEN_CLAIMS"},
      {"sub", "\"" + long_text + "\"", "TOKEN_CLAIMS"},
      {"sub", R"("users/An na")", "TOKEN_CLAIMS"},
      {"sub", R"("teams/central")", "TOKEN_CLAIMS"},
      {"sub", R"("s0123456789abcdef0123456789abcdef")", "TOKEN_CLAIMS"},
      {"sub", R"("users/s0123456789abcdef0123456789abcdef")", "TOKEN_CLAIMS"},
      {"sub", R"("clients/s0123456789abcdef0123456789abcdef")", "TOKEN_CLAIMS"},
      {"sub", R"("s0123456789abcdef0123456789abcdeg")", nullptr},
      {"sub", R"("users/users/anna")", "TOKEN_CLAIMS"},
      {"sub", R"("clients/erp")", nullptr},
      {"sub", R"("anna")", nullptr},
      {"tenant", "", "TOKEN_CLAIMS"},
      {"tenant", R"("acme")", "TOKEN_CLAIMS"},
      {"permissions", R"("sales.*")", "TOKEN_CLAIMS"},
      {"permissions", "[1]", "TOKEN_CLAIMS"},
      {"permissions", R"([""])", "TOKEN_CLAIMS"},
      {"permissions", "[\"" + long_text + "\"]", "TOKEN_CLAIMS"},
      {"permissions", "", nullptr},
  };
  for (const Case& defect : cases) {
    SCOPED_TRACE(fmt::format("{} = {}", defect.key, defect.value));
    const auto verified = Verify({kHeader, Claims(defect.key, defect.value)});
    if (defect.reason == nullptr) {
      EXPECT_THAT(verified, IsOk());
    } else {
      EXPECT_THAT(verified, StatusIs(StatusCode::kUnauthenticated, defect.reason));
    }
  }
}

TEST_F(TokenTest, AnOpaqueSubjectIsAUserOfItsIssuerAlone) {
  rules_.subjects = Subjects::kOpaque;
  const auto name = [this](const std::string& subject) {
    const auto verified = Verify({kHeader, Claims("sub", subject)});
    return verified.ok() ? verified->principal.name : verified.status().ToString();
  };

  const std::string anna = name(R"("users/anna")");
  EXPECT_EQ(anna.size(), std::string("users/s").size() + 32);
  EXPECT_TRUE(anna.starts_with("users/s")) << anna;
  EXPECT_EQ(anna, name(R"("users/anna")"));
  EXPECT_NE(anna, name(R"("users/Anna")"));
  EXPECT_EQ(name(R"("auth0|5f7c 8ec7c33c6c004bbafe82")").substr(0, 7), "users/s");
  EXPECT_THAT(Verify({kHeader, Claims("sub", R"("")")}),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_CLAIMS"));
}

TEST_F(TokenTest, WhatATokenDoesNotSayOrMayNotSayDirectorySays) {
  const auto stated = Verify({kHeader, Claims("sub", R"("users/anna")")});
  const auto silent = Verify({kHeader, Claims("permissions", "")});
  rules_.grounds = Grounds::kDirectory;
  const auto untrusted = Verify({kHeader, Claims("sub", R"("users/anna")")});

  EXPECT_EQ(stated->principal.grounds, Grounds::kToken);
  EXPECT_EQ(stated->principal.permissions, std::vector<std::string>{"sales.*"});
  for (const auto& verified : {silent, untrusted}) {
    ASSERT_THAT(verified, IsOk());
    EXPECT_EQ(verified->principal.grounds, Grounds::kDirectory);
    EXPECT_TRUE(verified->principal.permissions.empty());
    EXPECT_FALSE(verified->principal.SeesAll());
  }
}

TEST_F(TokenTest, AClientSpeaksForItself) {
  rules_.subjects = Subjects::kOpaque;
  const auto verified = Verify({kHeader, Claims("client_id", R"("users/anna")")});

  ASSERT_THAT(verified, IsOk());
  EXPECT_TRUE(verified->principal.name.starts_with("clients/s")) << verified->principal.name;
}

TEST_F(TokenTest, AnIssuerSpeaksForItsTenantsAlone) {
  rules_.tenants = {TenantId{*Uuid::Parse("00000000-0000-4000-8000-000000000002")}};
  EXPECT_THAT(Verify({kHeader, Claims("exp", std::to_string(Now() + 60))}),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_TENANT"));

  rules_.tenants.insert(TenantId{*Uuid::Parse(kTenant)});
  EXPECT_THAT(Verify({kHeader, Claims("exp", std::to_string(Now() + 60))}), IsOk());
}

TEST_F(TokenTest, ATenantMayStandInAnotherClaimOrInNone) {
  rules_.tenant_claim = "org";
  const auto named = Verify({kHeader, Claims("org", fmt::format("\"{}\"", kTenant))});
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(named->principal.tenant.value.ToString(), kTenant);

  rules_.tenant_claim = "";
  rules_.tenants = {TenantId{*Uuid::Parse(kTenant)}};
  const auto implied = Verify({kHeader, Claims("tenant", R"("another")")});
  ASSERT_THAT(implied, IsOk());
  EXPECT_EQ(implied->principal.tenant.value.ToString(), kTenant);
}

TEST_F(TokenTest, DefectsOfHeaders) {
  struct Case {
    const char* header;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {R"({"alg":"none","kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"alg":"HS256","kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"alg":"ES512","kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"alg":"es256","kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"alg":["ES256"],"kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"alg":"RS256","kid":"key-1"})", "TOKEN_ALGORITHM"},
      {R"({"alg":"ES256","kid":"key-1","crit":["exp"],"exp":1})", "TOKEN_MALFORMED"},
      {R"({"alg":"ES256","kid":"key-1","typ":"dpop+jwt"})", "TOKEN_MALFORMED"},
      {R"({"alg":"ES256","kid":"key-1","typ":1})", "TOKEN_MALFORMED"},
      {R"([])", "TOKEN_MALFORMED"},
      {R"({)", "TOKEN_MALFORMED"},
      {R"({"alg":"ES256","kid":"key-1","typ":"at+JWT"})", nullptr},
      {R"({"alg":"ES256","kid":"key-1"})", nullptr},
  };
  for (const Case& defect : cases) {
    SCOPED_TRACE(defect.header);
    const auto verified = Verify({defect.header, Claims("sub", R"("users/anna")")});
    if (defect.reason == nullptr) {
      EXPECT_THAT(verified, IsOk());
    } else {
      EXPECT_THAT(verified, StatusIs(StatusCode::kUnauthenticated, defect.reason));
    }
  }
}

TEST_F(TokenTest, DefectsOfTheHeaderLine) {
  const std::string good = issuer_.Sign({kHeader, Claims("sub", R"("users/anna")")});
  const std::string unsigned_part = good.substr(0, good.rfind('.'));
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"", "TOKEN_MISSING"},
      {"Basic YTpi", "TOKEN_MALFORMED"},
      {"Bearer", "TOKEN_MALFORMED"},
      {"Bearer ", "TOKEN_MALFORMED"},
      {"Bearer a.b", "TOKEN_MALFORMED"},
      {"Bearer " + good + ".more", "TOKEN_MALFORMED"},
      {"Bearer " + good + "=", "TOKEN_MALFORMED"},
      {"Bearer " + std::string(17'000, 'a'), "TOKEN_MALFORMED"},
      {"Bearer " + unsigned_part + ".", "TOKEN_SIGNATURE"},
      {"Bearer " + unsigned_part + "." + ToBase64Url(std::string(64, '\0')), "TOKEN_SIGNATURE"},
      {"Bearer " + unsigned_part + "." + ToBase64Url(std::string(63, 'a')), "TOKEN_SIGNATURE"},
  };
  for (const auto& [line, reason] : cases) {
    SCOPED_TRACE(line.substr(0, 80));
    EXPECT_THAT(Verify(line, issuer_), StatusIs(StatusCode::kUnauthenticated, reason));
  }
  EXPECT_THAT(Verify("bEaReR " + good, issuer_), IsOk());
}

TEST_F(TokenTest, AnotherKeysSignatureIsWrong) {
  const TokenIssuer other(Algorithm::kEs256, "key-1");

  EXPECT_THAT(Verify("Bearer " + other.Sign({kHeader, Claims("sub", R"("users/anna")")}), issuer_),
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_SIGNATURE"));
}

TEST_F(TokenTest, AnyChangedByteOfTheSignedTextIsNoticed) {
  const std::string good = issuer_.Sign({kHeader, Claims("sub", R"("users/anna")")});
  for (std::size_t i = 0; i < good.rfind('.'); i += 7) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed == good) continue;
    EXPECT_FALSE(Verify("Bearer " + changed, issuer_).ok()) << i;
  }
}

TEST(KeySetTest, KeysThatCannotServeAreLeftOut) {
  const std::string good = TokenIssuer(Algorithm::kEs256, "good").KeySetJson();
  const std::string key = good.substr(9, good.size() - 11);  // without {"keys":[ and ]}
  const std::string set =
      R"({"keys":[{"kty":"oct","kid":"secret","k":"AAAA"},{"kty":"EC","crv":"P-256","kid":"bad",)"
      R"("x":"AAAA","y":"AAAA"},{"kty":"RSA","kid":"small","n":"AQAB","e":"AQAB"},7,)" +
      key + "]}";

  const auto keys = KeySet::Parse(set);

  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->size(), 1U);
  EXPECT_NE(keys->Find("good"), nullptr);
}

TEST(KeySetTest, TextsWithoutAnyKeyAreRefused) {
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[1]})"}) {
    EXPECT_THAT(KeySet::Parse(text), StatusIs(StatusCode::kInvalidArgument, "KEY_SET")) << text;
  }
}

}  // namespace
}  // namespace lotura::rpc
