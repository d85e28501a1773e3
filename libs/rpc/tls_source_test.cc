// When changed certificates are taken, and what is told of it. (tsan)
#include "libs/rpc/tls_source.h"

#include <gtest/gtest.h>

#include "libs/rpc/certificates_fixture.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class TlsSourceTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<TlsSource>> Create() {
    return TlsSource::Create({.files = files_, .use = "server", .refresh = 2ms}, clock_, log_,
                             metrics_);
  }
  // Looks until `count` more looks than now have ended in failure.
  bool Fails(int count) const {
    const double goal = shown_.failed.value() + count;
    return Eventually([&] { return shown_.failed.value() >= goal; }, 10s);
  }
  static bool Uses(const TlsSource& source, const Issued& own) {
    return Eventually([&] { return source.Get()->certificate == own.certificate; }, 10s);
  }

  const TestAuthority authority_;
  const TlsDirectory directory_;
  const Issued first_ = authority_.Issue({.ends = 1h});
  const Issued second_ = authority_.Issue({.ends = 2h});
  const TlsFiles files_ = directory_.Files(first_, authority_.certificate());
  const SystemClock clock_;
  observe::Metrics metrics_{"rpctest"};
  observe::Log log_{{.service = "rpctest", .level = observe::Level::kError}, metrics_};
  const TlsMetrics shown_{metrics_, "server"};
};

TEST_F(TlsSourceTest, ASourceOfNothingGoodIsNotMade) {
  directory_.Write("own.key", second_.key);

  EXPECT_THAT(Create(), StatusIs(StatusCode::kFailedPrecondition, "TLS_PAIR"));
}

TEST_F(TlsSourceTest, AChangedPairIsTakenAndItsEndIsShown) {
  ASSERT_OK_AND_ASSIGN(const auto source, Create());
  const double first_end = shown_.expiry.value();
  source->Start();

  directory_.Write(second_);

  EXPECT_TRUE(Uses(*source, second_));
  EXPECT_EQ(source->Get()->key, second_.key);
  EXPECT_TRUE(Eventually([&] { return shown_.reloaded.value() == 1; }, 10s));
  EXPECT_NEAR(shown_.expiry.value() - first_end, 3600, 60);
}

TEST_F(TlsSourceTest, ThePairInUseStaysWhileOnlyHalfOfTheNextIsThere) {
  ASSERT_OK_AND_ASSIGN(const auto source, Create());
  source->Start();

  directory_.Write("own.key", second_.key);
  EXPECT_TRUE(Fails(3));
  EXPECT_EQ(source->Get()->key, first_.key);
  EXPECT_EQ(shown_.reloaded.value(), 0);
  directory_.Write("own.pem", second_.certificate);

  EXPECT_TRUE(Uses(*source, second_));
}

TEST_F(TlsSourceTest, FilesThatGoAwayOrBreakChangeNothing) {
  ASSERT_OK_AND_ASSIGN(const auto source, Create());
  source->Start();

  std::filesystem::remove(directory_.Path("own.pem"));
  EXPECT_TRUE(Fails(2));
  directory_.Write("own.pem", "nonsense");
  EXPECT_TRUE(Fails(2));
  EXPECT_EQ(source->Get()->certificate, first_.certificate);
  directory_.Write(second_);

  EXPECT_TRUE(Uses(*source, second_));
}

TEST_F(TlsSourceTest, WhatIsTheSameStaysTheSameObject) {
  ASSERT_OK_AND_ASSIGN(const auto source, Create());
  const TlsSource::Material material = source->Get();
  source->Start();

  directory_.Write(first_);
  directory_.Write("own.key", "nonsense");
  EXPECT_TRUE(Fails(2));
  directory_.Write("own.key", first_.key);
  directory_.Write("own.pem", "nonsense");
  EXPECT_TRUE(Fails(2));

  EXPECT_EQ(source->Get(), material);
  EXPECT_EQ(shown_.reloaded.value(), 0);
}

TEST_F(TlsSourceTest, NewAuthoritiesAreTaken) {
  ASSERT_OK_AND_ASSIGN(const auto source, Create());
  source->Start();
  const std::string both = authority_.certificate() + TestAuthority("next").certificate();

  directory_.Write("ca.pem", both);

  EXPECT_TRUE(Eventually([&] { return source->Get()->authorities == both; }, 10s));
}

}  // namespace
}  // namespace lotura::rpc
