// Quotas over buckets in memory, step by step, under a clock of the test's own. (tsan)
#include "libs/quota/quotas.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libs/quota/memory_buckets.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "libs/testing/tenant.h"

namespace lotura::quota {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using testing::TenantOf;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr char kBoth[] = R"({"each_tenant": {"per_second": 100, "burst": 200},
                             "each_caller": {"per_second": 20, "burst": 40}})";
constexpr char kTenantOnly[] = R"({"each_tenant": {"per_second": 100, "burst": 200}})";
constexpr char kSlow[] = R"({"each_caller": {"per_second": 2, "burst": 3}})";

Limits LimitsOf(std::string_view json) { return *Limits::Parse(json); }

Principal Caller(std::uint8_t tenant, const std::string& name = "users/anna") {
  return {.tenant = TenantOf(tenant), .name = name};
}

class QuotasTest : public ::testing::Test {
 protected:
  std::unique_ptr<Quotas> NewProcess(std::string_view json, QuotasOptions options = {}) {
    options.now = [this] { return now_; };
    return std::make_unique<Quotas>(std::move(options), LimitsOf(json), shared_, metrics_);
  }
  // What comes of a call, waiting included.
  static absl::Status Call(Quotas& quotas, const Principal& caller) {
    if (const auto known = quotas.Try(caller)) return *known;
    std::optional<absl::Status> answer;
    quotas.Ask(caller, [&answer](absl::Status status) { answer = std::move(status); });
    quotas.Step();
    return answer.has_value() ? *answer : Internal("nobody answered");
  }
  // Tenants from the first on use so much of what they have ahead of need that a refill is wanted.
  static void WantRefills(Quotas& quotas, std::uint8_t tenants) {
    for (std::uint8_t tenant = 1; tenant <= tenants; ++tenant)
      EXPECT_THAT(Call(quotas, Caller(tenant)), IsOk());
    for (std::uint8_t tenant = 1; tenant <= tenants; ++tenant) {
      for (int i = 0; i < 4; ++i) EXPECT_THAT(quotas.Try(Caller(tenant)).value(), IsOk());
    }
  }
  static int Admitted(Quotas& quotas, const Principal& caller, int calls) {
    int admitted = 0;
    for (int i = 0; i < calls; ++i) admitted += Call(quotas, caller).ok() ? 1 : 0;
    return admitted;
  }
  double Metric(const std::string& series) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
  }

  Deadline::Point now_{1h};
  MemoryBuckets shared_{[this] { return now_; }};
  observe::Metrics metrics_{"test"};
};

TEST_F(QuotasTest, WhatIsNotThereIsAskedForAndWhatCameAheadOfNeedIsUsed) {
  const auto quotas = NewProcess(kTenantOnly);
  EXPECT_FALSE(quotas->Try(Caller(1)).has_value());

  EXPECT_THAT(Call(*quotas, Caller(1)), IsOk());

  for (int i = 0; i < 9; ++i) EXPECT_THAT(quotas->Try(Caller(1)).value(), IsOk());
  EXPECT_FALSE(quotas->Try(Caller(1)).has_value());
}

TEST_F(QuotasTest, WhoKeepsToHisRateWaitsOnlyOnce) {
  const auto quotas = NewProcess(kTenantOnly);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_THAT(Call(*quotas, Caller(1)), IsOk());
    quotas->Step();
    now_ += 10ms;
  }

  EXPECT_EQ(Metric("lotura_quota_waits_total{service=\"test\"}"), 1);
  EXPECT_LT(shared_.requests(), 300U);
}

TEST_F(QuotasTest, ABurstIsAdmittedAsAWholeAndNoMore) {
  const auto quotas = NewProcess(kSlow);

  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 3);
  now_ += 1s;
  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 2);
}

TEST_F(QuotasTest, WhatIsKnownToBeEmptyIsRefusedWithoutAsking) {
  const auto quotas = NewProcess(kSlow);
  Admitted(*quotas, Caller(1), 4);
  const std::size_t asked = shared_.requests();

  for (int i = 0; i < 1'000; ++i) {
    EXPECT_THAT(quotas->Try(Caller(1)).value(),
                StatusIs(StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
  }

  EXPECT_EQ(shared_.requests(), asked);
  EXPECT_EQ(Metric("lotura_quota_refused_total{service=\"test\",subject=\"caller\"}"), 1'001);
}

TEST_F(QuotasTest, AFloodAsksRedisAHundredTimesASecondAtMost) {
  const auto quotas = NewProcess(R"({"each_tenant": {"per_second": 10000, "burst": 1000}})");
  int admitted = 0;
  for (int i = 0; i < 50'000; ++i) {
    admitted += Admitted(*quotas, Caller(1), 1);
    now_ += 20us;
  }

  EXPECT_LT(shared_.requests(), 120U);
  EXPECT_LE(admitted, 11'000);
  EXPECT_GE(admitted, 9'500);
}

TEST_F(QuotasTest, ProcessesShareWhatThereIs) {
  std::vector<std::unique_ptr<Quotas>> processes;
  for (int i = 0; i < 5; ++i) processes.push_back(NewProcess(kTenantOnly));
  int admitted = 0;
  for (int i = 0; i < 1'000; ++i) {
    for (const auto& process : processes) admitted += Admitted(*process, Caller(1), 2);
    now_ += 10ms;
  }

  // Ten seconds; what the processes have taken and not used yet is less than they may hold.
  EXPECT_LE(admitted, 200 + 1'000);
  EXPECT_GE(admitted, 200 + 1'000 - 5 * 10);
}

TEST_F(QuotasTest, ACallerOverHisQuotaTakesNothingFromHisTenant) {
  const auto quotas = NewProcess(kBoth);
  EXPECT_EQ(Admitted(*quotas, Caller(1, "users/anna"), 1'000), 40);

  int others = 0;
  for (int i = 0; i < 20; ++i)
    others += Admitted(*quotas, Caller(1, fmt::format("users/u{}", i)), 10);

  EXPECT_EQ(others, 160);
}

TEST_F(QuotasTest, ATenantOverItsQuotaTakesNothingFromItsCallers) {
  const auto quotas = NewProcess(R"({"each_tenant": {"per_second": 10, "burst": 10},
                                     "each_caller": {"per_second": 0.1, "burst": 15}})");
  EXPECT_EQ(Admitted(*quotas, Caller(1), 500), 10);
  now_ += 1s;

  EXPECT_EQ(Admitted(*quotas, Caller(1), 500), 5);

  EXPECT_EQ(InfoOf(Call(*quotas, Caller(1))).metadata.at("subject"), "caller");
}

TEST_F(QuotasTest, TenantsDoNotAffectEachOther) {
  const auto quotas = NewProcess(kTenantOnly);
  int noisy = 0;
  int quiet = 0;
  for (int i = 0; i < 1'000; ++i) {
    noisy += Admitted(*quotas, Caller(1), 10);
    quiet += Admitted(*quotas, Caller(2), 1);
    now_ += 10ms;
  }

  EXPECT_EQ(quiet, 1'000);
  EXPECT_LE(noisy, 200 + 1'000);
  EXPECT_GE(noisy, 200 + 980);
}

TEST_F(QuotasTest, CallersOfOneNameInTwoTenantsAreTwo) {
  const auto quotas = NewProcess(kSlow);

  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 3);

  EXPECT_EQ(Admitted(*quotas, Caller(2), 10), 3);
}

TEST_F(QuotasTest, ATenantWithMuchThatWaitsDelaysNobodyElse) {
  const auto quotas = NewProcess(kSlow, {.at_once = 32});
  int noisy = 0;
  bool quiet = false;
  for (int i = 0; i < 1'000; ++i)
    quotas->Ask(Caller(1, fmt::format("users/u{}", i)), [&](const auto&) { ++noisy; });
  quotas->Ask(Caller(2), [&](const absl::Status& status) { quiet = status.ok(); });

  quotas->Step();

  EXPECT_TRUE(quiet);
  EXPECT_EQ(noisy, 31);
}

TEST_F(QuotasTest, WithoutRedisEachProcessCountsForItself) {
  const auto quotas = NewProcess(kSlow);
  Admitted(*quotas, Caller(1), 10);
  shared_.Become(MemoryBuckets::State::kGone);

  EXPECT_TRUE(quotas->Try(Caller(1)).has_value());
  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 2);
  now_ += 2s;
  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 3);
  EXPECT_GT(
      Metric("lotura_quota_checks_total{result=\"admitted\",service=\"test\",source=\"local\"}"),
      5);

  shared_.Become(MemoryBuckets::State::kReached);
  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 3);
}

TEST_F(QuotasTest, AnOutageThatComesAndGoesGivesNoNewBurstEachTime) {
  const auto quotas = NewProcess(kSlow);
  int admitted = 0;
  for (int i = 0; i < 100; ++i) {
    shared_.Become(i % 2 == 0 ? MemoryBuckets::State::kGone : MemoryBuckets::State::kReached);
    admitted += Admitted(*quotas, Caller(1), 20);
    now_ += 100ms;
  }

  // Twice of what there is in ten seconds: once in Redis, once here.
  EXPECT_LE(admitted, 2 * (3 + 20));
}

TEST_F(QuotasTest, ACallThatWaitsForARedisThatHangsIsCountedHere) {
  const auto quotas = NewProcess(kBoth);
  shared_.Become(MemoryBuckets::State::kHung);

  EXPECT_EQ(Admitted(*quotas, Caller(1), 100), 40);
  EXPECT_THAT(Call(*quotas, Caller(1)), StatusIs(StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
}

TEST_F(QuotasTest, NewLimitsHoldAtOnce) {
  const auto quotas = NewProcess(kSlow);
  EXPECT_EQ(Admitted(*quotas, Caller(1), 100), 3);

  quotas->Use(LimitsOf(R"({"each_caller": {"per_second": 50, "burst": 50}})"));
  now_ += 2s;
  EXPECT_EQ(Admitted(*quotas, Caller(1), 100), 50);
  quotas->Use(LimitsOf("{}"));
  EXPECT_EQ(Admitted(*quotas, Caller(1), 100), 100);
  quotas->Use(LimitsOf(kSlow));
  EXPECT_LE(Admitted(*quotas, Caller(1), 100), 3);
}

TEST_F(QuotasTest, NewLimitsHoldWithoutRedisToo) {
  const auto quotas = NewProcess(R"({"each_caller": {"per_second": 1, "burst": 1000}})");
  shared_.Become(MemoryBuckets::State::kGone);
  EXPECT_EQ(Admitted(*quotas, Caller(1), 2'000), 1'000);

  quotas->Use(LimitsOf(R"({"each_caller": {"per_second": 1, "burst": 5}})"));

  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 0);
  now_ += 5s;
  EXPECT_EQ(Admitted(*quotas, Caller(1), 10), 5);
}

TEST_F(QuotasTest, OneTenantsCallersDriveOutNobodyElses) {
  const auto quotas = NewProcess(kSlow, {.meters = {.callers_max = 1'600}});
  for (std::uint8_t tenant = 2; tenant < 30; ++tenant)
    EXPECT_EQ(Admitted(*quotas, Caller(tenant), 4), 3);
  for (int i = 0; i < 5'000; ++i) Admitted(*quotas, Caller(1, fmt::format("users/u{}", i)), 1);

  EXPECT_LE(Metric("lotura_quota_accounts{service=\"test\",subject=\"caller\"}"), 1'600);
  EXPECT_GT(Metric("lotura_quota_forgotten_total{service=\"test\",subject=\"caller\"}"), 4'000);
  const std::size_t asked = shared_.requests();
  for (std::uint8_t tenant = 2; tenant < 30; ++tenant)
    EXPECT_EQ(Admitted(*quotas, Caller(tenant), 9), 0);
  EXPECT_EQ(shared_.requests(), asked) << "somebody was forgotten who had few callers";
}

TEST_F(QuotasTest, TenantsAreForgottenToo) {
  const auto quotas = NewProcess(kBoth, {.meters = {.tenants_max = 64}});
  for (int i = 0; i < 1'000; ++i) {
    Principal caller = Caller(0);
    caller.tenant.value.bytes[0] = static_cast<std::uint8_t>(i);
    caller.tenant.value.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    EXPECT_THAT(Call(*quotas, caller), IsOk());
  }

  EXPECT_LE(Metric("lotura_quota_accounts{service=\"test\",subject=\"tenant\"}"), 64);
  EXPECT_LE(Metric("lotura_quota_accounts{service=\"test\",subject=\"caller\"}"), 64);
}

TEST_F(QuotasTest, MoreThanMayWaitAreRefused) {
  const auto quotas = NewProcess(kBoth, {.waiting_max = 2});
  std::vector<absl::Status> answers;
  for (int i = 0; i < 3; ++i)
    quotas->Ask(Caller(1), [&](absl::Status status) { answers.push_back(std::move(status)); });

  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0], StatusIs(StatusCode::kResourceExhausted, "QUEUE_FULL"));
  quotas->Step();
  EXPECT_EQ(answers.size(), 3U);
}

TEST_F(QuotasTest, RefillsTakeNoPlacesOfCalls) {
  const auto quotas = NewProcess(kTenantOnly, {.waiting_max = 2});
  WantRefills(*quotas, 3);
  std::vector<absl::Status> answers;

  for (std::uint8_t tenant = 4; tenant <= 5; ++tenant)
    quotas->Ask(Caller(tenant), [&](absl::Status status) { answers.push_back(std::move(status)); });

  EXPECT_TRUE(answers.empty());
  quotas->Step();
  ASSERT_EQ(answers.size(), 2U);
  for (const absl::Status& answer : answers) EXPECT_THAT(answer, IsOk());
}

TEST_F(QuotasTest, RefillsForWhichThereIsNoRoomAreWantedAgain) {
  const auto quotas = NewProcess(kTenantOnly, {.refills_max = 1});
  WantRefills(*quotas, 2);
  const std::size_t asked = shared_.requests();

  quotas->Step();
  EXPECT_EQ(shared_.requests(), asked + 1);
  EXPECT_THAT(quotas->Try(Caller(2)).value(), IsOk());
  quotas->Step();
  EXPECT_EQ(shared_.requests(), asked + 2);
}

TEST_F(QuotasTest, WhoStillWaitsAtTheEndIsAnswered) {
  auto quotas = NewProcess(kBoth);
  int answered = 0;
  for (int i = 0; i < 1'000; ++i)
    quotas->Ask(Caller(1), [&](const absl::Status& status) {
      EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable, "STOPPING"));
      ++answered;
    });

  quotas.reset();

  EXPECT_EQ(answered, 1'000);
}

TEST_F(QuotasTest, ThreadsTogetherGetWhatThereIsAndNoMore) {
  Quotas quotas({}, LimitsOf(R"({"each_tenant": {"per_second": 1, "burst": 5000}})"), shared_,
                metrics_);
  quotas.Start();
  std::atomic<int> admitted = 0;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        const Principal caller = Caller(1, fmt::format("users/u{}", t));
        const auto count = [&](const absl::Status& status) {
          admitted += status.ok() ? 1 : 0;
          ++answered;
        };
        for (int i = 0; i < 2'000; ++i) {
          if (const auto known = quotas.Try(caller)) {
            count(*known);
          } else {
            quotas.Ask(caller, count);
          }
        }
      });
    }
  }

  EXPECT_TRUE(Eventually([&] { return answered == 8'000; }, 30s));
  EXPECT_EQ(admitted, 5'000);
}

}  // namespace
}  // namespace lotura::quota
