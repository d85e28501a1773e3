#include "libs/base/options.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "libs/testing/status_matchers.h"

namespace lotura {
namespace {

using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;

struct Settings {
  std::string address;
  std::int64_t threads = 4;
  std::string level = "info";
};

absl::StatusOr<OptionsVerb> Parse(Settings& settings, std::vector<std::string> arguments,
                                  std::vector<std::string> environment) {
  Options options;
  options.RequiredText({.name = "grpc-listen", .help = "where to listen"}, settings.address);
  options.Number({.name = "threads", .help = "threads"}, settings.threads, {1, 64});
  options.Choice({.name = "log-level", .help = "level"}, settings.level, {"info", "debug"});
  return options.Parse(arguments, environment);
}

TEST(OptionsTest, FlagWinsOverVariableAndVariableOverDefault) {
  Settings settings;

  ASSERT_TRUE(
      Parse(settings, {"--threads", "8"}, {"LOTURA_THREADS=2", "LOTURA_GRPC_LISTEN=a:1"}).ok());

  EXPECT_EQ(settings.threads, 8);
  EXPECT_EQ(settings.address, "a:1");
  EXPECT_EQ(settings.level, "info");
}

TEST(OptionsTest, EveryWrongSettingIsNamed) {
  Settings settings;

  const auto parsed = Parse(settings, {"--threads=0", "--typo=1"},
                            {"LOTURA_LOG_LEVEL=loud", "LOTURA_THREDS=3", "PATH=/bin"});

  EXPECT_THAT(parsed, HasViolation("--threads", "SETTING_INVALID"));
  EXPECT_THAT(parsed, HasViolation("--typo", "SETTING_UNKNOWN"));
  EXPECT_THAT(parsed, HasViolation("LOTURA_LOG_LEVEL", "SETTING_INVALID"));
  EXPECT_THAT(parsed, HasViolation("LOTURA_THREDS", "SETTING_UNKNOWN"));
  EXPECT_THAT(parsed, HasViolation("LOTURA_GRPC_LISTEN", "SETTING_MISSING"));
  EXPECT_EQ(ViolationsOf(parsed.status()).size(), 5);
}

struct Confidential {
  Secret database;
  Secret password;
};

absl::StatusOr<std::map<std::string, std::string>> InForce(
    Confidential& settings, const std::vector<std::string>& environment) {
  Options options;
  options.RequiredConfidential({.name = "database", .help = "where data lies"}, settings.database);
  options.Confidential({.name = "password", .help = "of the role"}, settings.password);
  LOTURA_RETURN_IF_ERROR(options.Parse({}, environment).status());
  const auto pairs = options.InForce();
  return std::map<std::string, std::string>(pairs.begin(), pairs.end());
}

TEST(OptionsTest, WhatIsConfidentialIsGivenByItselfOrInAFile) {
  const std::string path = ::testing::TempDir() + fmt::format("/password-{}", getpid());
  std::ofstream(path) << "hush\n";
  Confidential settings;

  const auto shown = InForce(settings, {"LOTURA_DATABASE=host=db", "LOTURA_PASSWORD_FILE=" + path});

  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ(*settings.database.Read(), "host=db");
  EXPECT_EQ(*settings.password.Read(), "hush");
  EXPECT_EQ(shown->at("database"), "<redacted>");
  EXPECT_EQ(shown->at("password"), "");
  EXPECT_EQ(shown->at("password-file"), path);
  std::filesystem::remove(path);
}

TEST(OptionsTest, WhatIsConfidentialIsGivenOnceAndFromAFileThatIsThere) {
  Confidential settings;

  EXPECT_THAT(InForce(settings, {}), HasViolation("LOTURA_DATABASE", "SETTING_MISSING"));
  EXPECT_THAT(InForce(settings, {"LOTURA_DATABASE_FILE=/dev/null", "LOTURA_DATABASE=host=db"}),
              HasViolation("LOTURA_DATABASE_FILE", "SETTING_INVALID"));
  EXPECT_THAT(InForce(settings, {"LOTURA_DATABASE_FILE=/nowhere"}),
              HasViolation("LOTURA_DATABASE_FILE", "SETTING_INVALID"));
  EXPECT_THAT(InForce(settings, {"LOTURA_DATABASE_FILE=/dev/null"}), IsOk());
}

TEST(OptionsTest, DocsAskForNothing) {
  Settings settings;

  EXPECT_EQ(Parse(settings, {"--print-config-docs"}, {}).value(), OptionsVerb::kPrintDocs);
}

}  // namespace
}  // namespace lotura
