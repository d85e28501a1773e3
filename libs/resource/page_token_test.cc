#include "libs/resource/page_token.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <random>

#include "libs/testing/process.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasViolation;
using testing::IsOk;

constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15}};
const Sha256Digest kQuery = Sha256("filter, order, parent");

Call CallOf(std::string method, std::uint8_t tenant, std::string principal, Instant now = kNow) {
  Call call{.principal = {},
            .method = std::move(method),
            .deadline = Deadline::After(std::chrono::seconds(1)),
            .trace = {},
            .now = now,
            .cause = {}};
  call.principal.tenant.value.bytes[0] = tenant;
  call.principal.name = std::move(principal);
  return call;
}

Call ListCall(Instant now = kNow) {
  return CallOf("lotura.sales.v1.OpportunityService/ListOpportunities", 1, "users/anna", now);
}

TokenKey KeyOf(std::string id, std::uint8_t byte) {
  TokenKey key{.id = std::move(id), .key = {}};
  key.key.fill(byte);
  return key;
}

PageTokens Tokens(std::vector<TokenKey> keys) {
  return PageTokens::Create(std::move(keys)).value();
}

PageCursor SomeCursor() {
  return {.query = kQuery,
          .last = {"12.5", std::nullopt, "", std::string("a\0b\xff", 4), "opportunities/o1"}};
}

TEST(PageTokenTest, OpensWhatItMade) {
  const PageTokens tokens = Tokens({KeyOf("k1", 1)});

  const std::string token = tokens.Make(ListCall(), SomeCursor());

  ASSERT_OK_AND_ASSIGN(const PageCursor cursor, tokens.Open(ListCall(), token, kQuery));
  EXPECT_THAT(cursor.last, ElementsAre("12.5", std::nullopt, "", std::string("a\0b\xff", 4),
                                       "opportunities/o1"));
  EXPECT_EQ(cursor.query, kQuery);
}

TEST(PageTokenTest, IsUrlSafeAndTellsNothing) {
  const std::string token = Tokens({KeyOf("k1", 1)}).Make(ListCall(), SomeCursor());

  EXPECT_EQ(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  EXPECT_EQ(FromBase64Url(token)->find("opportunities/o1"), std::string::npos);
  EXPECT_NE(token, Tokens({KeyOf("k1", 1)}).Make(ListCall(), SomeCursor()));
}

TEST(PageTokenTest, PreviousKeyStillOpens) {
  const std::string token = Tokens({KeyOf("k1", 1)}).Make(ListCall(), SomeCursor());

  EXPECT_THAT(Tokens({KeyOf("k2", 2), KeyOf("k1", 1)}).Open(ListCall(), token, kQuery), IsOk());
  EXPECT_THAT(Tokens({KeyOf("k2", 2)}).Open(ListCall(), token, kQuery),
              HasViolation("page_token", "PAGE_TOKEN_INVALID"));
  EXPECT_THAT(Tokens({KeyOf("k1", 2)}).Open(ListCall(), token, kQuery),
              HasViolation("page_token", "PAGE_TOKEN_INVALID"));
}

TEST(PageTokenTest, BelongsToOneMethodTenantCallerAndQuery) {
  const PageTokens tokens = Tokens({KeyOf("k1", 1)});
  const Call call = ListCall();
  const std::string token = tokens.Make(call, SomeCursor());

  EXPECT_THAT(tokens.Open(CallOf("other", 1, "users/anna"), token, kQuery),
              HasViolation("page_token", "PAGE_TOKEN_INVALID"));
  EXPECT_THAT(tokens.Open(CallOf(call.method, 2, "users/anna"), token, kQuery),
              HasViolation("page_token", "PAGE_TOKEN_INVALID"));
  EXPECT_THAT(tokens.Open(CallOf(call.method, 1, "users/bob"), token, kQuery),
              HasViolation("page_token", "PAGE_TOKEN_MISMATCH"));
  EXPECT_THAT(tokens.Open(call, token, Sha256("another")),
              HasViolation("page_token", "PAGE_TOKEN_MISMATCH"));
}

TEST(PageTokenTest, ExpiresAfterThreeDays) {
  const PageTokens tokens = Tokens({KeyOf("k1", 1)});
  const std::string token = tokens.Make(ListCall(), SomeCursor());

  EXPECT_THAT(
      tokens.Open(ListCall(kNow + std::chrono::hours(72) - std::chrono::seconds(1)), token, kQuery),
      IsOk());
  EXPECT_THAT(tokens.Open(ListCall(kNow + std::chrono::hours(72)), token, kQuery),
              HasViolation("page_token", "PAGE_TOKEN_EXPIRED"));
}

TEST(PageTokenTest, AnyChangeIsRefused) {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  const PageTokens tokens = Tokens({KeyOf("k1", 1), KeyOf("k2", 2)});
  const std::string token = tokens.Make(ListCall(), SomeCursor());
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = token;
    const std::size_t at = below(changed.size());
    switch (below(5)) {
      case 0:
        changed[at] = static_cast<char>(below(256));
        break;
      case 1:
        changed.erase(at, below(20) + 1);
        break;
      case 2:
        changed.insert(at, 1 + below(4), static_cast<char>(below(256)));
        break;
      case 3:
        changed += std::string(1 + below(9), " =\nA"[below(4)]);
        break;
      default:
        changed = std::string(below(400), static_cast<char>(below(256)));
        break;
    }
    if (changed == token) continue;
    ASSERT_THAT(tokens.Open(ListCall(), changed, kQuery),
                HasViolation("page_token", "PAGE_TOKEN_INVALID"))
        << i;
  }
  EXPECT_THAT(tokens.Open(ListCall(), std::string(100'000, 'A'), kQuery),
              HasViolation("page_token", "PAGE_TOKEN_INVALID"));
}

TEST(PageTokenTest, KeysAreReadFromLines) {
  const std::string zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const testing::TempDir directory;
  const std::string path = directory.path() + "/keys";
  std::ofstream(path) << "new:" << zero << "\r\n\nold:" << zero << "\n";

  EXPECT_THAT(PageTokens::FromFile(path), IsOk());
  EXPECT_THAT(PageTokens::FromText("one:" + zero), IsOk());
  for (const std::string& text : std::vector<std::string>{
           "", "one:AAAA", "one" + zero, ":" + zero, "a:" + zero + "\na:" + zero,
           "a:" + zero + "\nb:" + zero + "\nc:" + zero, "a:b:" + zero}) {
    const auto tokens = PageTokens::FromText(text);
    EXPECT_THAT(tokens, HasViolation("page-token-keys", "KEYS_INVALID")) << text;
    EXPECT_THAT(Message(tokens.status()), ::testing::Not(HasSubstr("AAAA")));
  }
  EXPECT_THAT(PageTokens::FromFile(directory.path() + "/none"),
              HasViolation("page-token-keys", "KEYS_INVALID"));
  EXPECT_THAT(PageTokens::FromFile(directory.path()),
              HasViolation("page-token-keys", "KEYS_INVALID"));
}

}  // namespace
}  // namespace lotura::resource
