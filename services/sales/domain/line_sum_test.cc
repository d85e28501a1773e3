#include "services/sales/domain/line_sum.h"

#include <gmock/gmock.h>

#include "libs/testing/status_matchers.h"
#include "services/sales/domain/reasons.h"

namespace lotura::sales::domain {
namespace {

using testing::HasViolation;

void AddLine(v1::Opportunity& deal, std::int64_t quantity, std::int64_t units,
             const char* currency = "USD") {
  auto& line = *deal.add_lines();
  line.set_product("products/gtx");
  line.set_quantity(quantity);
  line.mutable_unit_price()->set_currency_code(currency);
  line.mutable_unit_price()->set_units(units);
}

absl::Status Check(const v1::Opportunity& deal) {
  Violations violations;
  CheckLines(deal, violations);
  return violations.ToStatus();
}

TEST(LineSumTest, SumIsExact) {
  v1::Opportunity deal;
  AddLine(deal, 3, 550);
  AddLine(deal, 10, 0);
  deal.mutable_lines(1)->mutable_unit_price()->set_nanos(100'000'000);

  const auto sum = SumOfLines(deal);

  ASSERT_TRUE(sum.has_value());
  EXPECT_EQ(sum->units(), 1651);
  EXPECT_EQ(sum->nanos(), 0);
  EXPECT_EQ(sum->currency_code(), "USD");
  EXPECT_TRUE(Check(deal).ok());
}

TEST(LineSumTest, WithoutLinesThereIsNoSum) {
  EXPECT_FALSE(SumOfLines(v1::Opportunity()).has_value());
  EXPECT_TRUE(Check(v1::Opportunity()).ok());
}

TEST(LineSumTest, EveryWrongFieldIsNamed) {
  v1::Opportunity deal;
  AddLine(deal, -1, -1);
  AddLine(deal, 1'000'000'001, 1'000'000'000'001);

  const absl::Status status = Check(deal);

  EXPECT_THAT(status, HasViolation("lines[0].quantity", reasons::kOutOfRange));
  EXPECT_THAT(status, HasViolation("lines[0].unit_price.units", reasons::kOutOfRange));
  EXPECT_THAT(status, HasViolation("lines[1].quantity", reasons::kOutOfRange));
  EXPECT_THAT(status, HasViolation("lines[1].unit_price.units", reasons::kOutOfRange));
}

TEST(LineSumTest, TwoCurrenciesAreRefused) {
  v1::Opportunity deal;
  AddLine(deal, 1, 1, "USD");
  AddLine(deal, 1, 1, "EUR");

  EXPECT_THAT(Check(deal),
              HasViolation("lines[1].unit_price.currency_code", reasons::kCurrencyDiffers));
}

TEST(LineSumTest, SumBeyondTheRangeOfAnAmountIsRefused) {
  v1::Opportunity deal;
  AddLine(deal, 1'000'000'000, 1'000'000'000'000);

  EXPECT_THAT(Check(deal), HasViolation("lines", reasons::kAmountTooLarge));
}

TEST(LineSumTest, MoneyWithTwoSignsHasNoSum) {
  v1::Opportunity deal;
  AddLine(deal, 1, 1);
  deal.mutable_lines(0)->mutable_unit_price()->set_nanos(-1);

  EXPECT_FALSE(SumOfLines(deal).has_value());
}

}  // namespace
}  // namespace lotura::sales::domain
