#include "libs/access/api_key_token.h"

#include <gtest/gtest.h>

namespace lotura::access {
namespace {

TenantId SomeTenant() {
  TenantId tenant;
  tenant.value.bytes[3] = 7;
  return tenant;
}

TEST(ApiKeyTokenTest, SaysItsTenantAndIsItsOwn) {
  const std::string one = NewApiKeyToken(SomeTenant());
  const auto parsed = ParseApiKeyToken(one);
  const auto other = ParseApiKeyToken(NewApiKeyToken(SomeTenant()));

  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(one.size(), 93);
  EXPECT_EQ(parsed->tenant, SomeTenant());
  EXPECT_EQ(parsed->start, one.substr(0, 23));
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(parsed->start, other->start);
  EXPECT_NE(parsed->secret_hash, other->secret_hash);
  EXPECT_EQ(parsed->secret_hash, ParseApiKeyToken(one)->secret_hash);
}

TEST(ApiKeyTokenTest, OneThatWasCopiedWronglyIsNone) {
  const std::string token = NewApiKeyToken(SomeTenant());
  // The last character has bits that say nothing.
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {
    std::string wrong = token;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ParseApiKeyToken(wrong).has_value()) << i;
  }
  for (const std::string& wrong :
       {token.substr(0, 92), token + "A", std::string("lotura_"), std::string(), token + " ",
        "Lotura_" + token.substr(7), "lotura_" + std::string(86, '%'), std::string(20'000, 'x')}) {
    EXPECT_FALSE(ParseApiKeyToken(wrong).has_value()) << wrong.substr(0, 100);
  }
}

}  // namespace
}  // namespace lotura::access
