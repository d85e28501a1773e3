#include "libs/base/money.h"

#include <gmock/gmock.h>

#include <limits>

namespace lotura {
namespace {

using ::testing::ElementsAre;

google::type::Money Money(std::int64_t units, std::int32_t nanos) {
  google::type::Money money;
  money.set_currency_code("USD");
  money.set_units(units);
  money.set_nanos(nanos);
  return money;
}

Amount Of(std::int64_t units, std::int32_t nanos = 0) {
  return Amount::From(Money(units, nanos)).value();
}

std::vector<std::string> Texts(const std::vector<Amount>& amounts) {
  std::vector<std::string> texts;
  for (const Amount& amount : amounts) texts.push_back(amount.ToDecimal());
  return texts;
}

TEST(AmountTest, MoneyWithDifferentSignsIsRefused) {
  EXPECT_FALSE(Amount::From(Money(1, -1)).has_value());
  EXPECT_FALSE(Amount::From(Money(-1, 1)).has_value());
  EXPECT_FALSE(Amount::From(Money(0, 1'000'000'000)).has_value());
  EXPECT_TRUE(Amount::From(Money(0, -999'999'999)).has_value());
}

TEST(AmountTest, ReadsAndWritesTheSameMoney) {
  for (const auto& money : {Money(12, 500'000'000), Money(-3, -1), Money(0, 0),
                            Money(std::numeric_limits<std::int64_t>::max(), 999'999'999),
                            Money(std::numeric_limits<std::int64_t>::min(), -999'999'999)}) {
    const auto back = Amount::From(money)->ToMoney("USD");

    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->SerializeAsString(), money.SerializeAsString());
  }
}

TEST(AmountTest, DecimalTextIsExact) {
  EXPECT_EQ(Of(12, 500'000'000).ToDecimal(), "12.5");
  EXPECT_EQ(Of(0, -1).ToDecimal(), "-0.000000001");
  EXPECT_EQ(Of(-7).ToDecimal(), "-7");
}

TEST(AmountTest, ParsesWhatItWrites) {
  for (const char* text : {"0", "12.5", "-0.000000001", "-7", "9223372036854775807.999999999"}) {
    EXPECT_EQ(Amount::Parse(text)->ToDecimal(), text);
  }
  EXPECT_EQ(Amount::Parse("1.0000000019")->ToDecimal(), "1.000000001");
}

TEST(AmountTest, WhatIsNoNumberIsRefused) {
  for (const char* text :
       {"", "-", ".5", "1,5", "1.2.3", "x", "1e3", "999999999999999999999999999999999999999999"}) {
    EXPECT_FALSE(Amount::Parse(text).has_value()) << text;
  }
}

TEST(AmountTest, OverflowIsNoticed) {
  const Amount large = Of(std::numeric_limits<std::int64_t>::max());

  EXPECT_FALSE(large.Times(std::numeric_limits<std::int64_t>::max()).has_value());
  EXPECT_FALSE(large.Plus(large)->ToMoney("USD").has_value());
}

TEST(DivideTest, PartsAddUpToTheTotal) {
  EXPECT_THAT(Texts(Divide(Of(10), std::vector{Of(1), Of(1), Of(1)})),
              ElementsAre("3.34", "3.33", "3.33"));
  EXPECT_THAT(Texts(Divide(Of(1054), std::vector{Of(1096)})), ElementsAre("1054"));
  EXPECT_THAT(Texts(Divide(Of(-10), std::vector{Of(1), Of(2)})), ElementsAre("-3.33", "-6.67"));
}

TEST(DivideTest, TotalFinerThanHundredthsIsDividedExactly) {
  EXPECT_THAT(Texts(Divide(Of(0, 3), std::vector{Of(1), Of(1)})),
              ElementsAre("0.000000002", "0.000000001"));
}

TEST(DivideTest, WithoutWeightsThePartsAreEqual) {
  EXPECT_THAT(Texts(Divide(Of(9), std::vector{Of(0), Of(0)})), ElementsAre("4.5", "4.5"));
  EXPECT_TRUE(Divide(Of(9), {}).empty());
}

TEST(DivideTest, LargestNumbersDoNotOverflow) {
  const Amount large = Of(std::numeric_limits<std::int64_t>::max(), 999'999'999);

  const auto parts = Divide(large, std::vector{large, large, Of(0, 1)});

  EXPECT_EQ(parts[0].Plus(parts[1])->Plus(parts[2]), large);
}

}  // namespace
}  // namespace lotura
