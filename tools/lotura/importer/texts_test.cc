// Templates, dates, numbers and slugs.
#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"
#include "tools/lotura/importer/date_form.h"
#include "tools/lotura/importer/decimal.h"
#include "tools/lotura/importer/slug.h"
#include "tools/lotura/importer/text_template.h"

namespace lotura::importer {
namespace {

using testing::StatusIs;

std::string Filled(std::string_view text) {
  const auto parsed = TextTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed->Fill([](const std::string& column) -> std::string_view {
    if (column == "product") return " GTX Pro ";
    return column == "account" ? "" : "?";
  });
}

TEST(TextTemplateTest, FillsColumnsAndTrims) {
  EXPECT_EQ(Filled("{product} 1"), "GTX Pro 1");
  EXPECT_EQ(Filled("constant"), "constant");
  EXPECT_EQ(Filled("{{{product}}}"), "{GTX Pro}");
}

TEST(TextTemplateTest, IsEmptyIfAColumnIs) { EXPECT_EQ(Filled("{product} for {account}"), ""); }

TEST(TextTemplateTest, ABraceAloneIsRefused) {
  for (const char* text : {"{", "}", "{}", "{product", "a } b"}) {
    EXPECT_THAT(TextTemplate::Parse(text),
                StatusIs(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID"))
        << text;
  }
}

TEST(DateFormTest, ReadsTheFormAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const DateForm american, DateForm::Parse("M/D/YYYY"));
  ASSERT_OK_AND_ASSIGN(const DateForm german, DateForm::Parse("DD.MM.YYYY"));

  EXPECT_EQ(american.ToIso("3/1/2017"), "2017-03-01");
  EXPECT_EQ(american.ToIso("10/20/2016"), "2016-10-20");
  EXPECT_EQ(german.ToIso("01.03.2017"), "2017-03-01");
  for (const char* bad :
       {"13/1/2017", "2/29/2017", "3/1/17", "3/1/20170", "2017-03-01", "", "3/1/"})
    EXPECT_EQ(american.ToIso(bad), std::nullopt) << bad;
  EXPECT_EQ(german.ToIso("1.3.2017"), std::nullopt);
}

TEST(DateFormTest, AFormWithoutAllPartsIsRefused) {
  for (const char* form : {"", "M/D", "YY-MM-DD", "M/D/YYYY M", "date"})
    EXPECT_FALSE(DateForm::Parse(form).ok()) << form;
}

TEST(DecimalTest, ScalesExactly) {
  EXPECT_EQ(ScaledDecimal("1100.04", 1'000'000), "1100040000");
  EXPECT_EQ(ScaledDecimal("4.54", 1'000'000), "4540000");
  EXPECT_EQ(ScaledDecimal("0.1", 1), "0.1");
  EXPECT_EQ(ScaledDecimal("-12", 1), "-12");
  EXPECT_EQ(ScaledDecimal("550", 1), "550");
}

TEST(DecimalTest, WhatIsNotANumberIsNotRead) {
  for (const char* bad : {"", "-", "1,000", "1.2.3", "12x", ".5", "5.", "1e3", "0.1234567891",
                          "1234567890123456789", "--1"}) {
    EXPECT_EQ(ScaledDecimal(bad, 1), std::nullopt) << bad;
  }
  EXPECT_EQ(ScaledDecimal("999999999999999999", 1'000'000), std::nullopt);
}

TEST(SlugMakerTest, MakesIdsOutOfNames) {
  const SlugMaker slugs;

  EXPECT_EQ(slugs.Make("Gekko & Co"), "gekko-co");
  EXPECT_EQ(slugs.Make("Mei-Mei Johns"), "mei-mei-johns");
  EXPECT_EQ(slugs.Make("Müller's Öl"), "mullers-ol");
  EXPECT_EQ(slugs.Make("Москва"), "moskva");
  EXPECT_EQ(slugs.Make(" -- "), "");
  EXPECT_EQ(slugs.Make(std::string(100, 'x')).size(), 63u);
}

}  // namespace
}  // namespace lotura::importer
