#include "tools/lotura/program.h"

#include <gmock/gmock.h>
#include <grpc/health/v1/health.pb.h>

#include <nlohmann/json.hpp>

#include "tools/lotura/program_fixture.h"

namespace lotura::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ProgramTest, CreatesShowsChangesAndListsARecordOfAnyType) {
  EXPECT_EQ(Run({"create", "teams", "--id", "west", "--data", R"({"display_name": "West"})",
                 "--set", "region=Pacific"}),
            0)
      << err_.str();
  EXPECT_EQ(Run({"update", "teams/west", "--set", "region=Mountain"}), 0) << err_.str();
  EXPECT_EQ(Run({"get", "//directory.lotura/teams/west"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("region        Mountain\n"));

  EXPECT_EQ(Run({"list", "teams"}), 0) << err_.str();

  EXPECT_EQ(out_.str(),
            "name        display_name  region\n"
            "teams/west  West          Mountain\n");
}

TEST_F(ProgramTest, TheMaskOfAnUpdateHoldsTheFieldsThatAreSet) {
  Run({"create", "organizations", "--id", "acme", "--set", "display_name=Acme"});

  EXPECT_EQ(Run({"update", "organizations/acme", "--set", "founded_year=", "--set",
                 "annual_revenue=12.50 EUR", "--etag", "e7"}),
            0)
      << err_.str();

  EXPECT_THAT(services_.requests.back(),
              HasSubstr("update_mask { paths: \"founded_year\" paths: \"annual_revenue\" }"));
  EXPECT_THAT(services_.requests.back(), HasSubstr("etag: \"e7\""));
  EXPECT_THAT(services_.requests.back(), HasSubstr("request_id: "));
}

TEST_F(ProgramTest, ListsAsJsonAreOneArray) {
  EXPECT_EQ(Run({"list", "teams", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str()).size(), 0u);
  Run({"create", "teams", "--id", "east", "--set", "display_name=East"});
  Run({"create", "teams", "--id", "west", "--set", "display_name=West"});

  EXPECT_EQ(Run({"list", "teams", "-o", "json"}), 0);

  const auto json = nlohmann::json::parse(out_.str());
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[1]["display_name"], "West");
}

TEST_F(ProgramTest, AChildNeedsItsParent) {
  EXPECT_EQ(Run({"list", "stages"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("give --parent"));

  EXPECT_EQ(Run({"list", "pipelines/p1/stages", "--filter", "kind = won", "--page-size", "7"}), 0);

  EXPECT_EQ(services_.requests.back(),
            "ListStages parent: \"pipelines/p1\" page_size: 7 filter: \"kind = won\"");
}

TEST_F(ProgramTest, TheStatusOfEachEndpointIsAsked) {
  const auto health = std::make_shared<grpc::health::v1::HealthCheckResponse>();
  services_.answers["Check"] = health;
  health->set_status(grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(Run({"status", "--endpoint", "sales=s:1", "--endpoint", "accounts=a:1"}), 0);
  EXPECT_EQ(out_.str(),
            "service   address  state\n"
            "accounts  a:1      SERVING\n"
            "sales     s:1      SERVING\n");
  EXPECT_EQ(services_.requests, (std::vector<std::string>{"Check ", "Check "}));

  health->set_status(grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Run({"status", "--json"}), 1);

  const auto json = nlohmann::json::parse(out_.str());
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["service"], "all");
  EXPECT_EQ(json[0]["state"], "NOT_SERVING");
}

TEST_F(ProgramTest, ReplaysAreHandedToTheProgramOfTheServicesAsWords) {
  using Words = std::vector<std::string>;

  EXPECT_NE(Run({"admin", "replay", "topic", "sales", "--to", "copy", "--after", "1/700/3",
                 "--name", "opportunities/a", "--name", "opportunities/b", "--dry-run"}),
            0);
  EXPECT_EQ(words_, (Words{"replay", "topic", "sales", "to=copy", "after=1/700/3",
                           "name=opportunities/a", "name=opportunities/b", "dry-run"}));
  EXPECT_NE(Run({"admin", "replay", "projection", "communications.timeline", "--keep-rows"}), 0);
  EXPECT_EQ(words_, (Words{"replay", "projection", "communications.timeline", "keep-rows"}));

  words_.clear();
  EXPECT_EQ(Run({"admin", "replay", "projection"}), 2);
  EXPECT_TRUE(words_.empty());
}

TEST(ServiceEnvironmentTest, VariablesOfTheCommandLineStayBehind) {
  const std::vector<std::string> all{
      "PATH=/bin",         "LOTURA_TOKEN=secret",     "LOTURA_TOKEN_FILE=t",
      "LOTURA_ENDPOINT=x", "LOTURA_TOKEN_ISSUERS=/i", "LOTURA_POSTGRES=host=db"};

  EXPECT_EQ(ServiceEnvironment(all),
            (std::vector<std::string>{"PATH=/bin", "LOTURA_TOKEN_ISSUERS=/i",
                                      "LOTURA_POSTGRES=host=db"}));
}

TEST_F(ProgramTest, ErrorsNameReasonAndEveryField) {
  services_.records.check = [](const pbuf::Message& /*record*/) {
    Violations violations;
    violations.Add("team.display_name", "TOO_LONG", "is too long");
    violations.Add("team.region", "TOO_LONG", "is too long");
    return violations.ToStatus();
  };

  EXPECT_EQ(Run({"create", "teams", "--set", "display_name=x"}), 1);
  EXPECT_EQ(err_.str(),
            "lotura: INVALID_ARGUMENT (BAD_REQUEST): 2 fields are wrong; "
            "team.display_name: is too long (TOO_LONG); team.region: is too long (TOO_LONG)\n");

  EXPECT_EQ(Run({"create", "teams", "--set", "display_name=x", "--json"}), 1);
  const auto error = nlohmann::json::parse(err_.str())["error"];
  EXPECT_EQ(error["reason"], "BAD_REQUEST");
  EXPECT_EQ(error["violations"].size(), 2u);
  EXPECT_EQ(error["violations"][1]["field"], "team.region");
}

TEST_F(ProgramTest, ExitCodesTellWhoIsAtFault) {
  EXPECT_EQ(Run({"get", "teams/gone"}), 1);
  EXPECT_EQ(Run({"get", "nothing/gone"}), 2);
  EXPECT_EQ(Run({"get"}), 2);
  EXPECT_EQ(Run({"create", "teams", "--data", "{"}), 2);
  EXPECT_EQ(Run({"create", "teams", "--set", "zone=West"}), 2);
  EXPECT_EQ(Run({"import", "/nowhere/mapping.yaml"}), 2);
  services_.records.before = [](const std::string& /*method*/) {
    return Unavailable("UNAVAILABLE", "connection refused");
  };
  EXPECT_EQ(Run({"get", "teams/west"}), 3);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Exit codes"));
}

TEST_F(ProgramTest, CompletionKnowsVerbsOptionsAndCollections) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(Run({"completion", shell}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("funnel")) << shell;
    EXPECT_THAT(out_.str(), HasSubstr("organizations")) << shell;
    EXPECT_THAT(out_.str(), HasSubstr("order-by")) << shell;
  }
  EXPECT_EQ(Run({"completion", "tcsh"}), 2);
  EXPECT_THAT(err_.str(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace lotura::cli
