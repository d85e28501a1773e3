#include "libs/resource/phone.h"

#include <gtest/gtest.h>
#include <phonenumbers/phonenumberutil.h>

#include <random>
#include <set>

namespace lotura::resource {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// Every country's own examples of every kind of number, in E.164.
std::set<std::string> Examples() {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  std::set<std::string> regions;
  util.GetSupportedRegions(&regions);
  std::set<std::string> examples;
  for (const std::string& region : regions) {
    for (int type = PhoneNumberUtil::FIXED_LINE; type <= PhoneNumberUtil::VOICEMAIL; ++type) {
      PhoneNumber number;
      if (!util.GetExampleNumberForType(region, static_cast<PhoneNumberUtil::PhoneNumberType>(type),
                                        &number))
        continue;
      std::string text;
      util.Format(number, PhoneNumberUtil::E164, &text);
      examples.insert(text);
    }
  }
  return examples;
}

TEST(PhoneTest, ANumberOfAnyCountryIsWhatTheLibraryMakesOfIt) {
  const std::set<std::string> examples = Examples();

  EXPECT_GT(examples.size(), 900U);
  for (const std::string& example : examples) {
    EXPECT_EQ(NormalizePhone(example), ParsePhone(example)) << example;
    EXPECT_EQ(NormalizePhone(example), example);
  }
}

TEST(PhoneTest, ANumberThatIsTooLongTooShortOrBeginsOddlyIsWhatTheLibraryMakesOfIt) {
  for (const std::string& example : Examples()) {
    for (std::size_t code = 1; code <= 4; ++code) {
      for (const char* inserted : {"0", "1", "8", "9", "00", "15", "011", "44"}) {
        const std::string odd = example.substr(0, code) + inserted + example.substr(code);
        ASSERT_EQ(NormalizePhone(odd), ParsePhone(odd)) << odd;
      }
    }
    const std::string shorter = example.substr(0, example.size() - 2);
    EXPECT_EQ(NormalizePhone(shorter), ParsePhone(shorter)) << shorter;
  }
}

TEST(PhoneTest, AnyDigitsAreWhatTheLibraryMakesOfThem) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    std::string digits = "+";
    const std::size_t size = random() % 18;
    while (digits.size() <= size) digits += static_cast<char>('0' + random() % 10);
    ASSERT_EQ(NormalizePhone(digits), ParsePhone(digits)) << digits;
  }
}

}  // namespace
}  // namespace lotura::resource
