#include "libs/resource/match_key.h"

#include <gtest/gtest.h>

namespace lotura::resource {
namespace {

std::string Domain(std::string_view value) {
  return NormalizeMatchKey(options::v1::MATCH_KEY_DOMAIN, value).value_or("(none)");
}
std::string Email(std::string_view value) {
  return NormalizeMatchKey(options::v1::MATCH_KEY_EMAIL, value).value_or("(none)");
}
std::string Phone(std::string_view value) {
  return NormalizeMatchKey(options::v1::MATCH_KEY_PHONE, value).value_or("(none)");
}

TEST(MatchKeyTest, DomainsAreOneInEverySpelling) {
  EXPECT_EQ(Domain("example.org"), "example.org");
  EXPECT_EQ(Domain("WWW.Example.ORG."), "example.org");
  EXPECT_EQ(Domain("b\u00fccher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(Domain("B\u00dcCHER.example"), "xn--bcher-kva.example");
  EXPECT_EQ(Domain("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(Domain(" 4-u.example "), "4-u.example");
}

TEST(MatchKeyTest, WhatIsNoDomainHasNoKey) {
  for (const char* value : {"localhost", "a..example", ".example.org", "-a.example", "a-.example",
                            "ab--cd.example", "xn--\u00fc.example", "a b.example", "a_b.example"}) {
    EXPECT_EQ(Domain(value), "(none)") << value;
  }
  std::string label(64, 'a');
  label += ".example";
  EXPECT_EQ(Domain(label), "(none)");
  std::string longest;
  while (longest.size() < 250) longest += "abcdefg.";
  longest += "example";
  EXPECT_EQ(Domain(longest), "(none)");
}

TEST(MatchKeyTest, AddressesOfMailAreOneInEverySpelling) {
  EXPECT_EQ(Email("Anna@Example.ORG"), "anna@example.org");
  EXPECT_EQ(Email("anna@b\u00fccher.example"), "anna@xn--bcher-kva.example");
  for (const char* value : {"anna", "@example.org", "anna@", "anna@localhost", "a b@example.org"})
    EXPECT_EQ(Email(value), "(none)") << value;
}

TEST(MatchKeyTest, TelephoneNumbersAreOneInEverySpelling) {
  EXPECT_EQ(Phone("+49 (0)30 123456"), "+4930123456");
  EXPECT_EQ(Phone("+4930123456"), "+4930123456");
  for (const char* value : {"030 123456", "+49", "+999123456789", "call me"})
    EXPECT_EQ(Phone(value), "(none)") << value;
}

TEST(MatchKeyTest, NothingIsNoKey) { EXPECT_EQ(Domain("  "), ""); }

}  // namespace
}  // namespace lotura::resource
