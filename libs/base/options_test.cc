#include "libs/base/options.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura {
namespace {

using ::lotura::testing::HasViolation;

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

TEST(OptionsTest, DocsAskForNothing) {
  Settings settings;

  EXPECT_EQ(Parse(settings, {"--print-config-docs"}, {}).value(), OptionsVerb::kPrintDocs);
}

}  // namespace
}  // namespace lotura
