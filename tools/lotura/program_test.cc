#include "tools/lotura/program.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libs/base/errors.h"
#include "libs/testing/process.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/analytics/v1/report.pb.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "tools/lotura/api/fake_api.h"

namespace lotura::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers reports and timelines with what a test has laid down, all else like FakeApi.
class FakeServices final : public api::Transport {
 public:
  absl::StatusOr<std::unique_ptr<pbuf::Message>> Call(const pbuf::MethodDescriptor& method,
                                                      const pbuf::Message& request,
                                                      std::chrono::milliseconds timeout) override {
    requests.push_back(method.name() + " " + request.ShortDebugString());
    const auto found = answers.find(method.name());
    if (found == answers.end()) return records.Call(method, request, timeout);
    std::unique_ptr<pbuf::Message> answer(found->second->New());
    answer->CopyFrom(*found->second);
    return answer;
  }

  const api::ResourceModel model = api::ResourceModel::OfLinkedProtos();
  api::FakeApi records{model};
  std::map<std::string, std::shared_ptr<pbuf::Message>> answers;
  std::vector<std::string> requests;
};

// Lets the program own what the test keeps.
class Borrowed final : public api::Transport {
 public:
  explicit Borrowed(api::Transport& lent) : lent_(lent) {}
  absl::StatusOr<std::unique_ptr<pbuf::Message>> Call(const pbuf::MethodDescriptor& method,
                                                      const pbuf::Message& request,
                                                      std::chrono::milliseconds timeout) override {
    return lent_.Call(method, request, timeout);
  }

 private:
  api::Transport& lent_;
};

class ProgramTest : public ::testing::Test {
 protected:
  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    const Surroundings surroundings{
        .out = out_,
        .err = err_,
        .style = {},
        .err_style = {},
        .variables = [](const std::string& name) -> std::optional<std::string> {
          if (name == "LOTURA_ENDPOINT") return "127.0.0.1:1";
          if (name == "LOTURA_TOKEN") return "secret";
          return std::nullopt;
        },
        .directory = "/",
        .connect =
            [this](const Connection& /*connection*/, const Arguments& /*arguments*/) {
              return std::make_unique<Borrowed>(services_);
            },
        .administer =
            [this](const std::vector<std::string>& words) {
              words_ = words;
              return Unavailable("PROGRAM_MISSING", "not in this test");
            }};
    return static_cast<int>(RunProgram(arguments, surroundings));
  }

  FakeServices services_;
  std::vector<std::string> words_;
  std::ostringstream out_;
  std::ostringstream err_;
};

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
      "PATH=/bin",         "LOTURA_TOKEN=secret",           "LOTURA_TOKEN_FILE=t",
      "LOTURA_ENDPOINT=x", "LOTURA_TOKEN_ISSUER=https://i", "LOTURA_POSTGRES=host=db"};

  EXPECT_EQ(ServiceEnvironment(all),
            (std::vector<std::string>{"PATH=/bin", "LOTURA_TOKEN_ISSUER=https://i",
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

google::type::Money Dollars(std::int64_t units) {
  google::type::Money money;
  money.set_units(units);
  money.set_currency_code("USD");
  return money;
}

TEST_F(ProgramTest, TheFunnelIsAChartOfItsStages) {
  analytics::v1::QueryFunnelResponse funnel;
  auto* first = funnel.add_rows();
  first->set_stage_display_name("Prospecting");
  first->set_entered_count(8800);
  first->set_left_count(8300);
  first->set_current_count(500);
  first->mutable_median_duration()->set_seconds(std::int64_t{45} * 86400);
  auto* won = funnel.add_rows();
  won->set_stage_display_name("Won");
  won->set_entered_count(4400);
  *won->add_values() = Dollars(10005534);
  services_.answers["QueryFunnel"] = std::make_shared<analytics::v1::QueryFunnelResponse>(funnel);

  EXPECT_EQ(Run({"funnel", "--pipeline", "pipelines/b2b", "--where", "region=West,East"}), 0)
      << err_.str();

  EXPECT_EQ(services_.requests.back(),
            "QueryFunnel pipeline: \"//sales.lotura/pipelines/b2b\" filters { dimension: "
            "DIMENSION_REGION values: \"West\" values: \"East\" }");
  EXPECT_EQ(out_.str(),
            "stage                                  entered   left  now  won  lost  median time    "
            "   value now\n"
            "Prospecting  ████████████████████████    8,800  8,300  500    0     0         45 d\n"
            "Won          ████████████                4,400      0    0    0     0               "
            "10,005,534 USD\n");
}

TEST_F(ProgramTest, ShortNamesInAReportAreCompleted) {
  services_.answers["QueryRevenue"] = std::make_shared<analytics::v1::QueryRevenueResponse>();

  EXPECT_EQ(Run({"revenue", "--pipeline", "b2b", "--where", "team=west,teams/east", "--where",
                 "product=//sales.lotura/products/gtx", "--where", "sector=medical"}),
            0)
      << err_.str();

  EXPECT_EQ(services_.requests.back(),
            "QueryRevenue pipeline: \"//sales.lotura/pipelines/b2b\" filters { dimension: "
            "DIMENSION_TEAM values: \"//directory.lotura/teams/west\" values: "
            "\"//directory.lotura/teams/east\" } filters { dimension: DIMENSION_PRODUCT values: "
            "\"//sales.lotura/products/gtx\" } filters { dimension: DIMENSION_SECTOR values: "
            "\"medical\" }");
}

TEST_F(ProgramTest, WithoutAPipelineTheOnlyOneIsMeant) {
  services_.answers["QueryFunnel"] = std::make_shared<analytics::v1::QueryFunnelResponse>();
  EXPECT_EQ(Run({"funnel"}), 2) << "there is none yet";
  Run({"create", "pipelines", "--id", "b2b", "--set", "display_name=B2B"});

  EXPECT_EQ(Run({"funnel", "--group-by", "month,region"}), 0) << err_.str();

  EXPECT_THAT(services_.requests.back(), HasSubstr("//sales.lotura/pipelines/b2b"));
  EXPECT_THAT(services_.requests.back(), HasSubstr("group_by: DIMENSION_MONTH group_by: "));
}

TEST_F(ProgramTest, RevenueIsATableByGroups) {
  analytics::v1::QueryRevenueResponse revenue;
  auto* row = revenue.add_rows();
  row->add_groups()->set_value("West");
  row->set_won_count(1438);
  *row->add_revenue() = Dollars(3568647);
  revenue.add_rows()->add_groups();
  services_.answers["QueryRevenue"] =
      std::make_shared<analytics::v1::QueryRevenueResponse>(revenue);

  EXPECT_EQ(Run({"revenue", "--group-by", "region"}), 0) << err_.str();

  EXPECT_EQ(out_.str(),
            "region    won        revenue\n"
            "West    1,438  3,568,647 USD  ████████████████████████\n"
            "(none)      0\n");
}

TEST_F(ProgramTest, TheTimelineSaysWhatHappened) {
  communications::v1::ListTimelineResponse timeline;
  auto* entry = timeline.add_entries();
  entry->set_kind(communications::v1::TimelineEntry::KIND_MOVED);
  entry->mutable_time()->set_seconds(1488326400);
  entry->set_source("//sales.lotura/opportunities/o-1");
  entry->set_actor("users/anna");
  sales::v1::OpportunityMoved moved;
  moved.set_from_stage("pipelines/b2b/stages/engaging");
  moved.set_to_stage("pipelines/b2b/stages/won");
  entry->mutable_detail()->PackFrom(moved);
  services_.answers["ListTimeline"] =
      std::make_shared<communications::v1::ListTimelineResponse>(timeline);

  EXPECT_EQ(Run({"timeline", "organizations/acme", "--kind", "moved,created"}), 0) << err_.str();

  EXPECT_THAT(services_.requests.back(), HasSubstr("//accounts.lotura/organizations/acme"));
  EXPECT_THAT(out_.str(), HasSubstr("2017-03-01  moved  engaging to won"));
}

TEST_F(ProgramTest, ATimelineOfSeveralPagesIsOneTableAndTellsOfMore) {
  communications::v1::ListTimelineResponse timeline;
  for (int i = 0; i < 150; ++i) timeline.add_entries()->set_source("//sales.lotura/products/p");
  timeline.set_next_page_token("next");
  services_.answers["ListTimeline"] =
      std::make_shared<communications::v1::ListTimelineResponse>(timeline);

  EXPECT_EQ(Run({"timeline", "organizations/acme", "--limit", "300"}), 0) << err_.str();

  const std::string shown = out_.str();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 301) << "one header for all";
  EXPECT_THAT(err_.str(), HasSubstr("there are more; --limit 0 shows all of them"));
}

class ImportProgramTest : public ProgramTest {
 protected:
  ImportProgramTest() {
    Write("teams.csv", "name,region\nWest,Pacific\nEast,Atlantic\n");
    Write("mapping.yaml",
          "mapping: teams\nfiles: {teams: {path: teams.csv}}\nsteps:\n"
          "  - {step: teams, file: teams, create: teams, key: '{name}', fields: {display_name: "
          "'{name}', region: '{region}'}}\n");
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
  }
  int Import(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"import", directory_ / "mapping.yaml", "--rejects",
                                       directory_ / "rejects.csv"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  const testing::TempDir temporary_;
  const std::filesystem::path directory_ = temporary_.path();
};

TEST_F(ImportProgramTest, TellsWhatBecameOfEveryRow) {
  EXPECT_EQ(Import(), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("teams     2         0        2          0         0"));

  EXPECT_EQ(Import({"--json"}), 0) << err_.str();
  const auto step = nlohmann::json::parse(out_.str())["steps"][0];
  EXPECT_EQ(step["written"], 0);
  EXPECT_EQ(step["unchanged"], 2);
}

TEST_F(ImportProgramTest, TellsWhatTheMappingMendsInVain) {
  Write(
      "mapping.yaml",
      "mapping: teams\nfiles: {teams: {path: teams.csv, mend: {name: {Wst: West}}}}\nsteps: []\n");

  EXPECT_EQ(Import(), 0) << err_.str();

  EXPECT_THAT(err_.str(), HasSubstr("teams.csv has no 'Wst' in column 'name' to mend"));
}

TEST_F(ImportProgramTest, RejectsAreCountedInTheExitCode) {
  Write("teams.csv", "name,region\nWest,Pacific\nWest,Atlantic\n");

  EXPECT_EQ(Import(), 4);

  EXPECT_THAT(err_.str(), HasSubstr("rejected rows: 1, see "));
  std::ostringstream rejects;
  rejects << std::ifstream(directory_ / "rejects.csv").rdbuf();
  EXPECT_THAT(rejects.str(), HasSubstr("teams.csv,3,teams,West,KEY_TAKEN"));
}

TEST_F(ImportProgramTest, ADryRunKeepsTheRejectsOfTheLastImport) {
  Write("teams.csv", "name,region\nWest,Pacific\nWest,Atlantic\n");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  const std::string mapping = directory_ / "mapping.yaml";
  EXPECT_EQ(Run({"import", mapping}), 4);
  Write("teams.csv", "name,region\nWest,Pacific\n");

  EXPECT_EQ(Run({"import", mapping, "--dry-run"}), 0) << err_.str();

  std::filesystem::current_path(before);
  std::ostringstream rejects;
  rejects << std::ifstream(directory_ / "teams.rejects.csv").rdbuf();
  EXPECT_THAT(rejects.str(), HasSubstr("KEY_TAKEN"));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "teams.dry-run.rejects.csv"));
}

TEST_F(ImportProgramTest, ADryRunSendsNothing) {
  EXPECT_EQ(Import({"--dry-run"}), 0) << err_.str();

  EXPECT_TRUE(services_.requests.empty());
  EXPECT_THAT(out_.str(), HasSubstr("teams     2         0        2"));
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
