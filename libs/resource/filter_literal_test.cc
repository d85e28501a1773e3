#include "libs/resource/filter_literal.h"

#include <gtest/gtest.h>

#include <limits>

namespace lotura::resource {
namespace {

constexpr Instant At(int year, unsigned month, unsigned day, std::chrono::microseconds time = {}) {
  return Instant{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) /
                                       static_cast<int>(day)}} +
         time;
}

TEST(FilterLiteralTest, DecimalsAreExact) {
  EXPECT_EQ(ParseDecimal("100.50").value, (Decimal{100, 500'000'000}));
  EXPECT_EQ(ParseDecimal("-0.000000001").value, (Decimal{0, -1}));
  EXPECT_EQ(ParseDecimal("2.997e9").value, (Decimal{2'997'000'000, 0}));
  EXPECT_EQ(ParseDecimal("+15E-1").value, (Decimal{1, 500'000'000}));
  EXPECT_EQ(ParseDecimal("1e-5").value, (Decimal{0, 10'000}));
  EXPECT_EQ(ParseDecimal("0.0000e900").value, (Decimal{0, 0}));
  EXPECT_EQ(ParseDecimal("-9223372036854775808").value,
            (Decimal{std::numeric_limits<std::int64_t>::min(), 0}));
  EXPECT_EQ(ParseDecimal("0000000000000000000000000000001.10000000000000000").value,
            (Decimal{1, 100'000'000}));
}

TEST(FilterLiteralTest, DecimalFaultsAreTold) {
  for (const char* text :
       {"", "-", "1.", ".5", "1e", "1e+-5", "1e5000", "0x10", "nan", "inf", "1 ", "1,5", "--1"}) {
    EXPECT_FALSE(ParseDecimal(text).value.has_value()) << text;
    EXPECT_EQ(ParseDecimal(text).fault, DecimalFault::kNotANumber) << text;
  }
  EXPECT_EQ(ParseDecimal("9223372036854775808").fault, DecimalFault::kOutOfRange);
  EXPECT_EQ(ParseDecimal("1e19").fault, DecimalFault::kOutOfRange);
  EXPECT_EQ(ParseDecimal("0.0000000001").fault, DecimalFault::kTooPrecise);
}

TEST(FilterLiteralTest, DoublesAreFiniteNumbers) {
  EXPECT_EQ(ParseDouble("2.997e9"), 2.997e9);
  EXPECT_EQ(ParseDouble("+1.5"), 1.5);
  for (const char* text : {"nan", "inf", "1e999", "x", "", "1.5x", "0x1p3"})
    EXPECT_FALSE(ParseDouble(text)) << text;
}

TEST(FilterLiteralTest, DurationsEndInS) {
  EXPECT_EQ(ParseDuration("1.2s").value, (Decimal{1, 200'000'000}));
  EXPECT_FALSE(ParseDuration("1.2").value.has_value());
  EXPECT_FALSE(ParseDuration("s").value.has_value());
}

TEST(FilterLiteralTest, InstantsFollowRfc3339) {
  EXPECT_EQ(ParseInstant("2012-04-21T11:30:00-04:00"),
            At(2012, 4, 21, std::chrono::hours(15) + std::chrono::minutes(30)));
  EXPECT_EQ(ParseInstant("2026-01-31t00:00:00.1234567z"),
            At(2026, 1, 31, std::chrono::microseconds(123'456)));
  EXPECT_EQ(ParseInstant("2026-01-31"), At(2026, 1, 31));
  for (const char* text :
       {"", "2026", "2026-02-30", "2026-1-31", "2026-01-31T", "2026-01-31T24:00:00Z",
        "2026-01-31T10:00:00", "2026-01-31T10:00Z", "2026-01-31T10:00:00.Z",
        "2026-01-31T10:00:00+24:00", "2026-01-31T10:00:00Zx", "0000-01-01",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-00:01", "2026-01-31T10:00:00.1234567890Z",
        "2026-01-31 10:00:00Z"}) {
    EXPECT_FALSE(ParseInstant(text)) << text;
  }
}

TEST(FilterLiteralTest, DaysExist) {
  EXPECT_EQ(ParseCivilDate("2024-02-29"), CivilDate{20'240'229});
  EXPECT_EQ(ParseCivilDate("2024-02-29")->Days(),
            std::chrono::sys_days(std::chrono::year{2024} / 2 / 29));
  EXPECT_FALSE(ParseCivilDate("2023-02-29"));
  EXPECT_FALSE(ParseCivilDate("2023-02-20T00:00:00Z"));
  EXPECT_EQ(DateOf(At(2026, 1, 31, std::chrono::hours(23))), CivilDate{20'260'131});
  EXPECT_EQ(DateOf(At(1969, 12, 31, std::chrono::hours(23))), CivilDate{19'691'231});
}

TEST(FilterLiteralTest, PatternsMatchTheWholeText) {
  const TextPattern pattern{{"a", "b", "c"}};
  EXPECT_TRUE(pattern.Matches("abc"));
  EXPECT_TRUE(pattern.Matches("a b b c"));
  EXPECT_FALSE(pattern.Matches("xabc"));
  EXPECT_FALSE(pattern.Matches("ac"));
  EXPECT_FALSE((TextPattern{{"ab", "b"}}.Matches("ab")));
  EXPECT_TRUE((TextPattern{{"", "", ""}}.Matches("")));
  EXPECT_EQ((TextPattern{{"50%", "_\\", ""}}.ToLike()), "50\\%%\\_\\\\%");
}

}  // namespace
}  // namespace lotura::resource
