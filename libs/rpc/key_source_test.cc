// When keys are fetched, and who waits for them. (tsan)
#include "libs/rpc/key_source.h"

#include <gtest/gtest.h>

#include "libs/rpc/token_issuer.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class KeySourceTest : public ::testing::Test {
 protected:
  std::unique_ptr<KeySource> Source(KeySourceOptions options) {
    return std::make_unique<KeySource>(
        options,
        [this]() -> absl::StatusOr<std::optional<std::string>> {
          ++fetches_;
          if (down_) return Unavailable("KEYS_UNREADABLE", "down");
          return keys_;
        },
        [this] { ++changes_; }, log_, metrics_);
  }

  const std::string keys_ = TokenIssuer(Algorithm::kEs256, "key-1").KeySetJson();
  std::atomic<int> fetches_ = 0;
  std::atomic<int> changes_ = 0;
  std::atomic<bool> down_ = false;
  observe::Metrics metrics_{"rpctest"};
  observe::Log log_{{.service = "rpctest", .level = observe::Level::kError}, metrics_};
};

TEST_F(KeySourceTest, OneFetchServesAllWhoWait) {
  const auto source = Source({.refresh = 1h, .refetch_min = 1h});
  std::atomic<int> served = 0;
  std::vector<std::jthread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      for (int k = 0; k < 50; ++k) EXPECT_TRUE(source->AfterFetch([&] { ++served; }));
    });
  }
  askers.clear();

  source->Start();

  EXPECT_TRUE(Eventually([&] { return served == 200; }, 5s));
  EXPECT_EQ(fetches_, 1);
  EXPECT_NE(source->Get()->Find("key-1"), nullptr);
}

TEST_F(KeySourceTest, WaitersAreServedWithoutAFetchWhileNoneIsAllowed) {
  const auto source = Source({.refresh = 1h, .refetch_min = 1h});
  ASSERT_THAT(source->FetchNow(), IsOk());
  source->Start();
  EXPECT_FALSE(source->MayFetch());
  std::atomic<bool> served = false;

  EXPECT_TRUE(source->AfterFetch([&] { served = true; }));

  EXPECT_TRUE(Eventually([&] { return served.load(); }, 5s));
  EXPECT_EQ(fetches_, 1);
}

TEST_F(KeySourceTest, AFailureKeepsTheKeysAndIsTriedAgainSoon) {
  const auto source = Source({.refresh = 1h, .refetch_min = 1ms});
  ASSERT_THAT(source->FetchNow(), IsOk());
  down_ = true;
  EXPECT_THAT(source->FetchNow(), StatusIs(StatusCode::kUnavailable, "KEYS_UNREADABLE"));
  EXPECT_NE(source->Get(), nullptr);

  source->Start();
  EXPECT_TRUE(Eventually([&] { return fetches_ > 3; }, 5s));
  down_ = false;

  EXPECT_TRUE(Eventually([&] { return changes_ == 2; }, 5s));
}

TEST_F(KeySourceTest, BrokenKeysStayBrokenUntilTheyChange) {
  std::optional<std::string> text = "{broken";
  KeySource source(
      {}, [&]() -> absl::StatusOr<std::optional<std::string>> { return std::exchange(text, {}); },
      [] {}, log_, metrics_);
  EXPECT_THAT(source.FetchNow(), StatusIs(StatusCode::kInvalidArgument, "KEY_SET"));

  EXPECT_THAT(source.FetchNow(), StatusIs(StatusCode::kInvalidArgument, "KEY_SET"));

  text = keys_;
  EXPECT_THAT(source.FetchNow(), IsOk());
  EXPECT_THAT(source.FetchNow(), IsOk());
}

TEST_F(KeySourceTest, TheNumberOfWaitersIsBounded) {
  const auto source = Source({});
  int taken = 0;
  for (int i = 0; i < 2000; ++i) taken += source->AfterFetch([] {}) ? 1 : 0;

  EXPECT_EQ(taken, 1024);
}

}  // namespace
}  // namespace lotura::rpc
