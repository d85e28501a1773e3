// The small parts that everything rests on. tsan
#include <gtest/gtest.h>

#include "libs/base/call.h"
#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/base/hex.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "libs/base/uuid.h"
#include "libs/testing/fakes.h"
#include "libs/testing/status_matchers.h"

namespace lotura {
namespace {

TEST(UuidTest, TextFormRoundTrips) {
  const std::string text = "018f3a2b-7c4d-7e5f-8a9b-0c1d2e3f4a5b";

  EXPECT_EQ(Uuid::Parse(text)->ToString(), text);
  EXPECT_EQ(Uuid::Parse("018F3A2B-7C4D-7E5F-8A9B-0C1D2E3F4A5B")->ToString(), text);
}

TEST(UuidTest, OtherTextIsRefused) {
  for (const char* text :
       {"", "018f3a2b7c4d7e5f8a9b0c1d2e3f4a5b", "018f3a2b-7c4d-7e5f-8a9b-0c1d2e3f4a5",
        "018f3a2b-7c4d-7e5f-8a9b-0c1d2e3f4a5g", "018f3a2b_7c4d-7e5f-8a9b-0c1d2e3f4a5b"}) {
    EXPECT_FALSE(Uuid::Parse(text).has_value()) << text;
  }
}

TEST(UuidTest, NewOnesGrowWithTimeInBothForms) {
  testing::FakeClock clock;
  RandomIds ids(clock);
  const Uuid first = ids.Next();
  clock.Advance(std::chrono::milliseconds(1));
  const Uuid second = ids.Next();

  EXPECT_LT(first, second);
  EXPECT_LT(ToBase32(first), ToBase32(second));
  EXPECT_EQ(ToBase32(first).size(), 26);
}

TEST(TimeTest, Rfc3339HasTheFractionThatThereIs) {
  const Instant instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} +
                        std::chrono::hours(8) + std::chrono::seconds(5)};

  EXPECT_EQ(ToRfc3339(instant), "2026-03-01T08:00:05Z");
  EXPECT_EQ(ToRfc3339(instant + std::chrono::milliseconds(120)), "2026-03-01T08:00:05.12Z");
  EXPECT_EQ(ToRfc3339(instant + std::chrono::microseconds(7)), "2026-03-01T08:00:05.000007Z");
  EXPECT_EQ(ToRfc3339(Instant() - std::chrono::microseconds(1)), "1969-12-31T23:59:59.999999Z");
}

TEST(HexTest, EveryByteRoundTripsInBothCases) {
  std::array<std::uint8_t, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  const std::string lower = ToHex(bytes);
  std::string upper = lower;
  for (char& c : upper) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;

  for (const std::string& digits : {lower, upper}) {
    std::array<std::uint8_t, 256> read{};
    EXPECT_TRUE(FromHex(digits, read));
    EXPECT_EQ(read, bytes);
  }
}

TEST(HexTest, WhatIsNotTwoDigitsForEachByteIsRefused) {
  std::array<std::uint8_t, 2> bytes{};
  for (const char* digits : {"", "012", "01234", "012g", "01 2", "0x12", "-112"})
    EXPECT_FALSE(FromHex(digits, bytes)) << digits;
}

TEST(CryptoTest, SealedTextOpensOnlyUnchangedAndWithItsAssociatedData) {
  AesKey key{};
  RandomBytes(key);
  const std::string sealed = Seal(key, "secret", "tenant");

  EXPECT_EQ(Unseal(key, sealed, "tenant"), "secret");
  EXPECT_FALSE(Unseal(key, sealed, "other").has_value());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(Unseal(key, changed, "tenant").has_value()) << i;
  }
}

TEST(CryptoTest, HmacIsThatOfTheStandard) {
  // RFC 4231, test cases 2 and 6.
  Sha256Digest expected{};
  ASSERT_TRUE(
      FromHex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", expected));
  EXPECT_EQ(HmacSha256("Jefe", "what do ya want for nothing?"), expected);
  ASSERT_TRUE(
      FromHex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", expected));
  EXPECT_EQ(HmacSha256(std::string(131, '\xAA'),
                       "Test Using Larger Than Block-Size Key - Hash Key First"),
            expected);
}

TEST(CryptoTest, Base64UrlRoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(FromBase64Url(ToBase64Url(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_FALSE(FromBase64Url("a+b/").has_value());
  EXPECT_FALSE(FromBase64Url("a").has_value());
}

TEST(TextTest, Utf8IsCountedInCharactersAndBadBytesAreFound) {
  EXPECT_EQ(Utf8Size("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 4);
  for (const char* bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80", "\xE2\x82"})
    EXPECT_FALSE(Utf8Size(bad).has_value());
}

TEST(NamesTest, IdsAreLowerCaseLettersDigitsAndHyphens) {
  for (const char* id : {"a", "acme-2", "o0"}) EXPECT_TRUE(IsWellFormedId(id)) << id;
  EXPECT_TRUE(IsWellFormedId(std::string(63, 'a')));
  for (const char* id : {"", "Acme", "2nd", "-a", "a-", "a_b", "a/b", "\xC3\xA9"})
    EXPECT_FALSE(IsWellFormedId(id)) << id;
  EXPECT_FALSE(IsWellFormedId(std::string(64, 'a')));
}

TEST(NamesTest, ParentIsTheNameWithoutItsLastCollection) {
  EXPECT_EQ(ParentOf("pipelines/p1/stages/s1"), "pipelines/p1");
  for (const char* name : {"pipelines/p1", "pipelines", "", "/", "/p1"})
    EXPECT_EQ(ParentOf(name), "") << name;
}

TEST(PrincipalTest, PermissionsMatchWholeSegments) {
  const Principal principal{.permissions = {"sales.*", "accounts.people.read"}};

  EXPECT_TRUE(principal.Permits("sales.opportunities.write"));
  EXPECT_TRUE(principal.Permits("accounts.people.read"));
  EXPECT_FALSE(principal.Permits("accounts.people.write"));
  EXPECT_FALSE(principal.Permits("salesforce.opportunities.write"));
}

TEST(TraceContextTest, StandardHeaderRoundTripsAndOthersAreIgnored) {
  const std::string header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  EXPECT_EQ(TraceContext::ParseOrEmpty(header, "a=b").ToTraceparent(), header);
  for (const char* bad : {"", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"}) {
    EXPECT_TRUE(TraceContext::ParseOrEmpty(bad, "").empty()) << bad;
  }
}

TEST(ViolationsTest, AllAreAnsweredAtOnceWithOneReason) {
  Violations violations;
  violations.Add("a", "REQUIRED", "is missing");
  violations.Add("b", "TOO_LONG", "is too long");
  Violations outer;
  outer.AddAll(violations.found(), "record.");
  const absl::Status status = outer.ToStatus();

  EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kInvalidArgument, "BAD_REQUEST"));
  EXPECT_THAT(status, testing::HasViolation("record.a", "REQUIRED"));
  EXPECT_THAT(status, testing::HasViolation("record.b", "TOO_LONG"));
}

}  // namespace
}  // namespace lotura
