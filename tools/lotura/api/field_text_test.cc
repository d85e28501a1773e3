#include "tools/lotura/api/field_text.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/opportunity_service.pb.h"
#include "lotura/sales/v1/stage.pb.h"

namespace lotura::api {
namespace {

using accounts::v1::Organization;
using sales::v1::MoveOpportunityRequest;
using sales::v1::Opportunity;
using sales::v1::Stage;
using testing::IsOk;
using testing::StatusIs;

TEST(FieldTextTest, SetsEachKindOfFieldFromText) {
  Organization organization;

  EXPECT_THAT(SetPath(organization, "display_name", "Acme"), IsOk());
  EXPECT_THAT(SetPath(organization, "founded_year", "1996"), IsOk());
  EXPECT_THAT(SetPath(organization, "annual_revenue", "1100040000.5 USD"), IsOk());
  EXPECT_THAT(SetPath(organization, "tags", "key-account, press"), IsOk());
  EXPECT_THAT(SetPath(organization, "phones", R"([{"number": "+4912345"}])"), IsOk());

  EXPECT_EQ(organization.display_name(), "Acme");
  EXPECT_EQ(organization.founded_year(), 1996);
  EXPECT_EQ(organization.annual_revenue().units(), 1100040000);
  EXPECT_EQ(organization.annual_revenue().nanos(), 500'000'000);
  EXPECT_EQ(organization.tags(1), "press");
  EXPECT_EQ(organization.phones(0).number(), "+4912345");
}

TEST(FieldTextTest, TimesAndDaysAreReadFromTheirIsoForm) {
  MoveOpportunityRequest move;

  EXPECT_THAT(SetPath(move, "move_time", "2017-03-01"), IsOk());
  EXPECT_THAT(SetPath(move, "close_date", "2017-02-28"), IsOk());

  EXPECT_EQ(move.move_time().seconds(), 1488326400);
  EXPECT_EQ(move.close_date().day(), 28);
}

TEST(FieldTextTest, AnEnumIsSetByItsShortName) {
  Stage stage;

  EXPECT_THAT(SetPath(stage, "kind", "won"), IsOk());
  EXPECT_EQ(stage.kind(), Stage::KIND_WON);
  EXPECT_THAT(SetPath(stage, "kind", "KIND_LOST"), IsOk());
  EXPECT_EQ(stage.kind(), Stage::KIND_LOST);
}

TEST(FieldTextTest, AnEmptyTextClearsTheField) {
  Organization organization;
  organization.set_founded_year(1996);
  organization.add_tags("press");

  EXPECT_THAT(SetPath(organization, "founded_year", ""), IsOk());
  EXPECT_THAT(SetPath(organization, "tags", ""), IsOk());

  EXPECT_FALSE(organization.has_founded_year());
  EXPECT_EQ(organization.tags_size(), 0);
}

TEST(FieldTextTest, APathLeadsIntoMessages) {
  Organization organization;

  EXPECT_THAT(SetPath(organization, "annual_revenue.currency_code", "EUR"), IsOk());
  EXPECT_EQ(organization.annual_revenue().currency_code(), "EUR");
  EXPECT_THAT(SetPath(organization, "display_name.size", "1"),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_UNKNOWN"));
}

struct BadText {
  const char* path;
  const char* text;
};

class BadTextTest : public ::testing::TestWithParam<BadText> {};

TEST_P(BadTextTest, IsRefusedWithTheFieldsName) {
  Organization organization;
  Opportunity opportunity;
  const bool of_organization =
      Organization::descriptor()->FindFieldByName(GetParam().path) != nullptr;
  pbuf::Message& message = of_organization ? static_cast<pbuf::Message&>(organization)
                                           : static_cast<pbuf::Message&>(opportunity);

  const absl::Status status = SetPath(message, GetParam().path, GetParam().text);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "VALUE_MALFORMED"));
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(ViolationsOf(status).front().field, GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTextTest,
    ::testing::Values(BadText{"founded_year", "19x6"}, BadText{"founded_year", "1.5"},
                      BadText{"founded_year", "99999999999"}, BadText{"annual_revenue", "12"},
                      BadText{"annual_revenue", "12 US"}, BadText{"annual_revenue", "1. USD"},
                      BadText{"annual_revenue", ".5 USD"}, BadText{"annual_revenue", "1,5 USD"},
                      BadText{"annual_revenue", "1.0000000001 USD"},
                      BadText{"expected_close_date", "2017-02-29"},
                      BadText{"expected_close_date", "3/1/2017"},
                      BadText{"create_time", "yesterday"}, BadText{"state", "gone"}));

TEST(FieldTextTest, WritesForPeople) {
  Opportunity opportunity;
  opportunity.set_state(Opportunity::STATE_WON);
  opportunity.mutable_amount()->set_units(1054);
  opportunity.mutable_amount()->set_currency_code("USD");
  opportunity.mutable_open_time()->set_seconds(1488326400);
  const auto text = [&](const char* field) {
    return ToText(opportunity, *Opportunity::descriptor()->FindFieldByName(field));
  };

  EXPECT_EQ(text("state"), "won");
  EXPECT_EQ(text("amount"), "1,054 USD");
  EXPECT_EQ(text("open_time"), "2017-03-01");
  EXPECT_EQ(text("close_date"), "");
}

TEST(FieldTextTest, NumbersAreGroupedInThousands) {
  EXPECT_EQ(GroupedText(0), "0");
  EXPECT_EQ(GroupedText(999), "999");
  EXPECT_EQ(GroupedText(-1000), "-1,000");
  EXPECT_EQ(GroupedText(10005534), "10,005,534");
  EXPECT_EQ(MoneyText(0, -500'000'000, "EUR"), "-0.50 EUR");
  EXPECT_EQ(MoneyText(1234, 5'000'000, "EUR"), "1,234.005 EUR");
}

TEST(FieldTextTest, SpansShowTheirTwoLargestUnits) {
  EXPECT_EQ(DurationText(0), "0 s");
  EXPECT_EQ(DurationText(59), "59 s");
  EXPECT_EQ(DurationText(3 * 86400), "3 d");
  EXPECT_EQ(DurationText(57 * 86400 + 3 * 3600 + 59), "57 d 3 h");
}

}  // namespace
}  // namespace lotura::api
