// The file that says whose tokens are accepted, and what may be wrong with it.
#include "libs/rpc/trusted_issuers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using testing::HasViolation;
using testing::IsOk;

constexpr char kOne[] = "00000000-0000-4000-8000-000000000001";
constexpr char kTwo[] = "00000000-0000-4000-8000-000000000002";

std::string FileWith(const std::string& members) {
  return fmt::format(R"({{"issuers": [{{"id": "a", "issuer": "https://a.test", "audience": "lotura",
                          "subjects": "opaque", "permissions": "from_directory",
                          "tenants": "any"{}{}}}]}})",
                     members.empty() ? "" : ", ", members);
}

absl::Status Check(std::vector<TrustedIssuer> issuers) {
  Violations violations;
  CheckIssuers(issuers, violations);
  return violations.ToStatus();
}

TrustedIssuer Issuer(const std::string& id, Subjects subjects,
                     const std::vector<const char*>& tenants) {
  TrustedIssuer issuer{.id = id, .keys = "/keys.json", .rules = {}};
  issuer.rules.issuer = "https://" + id + ".test";
  issuer.rules.audience = "lotura";
  issuer.rules.subjects = subjects;
  for (const char* tenant : tenants) issuer.rules.tenants.insert(TenantId{*Uuid::Parse(tenant)});
  return issuer;
}

TEST(TrustedIssuersTest, AFileIsReadWhole) {
  const auto issuers = ParseIssuers(fmt::format(
      R"({{"leeway_s": 5, "issuers": [
           {{"id": "a", "issuer": "https://a.test", "audience": "lotura", "keys": "/keys.json",
             "subjects": "names", "permissions": "from_token", "tenants": "any",
             "tenant_claim": "org"}},
           {{"id": "b", "issuer": "https://b.test", "audience": "crm", "subjects": "opaque",
             "permissions": "from_directory", "tenants": ["{}"], "tenant_claim": ""}}]}})",
      kOne));

  ASSERT_THAT(issuers, IsOk());
  ASSERT_EQ(issuers->size(), 2U);
  const TrustedIssuer& a = issuers->front();
  EXPECT_EQ(a.id, "a");
  EXPECT_EQ(a.keys, "/keys.json");
  EXPECT_EQ(a.rules.issuer, "https://a.test");
  EXPECT_EQ(a.rules.audience, "lotura");
  EXPECT_EQ(a.rules.leeway, std::chrono::seconds(5));
  EXPECT_EQ(a.rules.subjects, Subjects::kNames);
  EXPECT_TRUE(a.rules.tenants.empty());
  EXPECT_EQ(a.rules.grounds, Grounds::kToken);
  EXPECT_EQ(a.rules.tenant_claim, "org");
  const TrustedIssuer& b = issuers->back();
  EXPECT_EQ(b.keys, "");
  EXPECT_EQ(b.rules.subjects, Subjects::kOpaque);
  EXPECT_EQ(b.rules.tenants, std::set<TenantId>{TenantId{*Uuid::Parse(kOne)}});
  EXPECT_EQ(b.rules.grounds, Grounds::kDirectory);
  EXPECT_EQ(b.rules.tenant_claim, "");
}

TEST(TrustedIssuersTest, WhatMayBeAbsentHasItsUsualValue) {
  const auto issuers = ParseIssuers(FileWith(""));

  ASSERT_THAT(issuers, IsOk());
  EXPECT_EQ(issuers->front().rules.leeway, std::chrono::seconds(30));
  EXPECT_EQ(issuers->front().rules.tenant_claim, "tenant");
  EXPECT_EQ(issuers->front().keys, "");
}

TEST(TrustedIssuersTest, EveryMistakeIsNamed) {
  struct Case {
    std::string file;
    const char* field;
  };
  const std::vector<Case> cases = {
      {"", ""},
      {"[]", ""},
      {"{}", "issuers"},
      {R"({"issuers": {}})", "issuers"},
      {R"({"issuers": [], "isuers": []})", "isuers"},
      {R"({"issuers": ["a"]})", "issuers[0]"},
      {R"({"issuers": [{"id": "a"}]})", "issuers[0].issuer"},
      {R"({"issuers": [{"id": 1}]})", "issuers[0].id"},
      {R"({"leeway_s": 61, "issuers": []})", "leeway_s"},
      {R"({"leeway_s": -1, "issuers": []})", "leeway_s"},
      {R"({"leeway_s": "30", "issuers": []})", "leeway_s"},
      {FileWith(R"("typo": 1)"), "issuers[0].typo"},
      {FileWith(R"("keys": 1)"), "issuers[0].keys"},
      {FileWith(R"("tenant_claim": null)"), "issuers[0].tenant_claim"},
      {FileWith(R"("subjects": "name")"), "issuers[0].subjects"},
      {FileWith(R"("permissions": "none")"), "issuers[0].permissions"},
      {FileWith(R"("tenants": [])"), "issuers[0].tenants"},
      {FileWith(R"("tenants": ["acme"])"), "issuers[0].tenants"},
      {FileWith(R"("tenants": [1])"), "issuers[0].tenants"},
      {FileWith(R"("tenants": "all")"), "issuers[0].tenants"},
  };
  for (const Case& mistake : cases) {
    EXPECT_THAT(ParseIssuers(mistake.file).status(), HasViolation(mistake.field, "ISSUERS_FILE"))
        << mistake.file;
  }
}

TEST(TrustedIssuersTest, IssuersOfOneTenantCannotSpeakForEachOthersUsers) {
  EXPECT_THAT(Check({Issuer("a", Subjects::kNames, {kOne}), Issuer("b", Subjects::kNames, {kTwo}),
                     Issuer("c", Subjects::kOpaque, {kOne})}),
              IsOk());
  EXPECT_THAT(
      Check({Issuer("a", Subjects::kNames, {kOne}), Issuer("b", Subjects::kNames, {kTwo, kOne})}),
      HasViolation("issuers[1].subjects", "OUT_OF_RANGE"));
  EXPECT_THAT(Check({Issuer("a", Subjects::kNames, {kOne}), Issuer("b", Subjects::kNames, {})}),
              HasViolation("issuers[1].subjects", "OUT_OF_RANGE"));
}

TEST(TrustedIssuersTest, AnIssuerWhoseTokensNameNoTenantSpeaksForOne) {
  TrustedIssuer issuer = Issuer("a", Subjects::kOpaque, {kOne});
  issuer.rules.tenant_claim = "";
  EXPECT_THAT(Check({issuer}), IsOk());

  issuer.rules.tenants.insert(TenantId{*Uuid::Parse(kTwo)});
  EXPECT_THAT(Check({issuer}), HasViolation("issuers[0].tenant_claim", "OUT_OF_RANGE"));
  issuer.rules.tenants.clear();
  EXPECT_THAT(Check({issuer}), HasViolation("issuers[0].tenant_claim", "OUT_OF_RANGE"));
}

TEST(TrustedIssuersTest, EachIssuerStandsThereOnce) {
  const TrustedIssuer issuer = Issuer("a", Subjects::kOpaque, {kOne});

  const absl::Status twice = Check({issuer, issuer});
  EXPECT_THAT(twice, HasViolation("issuers[1].id", "OUT_OF_RANGE"));
  EXPECT_THAT(twice, HasViolation("issuers[1].issuer", "OUT_OF_RANGE"));
  EXPECT_THAT(Check({}), HasViolation("issuers", "OUT_OF_RANGE"));
}

TEST(TrustedIssuersTest, KeysAreFoundOnlyThroughAnIssuerThatIsAUrl) {
  TrustedIssuer issuer = Issuer("a", Subjects::kOpaque, {kOne});
  issuer.keys = "";
  EXPECT_THAT(Check({issuer}), IsOk());

  issuer.rules.issuer = "corporate";
  EXPECT_THAT(Check({issuer}), HasViolation("issuers[0].keys", "OUT_OF_RANGE"));
  issuer.rules.issuer = "http://issuer.example";
  EXPECT_THAT(Check({issuer}), HasViolation("issuers[0].keys", "OUT_OF_RANGE"));
}

}  // namespace
}  // namespace lotura::rpc
