// Dashboards and alerts know the metrics by these names.
#include <gtest/gtest.h>

#include "libs/access/api_keys.h"
#include "libs/access/policies.h"
#include "libs/base/errors.h"
#include "libs/observe/golden.h"

namespace lotura::access {
namespace {

class NoTokens final : public rpc::Authenticator {
 public:
  std::optional<absl::StatusOr<rpc::PrincipalPtr>> Try(std::string_view) override {
    return std::nullopt;
  }
  void Ask(std::string, Done done) override { done(Unauthenticated("TOKEN_MISSING", "no token")); }
};

TEST(AccessMetricsTest, TheNamesOfAllMetricsAreThoseOfTheGoldenFile) {
  const observe::Metrics metrics{"sales"};
  const SystemClock clock{};
  // Nobody connects to it.
  pg::Database database({.schema = "sales"});
  const Policies policies(database, clock, metrics);
  NoTokens tokens;
  const Authority authority{};
  KeyUses uses;
  const ApiKeys keys({tokens, authority, uses, clock}, metrics);

  EXPECT_EQ(observe::DifferenceFromGolden(metrics, LOTURA_ACCESS_METRICS), "");
}

}  // namespace
}  // namespace lotura::access
