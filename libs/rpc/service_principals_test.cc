// The file of services, what may be wrong with it, and who is found by it.
#include "libs/rpc/service_principals.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

constexpr char kOne[] = "00000000-0000-4000-8000-000000000001";
constexpr char kTwo[] = "00000000-0000-4000-8000-000000000002";
constexpr char kSpiffe[] = "spiffe://example.org/ns/crm/sa/importer";

TenantId Tenant(const char* text) { return {*Uuid::Parse(text)}; }

// A file with one service, of which one member is another.
std::string FileWith(const std::string& name, const std::string& value) {
  std::map<std::string, std::string> members = {{"id", R"("importer")"},
                                                {"peer", R"("importer.test")"},
                                                {"tenants", R"("any")"},
                                                {"permissions", R"(["*"])"}};
  members[name] = value;
  std::string text;
  for (const auto& [key, json] : members)
    text += fmt::format(R"({}"{}": {})", text.empty() ? "" : ", ", key, json);
  return R"({"services": [{)" + text + "}]}";
}

TEST(ServicePrincipalsFileTest, AFileIsReadWhole) {
  const auto services = ParseServicePrincipals(fmt::format(
      R"({{"services": [
           {{"id": "importer", "peer": "{}", "tenants": ["{}"],
             "permissions": ["accounts.*", "sales.opportunities.read"]}},
           {{"id": "erp", "peer": "erp.example.org", "tenants": "any", "permissions": ["*"]}}]}})",
      kSpiffe, kOne));

  ASSERT_THAT(services, IsOk());
  ASSERT_EQ(services->size(), 2U);
  const ServicePrincipal& importer = services->front();
  EXPECT_EQ(importer.id, "importer");
  EXPECT_EQ(importer.peer, kSpiffe);
  EXPECT_THAT(importer.tenants, ElementsAre(Tenant(kOne)));
  EXPECT_THAT(importer.permissions, ElementsAre("accounts.*", "sales.opportunities.read"));
  EXPECT_TRUE(services->back().tenants.empty());
}

TEST(ServicePrincipalsFileTest, EveryMistakeIsNamed) {
  struct Case {
    std::string file;
    const char* field;
  };
  const std::vector<Case> cases = {
      {"", ""},
      {"[]", ""},
      {"{}", "services"},
      {R"({"services": {}})", "services"},
      {R"({"services": [], "servces": []})", "servces"},
      {R"({"services": ["a"]})", "services[0]"},
      {R"({"services": [{"id": "a"}]})", "services[0].peer"},
      {R"({"services": [{"id": "a"}]})", "services[0].tenants"},
      {R"({"services": [{"id": "a"}]})", "services[0].permissions"},
      {FileWith("typo", "1"), "services[0].typo"},
      {FileWith("id", "1"), "services[0].id"},
      {FileWith("id", R"("Importer")"), "services[0].id"},
      {FileWith("peer", "1"), "services[0].peer"},
      {FileWith("peer", R"("")"), "services[0].peer"},
      {FileWith("peer", R"("https://importer.test")"), "services[0].peer"},
      {FileWith("peer", R"("*.importer.test")"), "services[0].peer"},
      {FileWith("peer", R"("Importer.test")"), "services[0].peer"},
      {FileWith("peer", R"("spiffe://example.org")"), "services[0].peer"},
      {FileWith("peer", R"("spiffe:///importer")"), "services[0].peer"},
      {FileWith("peer", R"("spiffe://Example.org/importer")"), "services[0].peer"},
      {FileWith("peer", R"("spiffe://example.org/a//b")"), "services[0].peer"},
      {FileWith("peer", R"("spiffe://example.org/a/../b")"), "services[0].peer"},
      {FileWith("peer", R"("spiffe://example.org/a?b")"), "services[0].peer"},
      {FileWith("tenants", "[]"), "services[0].tenants"},
      {FileWith("tenants", R"(["acme"])"), "services[0].tenants"},
      {FileWith("tenants", R"("all")"), "services[0].tenants"},
      {FileWith("permissions", R"("*")"), "services[0].permissions"},
      {FileWith("permissions", "[]"), "services[0].permissions"},
      {FileWith("permissions", "[1]"), "services[0].permissions"},
      {FileWith("permissions", R"([""])"), "services[0].permissions"},
      {FileWith("permissions", R"(["sales*"])"), "services[0].permissions"},
      {FileWith("permissions", R"(["*.read"])"), "services[0].permissions"},
      {FileWith("permissions", R"(["sales..read"])"), "services[0].permissions"},
      {FileWith("permissions", R"(["sales read"])"), "services[0].permissions"},
  };
  for (const Case& mistake : cases) {
    EXPECT_THAT(ParseServicePrincipals(mistake.file).status(),
                HasViolation(mistake.field, "SERVICES_FILE"))
        << mistake.file;
  }
}

TEST(ServicePrincipalsFileTest, EachServiceAndEachPeerStandsThereOnce) {
  const std::string one = FileWith("id", R"("importer")");
  const std::size_t begin = one.find('[') + 1;
  const std::string entry = one.substr(begin, one.rfind(']') - begin);

  const auto twice = ParseServicePrincipals(R"({"services": [)" + entry + ", " + entry + "]}");

  EXPECT_THAT(twice.status(), HasViolation("services[1].id", "SERVICES_FILE"));
  EXPECT_THAT(twice.status(), HasViolation("services[1].peer", "SERVICES_FILE"));
}

class ServicePrincipalsTest : public ::testing::Test {
 protected:
  absl::StatusOr<PrincipalPtr> Find(const Peer& peer, std::string_view tenant = {}) const {
    return services_.Find(peer, tenant);
  }

  observe::Metrics metrics_{"rpctest"};
  const ServicePrincipals services_{
      {{.id = "importer", .peer = kSpiffe, .tenants = {Tenant(kOne)}, .permissions = {"sales.*"}},
       {.id = "erp",
        .peer = "erp.test",
        .tenants = {Tenant(kOne), Tenant(kTwo)},
        .permissions = {"*"}},
       {.id = "probe", .peer = "probe.test", .permissions = {"sales.deals.read"}}},
      metrics_};
};

TEST_F(ServicePrincipalsTest, ASpiffeIdIsAService) {
  ASSERT_OK_AND_ASSIGN(const PrincipalPtr importer, Find({.spiffe_id = kSpiffe}));

  EXPECT_EQ(importer->name, "services/importer");
  EXPECT_EQ(importer->tenant, Tenant(kOne));
  EXPECT_EQ(importer->grounds, Grounds::kCertificate);
  EXPECT_TRUE(importer->SeesAll());
  EXPECT_TRUE(importer->Permits("sales.deals.read"));
  EXPECT_FALSE(importer->Permits("accounts.people.read"));
}

TEST_F(ServicePrincipalsTest, ADnsNameIsAServiceInWhateverCase) {
  ASSERT_OK_AND_ASSIGN(const PrincipalPtr erp,
                       Find({.dns_names = {"other.test", "ERP.test"}}, kTwo));

  EXPECT_EQ(erp->name, "services/erp");
  EXPECT_EQ(erp->tenant, Tenant(kTwo));
}

TEST_F(ServicePrincipalsTest, WhoIsNotInTheFileIsUnknown) {
  EXPECT_THAT(Find({.spiffe_id = "spiffe://example.org/ns/crm/sa/other"}),
              StatusIs(StatusCode::kUnauthenticated, "PEER_UNKNOWN"));
  EXPECT_THAT(Find({.dns_names = {"other.test"}}),
              StatusIs(StatusCode::kUnauthenticated, "PEER_UNKNOWN"));
}

TEST_F(ServicePrincipalsTest, BesideASpiffeIdDnsNamesSayNothing) {
  EXPECT_THAT(Find({.spiffe_id = "spiffe://example.org/other", .dns_names = {"probe.test"}}, kOne),
              StatusIs(StatusCode::kUnauthenticated, "PEER_UNKNOWN"));
}

TEST_F(ServicePrincipalsTest, ACertificateOfTwoServicesIsRefused) {
  EXPECT_THAT(Find({.dns_names = {"erp.test", "probe.test"}}, kOne),
              StatusIs(StatusCode::kUnauthenticated, "PEER_AMBIGUOUS"));
}

TEST_F(ServicePrincipalsTest, AServiceOfOneTenantNeedsToNameNoneAndMayNameNoOther) {
  EXPECT_THAT(Find({.spiffe_id = kSpiffe}, kOne), IsOk());

  EXPECT_THAT(Find({.spiffe_id = kSpiffe}, kTwo),
              StatusIs(StatusCode::kUnauthenticated, "PEER_TENANT"));
}

TEST_F(ServicePrincipalsTest, AServiceOfSeveralTenantsNamesTheOneItSpeaksFor) {
  EXPECT_THAT(Find({.dns_names = {"erp.test"}}),
              StatusIs(StatusCode::kUnauthenticated, "PEER_TENANT"));
  EXPECT_THAT(Find({.dns_names = {"probe.test"}}),
              StatusIs(StatusCode::kUnauthenticated, "PEER_TENANT"));
  EXPECT_THAT(Find({.dns_names = {"probe.test"}}, "acme"),
              StatusIs(StatusCode::kUnauthenticated, "PEER_TENANT"));

  EXPECT_THAT(Find({.dns_names = {"probe.test"}}, kTwo), IsOk());
}

}  // namespace
}  // namespace lotura::rpc
