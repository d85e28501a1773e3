// A file of limits that changes while it is in force. (tsan)
#include "libs/quota/limits_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libs/testing/eventually.h"
#include "libs/testing/process.h"
#include "libs/testing/status_matchers.h"

namespace lotura::quota {
namespace {

using testing::Eventually;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class LimitsFileTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) const {
    std::ofstream(directory_.path() + "/new.json") << text;
    std::filesystem::rename(directory_.path() + "/new.json", path_);
  }
  void WriteRate(int per_second) const {
    Write(R"({"each_caller": {"per_second": )" + std::to_string(per_second) +
          R"(, "burst": 100}})");
  }
  double InForce() {
    const std::lock_guard lock(mutex_);
    return limits_->OfCaller({}, "users/anna")->rate.per_second;
  }
  double Failures() const {
    const std::string text = metrics_.Exposition();
    const std::string series = "lotura_quota_file_loads_total{result=\"failed\",service=\"test\"} ";
    const std::size_t at = text.find(series);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size()));
  }
  void Start() {
    auto limits = file_.Read();
    ASSERT_THAT(limits, IsOk());
    limits_ = *std::move(limits);
    file_.Start([this](Limits taken) {
      const std::lock_guard lock(mutex_);
      limits_ = std::move(taken);
    });
  }

  const testing::TempDir directory_;
  const std::string path_ = directory_.path() + "/quotas.json";
  observe::Metrics metrics_{"test"};
  observe::Log log_{{.service = "test", .level = observe::Level::kError}, metrics_};
  std::mutex mutex_;  // guards limits_
  std::optional<Limits> limits_;
  LimitsFile file_{{.path = path_, .refresh = 10ms}, log_, metrics_};
};

TEST_F(LimitsFileTest, AChangeIsTakenWithoutARestart) {
  WriteRate(10);
  Start();
  EXPECT_EQ(InForce(), 10);

  WriteRate(20);

  EXPECT_TRUE(Eventually([&] { return InForce() == 20; }, 10s));
}

TEST_F(LimitsFileTest, WhatIsWrongIsCountedAndTheOldOneStays) {
  WriteRate(10);
  Start();

  Write("{\"each_caller\": 7}");
  EXPECT_TRUE(Eventually([&] { return Failures() > 1; }, 10s));
  EXPECT_EQ(InForce(), 10);
  std::filesystem::remove(path_);
  const double failures = Failures();
  EXPECT_TRUE(Eventually([&] { return Failures() > failures + 1; }, 10s));
  EXPECT_EQ(InForce(), 10);

  WriteRate(30);
  EXPECT_TRUE(Eventually([&] { return InForce() == 30; }, 10s));
}

TEST_F(LimitsFileTest, AsManyEntriesAsThereMayBeAreRead) {
  std::string tenants;
  std::string callers;
  for (int i = 0; i < 10'000; ++i) {
    const char* comma = i == 0 ? "" : ",";
    tenants += fmt::format(
        R"({0}
    {{"tenant": "00000000-0000-4000-8000-{1:012}", "limit": {{"per_second": 100000, "burst": 1000000}}, "each_caller": {{"per_second": 10000, "burst": 100000}}}})",
        comma, i);
    callers += fmt::format(
        R"({0}
    {{"tenant": "00000000-0000-4000-8000-{1:012}", "caller": "clients/{1:0120}", "limit": {{"per_second": 100000, "burst": 1000000}}}})",
        comma, i);
  }
  Write(fmt::format(R"({{"tenants": [{}], "callers": [{}]}})", tenants, callers));

  const auto limits = file_.Read();

  ASSERT_THAT(limits, IsOk());
  const TenantId last{*Uuid::Parse("00000000-0000-4000-8000-000000009999")};
  EXPECT_EQ(limits->OfCaller(last, fmt::format("clients/{:0120}", 9'999))->rate.per_second,
            100'000);
  EXPECT_EQ(limits->OfCaller(last, "users/anna")->rate.per_second, 10'000);
}

TEST_F(LimitsFileTest, AStartNeedsAGoodFile) {
  EXPECT_THAT(file_.Read().status(), StatusIs(absl::StatusCode::kUnavailable, "FILE_UNREADABLE"));
  Write("{\"each_caller\": 7}");
  EXPECT_THAT(file_.Read().status(), HasViolation("each_caller", "QUOTAS_FILE"));
}

}  // namespace
}  // namespace lotura::quota
