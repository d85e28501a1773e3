// The file of limits: what it means, and what is wrong with it.
#include "libs/quota/limits.h"

#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

#include <type_traits>

#include "libs/testing/status_matchers.h"

namespace lotura::quota {
namespace {

using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

constexpr char kOne[] = "00000000-0000-4000-8000-000000000001";
constexpr char kTwo[] = "00000000-0000-4000-8000-000000000002";

TenantId Tenant(std::string_view text) { return TenantId{*Uuid::Parse(text)}; }

double PerSecond(const LimitPtr& limit) { return limit == nullptr ? 0 : limit->rate.per_second; }

TEST(LimitsTest, AnEmptyFileLimitsNothing) {
  ASSERT_OK_AND_ASSIGN(const Limits limits, Limits::Parse("{}"));

  EXPECT_EQ(limits.OfTenant(Tenant(kOne)), nullptr);
  EXPECT_EQ(limits.OfCaller(Tenant(kOne), "users/anna"), nullptr);
}

TEST(LimitsTest, WhatIsSaidOfOneGoesBeforeWhatIsSaidOfAll) {
  ASSERT_OK_AND_ASSIGN(const Limits limits, Limits::Parse(R"({
      "each_tenant": {"per_second": 100, "burst": 200},
      "each_caller": {"per_second": 10, "burst": 20},
      "tenants": [{"tenant": "00000000-0000-4000-8000-000000000001",
                   "limit": {"per_second": 1000, "burst": 2000}},
                  {"tenant": "00000000-0000-4000-8000-000000000002", "limit": "unlimited",
                   "each_caller": {"per_second": 5.5, "burst": 20}}],
      "callers": [{"tenant": "any", "caller": "services/importer", "limit": "unlimited"},
                  {"tenant": "any", "caller": "clients/erp",
                   "limit": {"per_second": 50, "burst": 50}},
                  {"tenant": "00000000-0000-4000-8000-000000000002", "caller": "clients/erp",
                   "limit": {"per_second": 60, "burst": 60}}]})"));

  EXPECT_EQ(PerSecond(limits.OfTenant(TenantId())), 100);
  EXPECT_EQ(PerSecond(limits.OfTenant(Tenant(kOne))), 1000);
  EXPECT_EQ(limits.OfTenant(Tenant(kTwo)), nullptr);
  EXPECT_EQ(PerSecond(limits.OfCaller(TenantId(), "users/anna")), 10);
  EXPECT_EQ(PerSecond(limits.OfCaller(Tenant(kOne), "users/anna")), 10);
  EXPECT_EQ(PerSecond(limits.OfCaller(Tenant(kTwo), "users/anna")), 5.5);
  EXPECT_EQ(limits.OfCaller(Tenant(kOne), "services/importer"), nullptr);
  EXPECT_EQ(PerSecond(limits.OfCaller(Tenant(kOne), "clients/erp")), 50);
  EXPECT_EQ(PerSecond(limits.OfCaller(Tenant(kTwo), "clients/erp")), 60);
}

TEST(LimitsTest, AProcessTakesATenthOfASecondAheadAndAtMostHalfABucket) {
  EXPECT_EQ(Limit(Subject::kTenant, {.per_second = 1'000, .burst = 2'000}).ahead, 100);
  EXPECT_EQ(Limit(Subject::kTenant, {.per_second = 1'000, .burst = 100}).ahead, 50);
  EXPECT_EQ(Limit(Subject::kCaller, {.per_second = 9, .burst = 100}).ahead, 0);
}

TEST(LimitsTest, ARefusalSaysWhoseQuotaHowMuchAndWhenToComeAgain) {
  const absl::Status refusal = Limit(Subject::kCaller, {.per_second = 0.5, .burst = 3}).refusal;

  EXPECT_THAT(refusal, StatusIs(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
  EXPECT_EQ(InfoOf(refusal).metadata.at("subject"), "caller");
  EXPECT_EQ(InfoOf(refusal).metadata.at("calls_per_second"), "0.5");
  EXPECT_EQ(InfoOf(refusal).metadata.at("burst"), "3");
  EXPECT_EQ(InfoOf(Limit(Subject::kTenant, {.per_second = 1e6, .burst = 1'000'000}).refusal)
                .metadata.at("calls_per_second"),
            "1000000");
  google::rpc::QuotaFailure failure;
  ASSERT_TRUE(failure.ParseFromString(
      std::string(*refusal.GetPayload("type.googleapis.com/google.rpc.QuotaFailure"))));
  ASSERT_EQ(failure.violations_size(), 1);
  EXPECT_EQ(failure.violations(0).subject(), "caller");
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(retry.ParseFromString(
      std::string(*refusal.GetPayload("type.googleapis.com/google.rpc.RetryInfo"))));
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
}

TEST(LimitsTest, EveryMistakeIsNamedWithItsPlace) {
  const absl::Status wrong = Limits::Parse(R"({
      "each_tenant": {"per_second": 0, "burst": 10},
      "each_caller": {"per_second": "10", "burst": 0, "burts": 1},
      "tenants": [{"tenant": "acme", "limit": "none"},
                  {"tenant": "00000000-0000-4000-8000-000000000001"},
                  {"tenant": "00000000-0000-4000-8000-000000000001"}],
      "callers": [{"tenant": "all", "caller": "", "limit": {"per_second": 1000, "burst": 99}},
                  {"tenant": "any", "caller": "clients/erp"},
                  {"tenant": "any", "caller": "clients/erp",
                   "limit": {"per_second": 0.001, "burst": 87}}],
      "each": 1})")
                                 .status();

  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument, "BAD_REQUEST"));
  for (const char* field :
       {"each_tenant.per_second", "each_caller.per_second", "each_caller.burst",
        "each_caller.burts", "tenants[0].tenant", "tenants[0].limit", "tenants[2].tenant",
        "callers[0].tenant", "callers[0].caller", "callers[0].limit.burst", "callers[1].limit",
        "callers[2].caller", "callers[2].limit.burst", "each"}) {
    EXPECT_THAT(wrong, HasViolation(field, "QUOTAS_FILE"));
  }
}

TEST(LimitsTest, TextThatIsNoFileOfLimitsIsRefused) {
  for (const char* text : {"", "[]", "null", "{\"tenants\": {}}", "{", "\"unlimited\"",
                           "{\"each_tenant\": null}", "{\"each_tenant\": {\"per_second\": 1e999}}",
                           "{\"callers\": [1]}", "{\"each_caller\": {}}"}) {
    EXPECT_THAT(Limits::Parse(text).status(), ::testing::Not(IsOk())) << text;
  }
}

TEST(LimitsTest, TooManyEntriesAreRefused) {
  std::string callers;
  for (int i = 0; i <= 10'000; ++i) {
    callers += fmt::format(
        "{}{{\"tenant\": \"any\", \"caller\": \"users/u{}\", \"limit\": "
        "\"unlimited\"}}",
        i == 0 ? "" : ",", i);
  }

  EXPECT_THAT(Limits::Parse(fmt::format("{{\"callers\": [{}]}}", callers)).status(),
              HasViolation("callers", "QUOTAS_FILE"));
}

// A key points to the name that it was made of.
static_assert(std::is_constructible_v<CallerKey, const std::string&>);
static_assert(std::is_constructible_v<CallerKey, std::string&>);
static_assert(!std::is_constructible_v<CallerKey, std::string>);

TEST(LimitsTest, LongAndStrangeNamesHaveKeysOfTheirOwn) {
  const std::string long_name = "users/" + std::string(12'000, '{');
  const std::string other_name = long_name + "}";
  const CallerKey long_key(long_name);
  const CallerKey other_key(other_name);
  const CallerKey digest_key(long_key.text());

  EXPECT_EQ(CallerKey("users/anna").text(), "users/anna");
  EXPECT_LT(long_key.text().size(), 128U);
  EXPECT_NE(long_key.text(), other_key.text());
  // Nobody takes another one's bucket by calling himself as its key.
  EXPECT_NE(digest_key.text(), long_key.text());
  EXPECT_NE(CallerKey("").text(), "");
}

}  // namespace
}  // namespace lotura::quota
