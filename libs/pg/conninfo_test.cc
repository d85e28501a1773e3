#include "libs/pg/conninfo.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::std::chrono::milliseconds;
using ::std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<std::string> TryOptions(const Options& options, milliseconds left = seconds(60)) {
  return ConninfoOf(options, ReadCredentials(options).value(), Deadline::After(left));
}

std::string Of(const std::string& conninfo, milliseconds left = seconds(60)) {
  return TryOptions({.conninfo = conninfo, .schema = "sales"}, left).value();
}

TEST(ConninfoTest, KeywordsAndTheSameInAUriGiveTheSame) {
  EXPECT_EQ(Of("postgresql://anna:a%27b%5Cc@db1:5433/lotura?sslmode=require"),
            Of(R"(host=db1 port=5433 user=anna password='a\'b\\c' dbname=lotura sslmode=require)"));
}

TEST(ConninfoTest, APasswordBesideTheStringTakesThePlaceOfOneInIt) {
  const auto conninfo = TryOptions({.conninfo = "host=db1 password=old", .password = "it's new"});

  EXPECT_THAT(*conninfo, HasSubstr(R"(password='it\'s new')"));
  EXPECT_THAT(*conninfo, Not(HasSubstr("old")));
}

TEST(ConninfoTest, APasswordThatCannotBeReadIsTold) {
  EXPECT_THAT(
      ReadCredentials({.conninfo = "host=db1", .password = Secret::InFile("/nowhere/password")}),
      testing::StatusIs(absl::StatusCode::kUnavailable, "FILE_UNREADABLE"));
}

TEST(ConninfoTest, ConnectingEndsWithTheDeadlineButTwoSecondsIsTheLeast) {
  EXPECT_THAT(Of("host=db1", milliseconds(3900)), HasSubstr("connect_timeout='3'"));
  EXPECT_THAT(Of("host=db1", milliseconds(300)), HasSubstr("connect_timeout='2'"));
  EXPECT_THAT(Of("host=db1", seconds(60)), HasSubstr("connect_timeout='5'"));
}

TEST(ConninfoTest, HostsShareTheTimeThatIsLeft) {
  EXPECT_THAT(Of("host=db1,db2", milliseconds(6900)), HasSubstr("connect_timeout='3'"));
}

TEST(ConninfoTest, ADeadPeerIsNoticedUnlessTheOperatorSaysOtherwise) {
  EXPECT_THAT(Of("host=db1"), HasSubstr("keepalives_idle='10'"));
  EXPECT_THAT(Of("host=db1"), HasSubstr("tcp_user_timeout='15000'"));
  EXPECT_THAT(Of("host=db1 tcp_user_timeout=9000"), HasSubstr("tcp_user_timeout='9000'"));
}

TEST(ConninfoTest, ConnectionsForListsSortOnlyWhatNoIndexDelivers) {
  const auto of = [](PlanFor purpose) {
    return TryOptions({.conninfo = "host=db1", .plan_for = purpose}).value();
  };

  EXPECT_THAT(of(PlanFor::kLists), HasSubstr("enable_sort=off"));
  EXPECT_THAT(of(PlanFor::kSets), HasSubstr("enable_indexscan=off"));
  EXPECT_THAT(of(PlanFor::kWrites), Not(HasSubstr("enable_sort=off")));
  EXPECT_THAT(of(PlanFor::kReads), Not(HasSubstr("enable_")));
}

TEST(ConninfoTest, OptionsOfTheOperatorStayAndOursComeAfterThem) {
  EXPECT_THAT(Of("options='-c work_mem=1MB'"),
              HasSubstr("options='-c work_mem=1MB -c search_path=sales "));
}

TEST(ConninfoTest, AnUnreadableStringIsRefusedWithoutSayingWhatIsInIt) {
  const auto conninfo = TryOptions({.conninfo = "password secret"});

  EXPECT_THAT(conninfo,
              testing::StatusIs(absl::StatusCode::kFailedPrecondition, "CONNECTION_STRING"));
  EXPECT_THAT(Message(conninfo.status()), ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace lotura::pg
