// Bounds, ages and epochs of the cache of tokens. (tsan)
#include "libs/rpc/token_cache.h"

#include <gtest/gtest.h>

#include <thread>

namespace lotura::rpc {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

PrincipalPtr Someone(const std::string& name) {
  return std::make_shared<const Principal>(Principal{{}, name, {}});
}

class TokenCacheTest : public ::testing::Test {
 protected:
  void Put(const std::string& token) {
    cache_.Put(Sha256(token), Someone(token), now_ + 60s, cache_.epoch());
  }
  bool Knows(const std::string& token) { return cache_.Find(Sha256(token), now_) != nullptr; }

  Instant now_{};
  TokenCache cache_{2};
};

TEST_F(TokenCacheTest, WhatWasUsedLongestAgoLeaves) {
  Put("a");
  Put("b");
  EXPECT_TRUE(Knows("a"));

  Put("c");

  EXPECT_TRUE(Knows("a"));
  EXPECT_FALSE(Knows("b"));
  EXPECT_TRUE(Knows("c"));
}

TEST_F(TokenCacheTest, AnEntryEndsWithItsTime) {
  Put("a");
  now_ += 60s - 1us;
  EXPECT_TRUE(Knows("a"));

  now_ += 1us;

  EXPECT_FALSE(Knows("a"));
}

TEST_F(TokenCacheTest, WhatWasVerifiedBeforeTheKeysChangedDoesNotEnter) {
  const std::uint64_t before = cache_.epoch();
  Put("a");

  cache_.Clear();
  cache_.Put(Sha256("b"), Someone("b"), now_ + 60s, before);

  EXPECT_FALSE(Knows("a"));
  EXPECT_FALSE(Knows("b"));
}

TEST_F(TokenCacheTest, ManyThreadsMayUseIt) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string token = std::to_string((t + i) % 5);
        Put(token);
        (void)Knows(token);
        if (i % 50 == 0) cache_.Clear();
      }
    });
  }
}

}  // namespace
}  // namespace lotura::rpc
