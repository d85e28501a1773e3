// What an import tells on the screen and in its exit code.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/testing/process.h"
#include "tools/lotura/program_fixture.h"

namespace lotura::cli {
namespace {

using ::testing::HasSubstr;

class ProgramImportTest : public ProgramTest {
 protected:
  ProgramImportTest() {
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

TEST_F(ProgramImportTest, TellsWhatBecameOfEveryRow) {
  EXPECT_EQ(Import(), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("teams     2         0        2          0         0"));

  EXPECT_EQ(Import({"--json"}), 0) << err_.str();
  const auto step = nlohmann::json::parse(out_.str())["steps"][0];
  EXPECT_EQ(step["written"], 0);
  EXPECT_EQ(step["unchanged"], 2);
}

TEST_F(ProgramImportTest, TellsWhatTheMappingMendsInVain) {
  Write(
      "mapping.yaml",
      "mapping: teams\nfiles: {teams: {path: teams.csv, mend: {name: {Wst: West}}}}\nsteps: []\n");

  EXPECT_EQ(Import(), 0) << err_.str();

  EXPECT_THAT(err_.str(), HasSubstr("teams.csv has no 'Wst' in column 'name' to mend"));
}

TEST_F(ProgramImportTest, RejectsAreCountedInTheExitCode) {
  Write("teams.csv", "name,region\nWest,Pacific\nWest,Atlantic\n");

  EXPECT_EQ(Import(), 4);

  EXPECT_THAT(err_.str(), HasSubstr("rejected rows: 1, see "));
  std::ostringstream rejects;
  rejects << std::ifstream(directory_ / "rejects.csv").rdbuf();
  EXPECT_THAT(rejects.str(), HasSubstr("teams.csv,3,teams,West,KEY_TAKEN"));
}

TEST_F(ProgramImportTest, ADryRunKeepsTheRejectsOfTheLastImport) {
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

TEST_F(ProgramImportTest, ADryRunSendsNothing) {
  EXPECT_EQ(Import({"--dry-run"}), 0) << err_.str();

  EXPECT_TRUE(services_.requests.empty());
  EXPECT_THAT(out_.str(), HasSubstr("teams     2         0        2"));
}

}  // namespace
}  // namespace lotura::cli
