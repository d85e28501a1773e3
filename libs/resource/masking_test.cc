#include "libs/resource/masking.h"

#include <gtest/gtest.h>

#include "libs/resource/testdata/specimens.h"
#include "lotura/accounts/v1/person.pb.h"

namespace lotura::resource {
namespace {

TEST(MaskingTest, OfAnAddressTheFirstLetterAndTheDomainAreShown) {
  EXPECT_EQ(MaskEmail("anna@example.com"), "a***@example.com");
  EXPECT_EQ(MaskEmail("ägnes@example.com"), "ä***@example.com");
  EXPECT_EQ(MaskEmail("\"a@b\"@example.com"), "\"***@example.com");
  EXPECT_EQ(MaskEmail("a"), "***");
  EXPECT_EQ(MaskEmail("@example.com"), "***");
  EXPECT_EQ(MaskEmail(""), "");
}

TEST(MaskingTest, OfANumberTheLastTwoDigitsAreShown) {
  EXPECT_EQ(MaskPhone("+49 30 123456"), "***56");
  EXPECT_EQ(MaskPhone("112"), "***");
  EXPECT_EQ(MaskPhone(""), "");
}

TEST(MaskingTest, EveryValueOfAFieldIsMasked) {
  const auto& declaration = SpecimenDeclaration();
  auto specimen =
      FromText(R"(email: "anna@example.com" faxes: "+4930123456" faxes: "+4930123457" rank: 7)");

  MaskField(*declaration.FindColumn("email"), specimen);
  MaskField(*declaration.FindColumn("faxes"), specimen);
  MaskField(*declaration.FindColumn("rank"), specimen);

  EXPECT_EQ(specimen.DebugString(),
            FromText(R"(email: "a***@example.com" faxes: "***56" faxes: "***57")").DebugString());
}

TEST(MaskingTest, OfAPhoneTheExtensionIsLeftOut) {
  const auto declaration = Declaration::Compile(accounts::v1::Person::descriptor());
  auto person = FromText<accounts::v1::Person>(
      R"(phones { number: "+4930123456" extension: "12" label: "work" })");

  MaskField(*(*declaration)->FindColumn("phones"), person);

  EXPECT_EQ(
      person.DebugString(),
      FromText<accounts::v1::Person>(R"(phones { number: "***56" label: "work" })").DebugString());
}

}  // namespace
}  // namespace lotura::resource
