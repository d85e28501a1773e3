// The export of a tenant, as the program makes it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/crypto.h"
#include "libs/testing/process.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "tools/lotura/program_fixture.h"

namespace lotura::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

class ProgramExportTest : public ProgramTest {
 protected:
  void SetUp() override {
    for (const char* id : {"acme", "bravo"})
      Run({"create", "organizations", "--id", id, "--set", std::string("display_name=") + id});
    Run({"create", "teams", "--id", "west", "--set", "display_name=West"});
  }

  int Export() { return Run({"tenant", "export", Path("")}); }

  [[nodiscard]] std::string Path(const std::string& file) const {
    return directory_.path() + "/out/" + file;
  }
  [[nodiscard]] std::string Read(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(Path(file)).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::vector<std::string> NamesIn(const std::string& file) const {
    std::istringstream lines(Read(file));
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) names.push_back(Json::parse(line)["name"]);
    return names;
  }
  [[nodiscard]] Json FileOf(const std::string& type) const {
    const Json manifest = Json::parse(Read("manifest.json"));
    for (const Json& one : manifest["files"]) {
      if (one["type"] == type) return one;
    }
    return {};
  }

  testing::TempDir directory_;
};

TEST_F(ProgramExportTest, HasAFileOfLinesForEachTypeAndAManifest) {
  ASSERT_EQ(Export(), 0) << err_.str();

  EXPECT_THAT(NamesIn("accounts.Organization.jsonl"),
              ElementsAre("organizations/acme", "organizations/bravo"));
  EXPECT_THAT(NamesIn("directory.Team.jsonl"), ElementsAre("teams/west"));
  const Json organizations = FileOf("accounts.lotura/Organization");
  EXPECT_EQ(organizations["records"], 2);
  EXPECT_EQ(organizations["bytes"], Read("accounts.Organization.jsonl").size());
  EXPECT_EQ(organizations["sha256"], ToHex(Sha256(Read("accounts.Organization.jsonl"))));
  EXPECT_EQ(FileOf("sales.lotura/Opportunity")["records"], 0);
  EXPECT_FALSE(std::filesystem::exists(Path("progress.json")));
}

TEST_F(ProgramExportTest, WhatTheCallerMayNotReadIsLeftOutAndTold) {
  services_.records.before = [](const std::string& method) {
    return method == "ListTeams" ? PermissionDenied("directory.teams.read") : absl::OkStatus();
  };

  ASSERT_EQ(Export(), 0) << err_.str();

  const Json left_out = Json::parse(Read("manifest.json"))["left_out"];
  ASSERT_EQ(left_out.size(), 1U);
  EXPECT_EQ(left_out[0]["type"], "directory.lotura/Team");
  EXPECT_EQ(left_out[0]["reason"], "PERMISSION_DENIED");
  EXPECT_FALSE(std::filesystem::exists(Path("directory.Team.jsonl")));
}

TEST_F(ProgramExportTest, GoesOnWhereItWasEndedAndReadsNothingTwice) {
  services_.records.before = [](const std::string& method) {
    return method == "ListTeams" ? Internal("broken") : absl::OkStatus();
  };
  ASSERT_EQ(Export(), 1);
  ASSERT_FALSE(std::filesystem::exists(Path("manifest.json")));
  // What a page that was not noted has left behind.
  std::ofstream(Path("directory.Team.jsonl"), std::ios::app) << "{\"name\": \"teams/ha";
  services_.records.before = nullptr;
  const std::size_t read = services_.records.calls["ListOrganizations"];

  ASSERT_EQ(Export(), 0) << err_.str();

  EXPECT_EQ(services_.records.calls["ListOrganizations"], read);
  EXPECT_THAT(NamesIn("directory.Team.jsonl"), ElementsAre("teams/west"));
  EXPECT_EQ(FileOf("accounts.lotura/Organization")["records"], 2);
}

TEST_F(ProgramExportTest, WaitsForWhatMayPass) {
  int refusals = 0;
  services_.records.before = [&](const std::string& method) {
    return method == "ListTeams" && ++refusals == 1 ? Unavailable("STOPPING", "stopping")
                                                    : absl::OkStatus();
  };

  EXPECT_EQ(Export(), 0) << err_.str();
  EXPECT_EQ(refusals, 2);
}

TEST_F(ProgramExportTest, WritesOverNothing) {
  ASSERT_EQ(Export(), 0);
  EXPECT_EQ(Export(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("complete export"));

  std::filesystem::remove(Path("manifest.json"));
  EXPECT_EQ(Export(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("is not empty"));
  EXPECT_EQ(Run({"tenant", "export"}), 2);
}

}  // namespace
}  // namespace lotura::cli
