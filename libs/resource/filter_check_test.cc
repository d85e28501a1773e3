#include "libs/resource/filter_check.h"

#include <gtest/gtest.h>

#include "libs/resource/filter_predicate.h"
#include "libs/resource/filter_sql.h"
#include "libs/resource/testdata/specimens.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasViolation;
using ::testing::SizeIs;

constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} +
                       std::chrono::hours(12)};

absl::StatusOr<Filter> Compile(std::string_view filter) {
  return CompileFilter(filter, SpecimenDeclaration(), kNow);
}

bool Matches(std::string_view filter, const std::string& record) {
  const auto compiled = Compile(filter);
  EXPECT_TRUE(compiled.ok()) << filter << ": " << compiled.status().ToString();
  return compiled.ok() && FilterMatches(*compiled, FromText(record));
}

struct Refusal {
  std::string_view filter;
  std::string_view reason;
  std::string_view message;
};

class FilterRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(FilterRefusalTest, IsTypedAndNamesTheField) {
  const auto filter = Compile(GetParam().filter);

  EXPECT_THAT(filter, HasViolation("filter", GetParam().reason)) << GetParam().filter;
  EXPECT_THAT(Message(filter.status()), HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, FilterRefusalTest,
    ::testing::Values(
        Refusal{"color = red", "FILTER_UNKNOWN_FIELD",
                "at character 1: 'color' is no field of Specimen"},
        Refusal{"etag = x", "FILTER_UNKNOWN_FIELD", "'etag'"},
        Refusal{"rank = 1 place.zip = 2", "FILTER_UNKNOWN_FIELD", "'zip' is no field of Place"},
        Refusal{"display_name.x = 1", "FILTER_UNKNOWN_FIELD", "'x' is no field of display_name"},
        Refusal{"places.0.locality = x", "FILTER_UNKNOWN_FIELD", "'0'"},
        Refusal{"amount.cents = 1", "FILTER_UNKNOWN_FIELD", "'cents'"},
        Refusal{"seen_time.seconds = 1", "FILTER_UNKNOWN_FIELD", "'seconds'"},
        Refusal{"birth_date.era:*", "FILTER_UNKNOWN_FIELD", "'era'"},
        Refusal{"place:zip", "FILTER_UNKNOWN_FIELD", "'zip'"},
        Refusal{"tags.x:1", "FILTER_UNKNOWN_FIELD", "'x'"},
        Refusal{"NOT (rank = 1 OR (a = 1))", "FILTER_UNKNOWN_FIELD", "at character 19"}));

INSTANTIATE_TEST_SUITE_P(
    Types, FilterRefusalTest,
    ::testing::Values(Refusal{"rank = high", "FILTER_TYPE",
                              "'rank' is compared with a whole number, not with 'high'"},
                      Refusal{"rank = 1.5", "FILTER_TYPE", "a whole number"},
                      Refusal{"total > 9223372036854775808", "FILTER_TYPE", "64 bits"},
                      Refusal{"ratio = x", "FILTER_TYPE", "a number"},
                      Refusal{"weight > 1e300", "FILTER_TYPE", "32 bits"},
                      Refusal{"active = yes", "FILTER_TYPE", "true or false"},
                      Refusal{"active < true", "FILTER_TYPE", "no order"},
                      Refusal{"kind = MINERAL", "FILTER_TYPE", "a value of Kind"},
                      Refusal{"kind = stone", "FILTER_TYPE", "Kind"},
                      Refusal{"kind > STONE", "FILTER_TYPE", "no order"},
                      Refusal{"seen_time > yesterday", "FILTER_TYPE", "a time like"},
                      Refusal{"birth_date = 2026-02-30", "FILTER_TYPE", "a day like"},
                      Refusal{"amount = 1.0000000001", "FILTER_TYPE", "nine decimals"},
                      Refusal{"amount = 5EUR", "FILTER_TYPE", "a number"},
                      Refusal{"span > 5", "FILTER_TYPE", "seconds"},
                      Refusal{"place = x", "FILTER_TYPE", "only its presence"},
                      Refusal{"labels = x", "FILTER_TYPE", "only its presence"},
                      Refusal{"place.seal:x", "FILTER_TYPE", "only its presence"},
                      Refusal{"counters.x = 1", "FILTER_TYPE", "cannot be a key"},
                      Refusal{"choices:maybe", "FILTER_TYPE", "a key"},
                      Refusal{"rank = daysAgo(1)", "FILTER_TYPE", "not a time"},
                      Refusal{"rank = (1 OR x)", "FILTER_TYPE", "at character 14"},
                      Refusal{"rank = (rank = 1)", "FILTER_TYPE", "not with a comparison"},
                      Refusal{"f(x) = 1", "FILTER_TYPE", "begins with a field"},
                      Refusal{"code = \"x\".y", "FILTER_TYPE", "cannot have fields"}));

INSTANTIATE_TEST_SUITE_P(
    Functions, FilterRefusalTest,
    ::testing::Values(Refusal{"seen_time > hoursAgo(1)", "FILTER_UNKNOWN_FUNCTION",
                              "hoursAgo() here, only now() and daysAgo()"},
                      Refusal{"endsWith(code, x)", "FILTER_UNKNOWN_FUNCTION",
                              "startsWith() and contains()"},
                      Refusal{"now()", "FILTER_UNKNOWN_FUNCTION", "now()"},
                      Refusal{"NOT(rank = 1)", "FILTER_SYNTAX", "at character 4: a space"},
                      Refusal{"seen_time > now(1)", "FILTER_TYPE", "no argument"},
                      Refusal{"seen_time > daysAgo()", "FILTER_TYPE", "whole number of days"},
                      Refusal{"seen_time > daysAgo(1.5)", "FILTER_TYPE", "days"},
                      Refusal{"seen_time > daysAgo(-9223372036854775808)", "FILTER_TYPE", "days"},
                      Refusal{"startsWith(code)", "FILTER_TYPE", "a field and a text"},
                      Refusal{"startsWith(rank, 1)", "FILTER_TYPE", "'rank' is none"},
                      Refusal{"contains(x, 1)", "FILTER_UNKNOWN_FIELD", "'x'"}));

TEST(FilterCheckTest, LongTextsAreNotRepeatedWhole) {
  const auto filter = Compile("rank = " + std::string(3000, 'x'));

  EXPECT_THAT(filter, HasViolation("filter", "FILTER_TYPE"));
  EXPECT_LT(Message(filter.status()).size(), 300U);
}

TEST(FilterCheckTest, EmptyFilterPassesEverything) {
  EXPECT_TRUE(Matches("", ""));
  EXPECT_EQ(FilterToSql(*Compile(""), 3).text, "TRUE");
}

TEST(FilterCheckTest, TextIsComparedByBytesAndStarsStandForAnything) {
  EXPECT_TRUE(Matches("code = abc", "code: 'abc'"));
  EXPECT_FALSE(Matches("code = abc", "code: 'Abc'"));
  EXPECT_TRUE(Matches("code < b", "code: 'Z'"));
  EXPECT_TRUE(Matches("code > z", "code: '\\303\\244'"));
  EXPECT_TRUE(Matches("code = '*.foo'", "code: 'a.foo'"));
  EXPECT_FALSE(Matches("code = '*.foo'", "code: 'a.foo.b'"));
  EXPECT_TRUE(Matches("code != a*c", "code: 'abd'"));
  EXPECT_FALSE(Matches("code = 'a\\*'", "code: 'ab'"));
  EXPECT_TRUE(Matches("code = 'a\\*'", "code: 'a*'"));
  EXPECT_TRUE(Matches("code:'a%'", "code: 'a%'"));
  EXPECT_FALSE(Matches("code:bc", "code: 'abcd'"));
}

TEST(FilterCheckTest, WhatIsNotSetFulfillsNoComparison) {
  for (const char* filter : {"nickname = ''",
                             "nickname != x",
                             "ceiling < 5",
                             "checked = false",
                             "seen_time < now()",
                             "amount != 5",
                             "owner = ''",
                             "owner != 'users/anna'",
                             "place.locality = ''",
                             "place.people = 0",
                             "former_kind != STONE",
                             "labels.a = ''",
                             "labels.a != x",
                             "tags:''",
                             "places.main = false",
                             "nickname:*",
                             "place:*",
                             "labels:*",
                             "tags:*",
                             "owner:*",
                             "kind:*",
                             "rank:*",
                             "code:*",
                             "active:*",
                             "span < 5s"}) {
    EXPECT_FALSE(Matches(filter, "")) << filter;
    EXPECT_TRUE(Matches("NOT " + std::string(filter), "")) << filter;
  }
}

TEST(FilterCheckTest, FieldsWithoutPresenceHaveTheirDefault) {
  for (const char* filter : {"code = ''", "rank < 1", "active = false", "kind = UNSPECIFIED",
                             "kind != STONE", "ratio = 0"}) {
    EXPECT_TRUE(Matches(filter, "")) << filter;
  }
  EXPECT_TRUE(Matches(
      "place.locality = '' place.people < 1 place.main = false place.kind = KIND_UNSPECIFIED",
      "place {}"));
  EXPECT_FALSE(Matches("place.door = 0", "place {}"));
}

TEST(FilterCheckTest, StarAsksForPresence) {
  const std::string record =
      "nickname: '' ceiling: 0 owner: 'users/anna' rank: 1 kind: KIND_STONE place {} tags: '' "
      "labels {key: 'a' value: ''} "
      "counters {key: 7 value: 0} amount {} checked: false";
  for (const char* filter : {"nickname:*", "ceiling:*", "owner:*", "rank:*", "kind:*", "place:*",
                             "tags:*", "labels:*", "labels.a:*", "labels:a", "labels:'a'",
                             "counters:7", "counters.\"07\":*", "amount:*", "checked:*"}) {
    EXPECT_TRUE(Matches(filter, record)) << filter;
  }
  EXPECT_FALSE(Matches("place:locality", record));
  EXPECT_TRUE(Matches("place:locality", "place { locality: 'x' }"));
  EXPECT_FALSE(Matches("labels:b", record));
}

TEST(FilterCheckTest, EnumsTakeBothNames) {
  EXPECT_TRUE(Matches("kind = STONE", "kind: KIND_STONE"));
  EXPECT_TRUE(Matches("kind:KIND_STONE", "kind: KIND_STONE"));
  EXPECT_TRUE(Matches("kind = (PLANT OR STONE)", "kind: KIND_STONE"));
}

TEST(FilterCheckTest, MoneyAndDaysHaveParts) {
  const std::string record =
      "amount { currency_code: 'EUR' units: -100 nanos: -500000000 } birth_date { year: 1990 "
      "month: 5 day: 17 }";
  EXPECT_TRUE(Matches("amount < -100.4 amount > -100.6 amount = -100.50 amount:-100.5", record));
  EXPECT_TRUE(
      Matches("amount.units = -100 amount.nanos = -500000000 amount.currency_code = EUR "
              "amount.currency_code:*",
              record));
  EXPECT_TRUE(
      Matches("birth_date = 1990-05-17 birth_date < daysAgo(10000) birth_date.month = 5 "
              "birth_date.year > 1989",
              record));
}

TEST(FilterCheckTest, RepeatedFieldsHoldIfAnyElementDoes) {
  const std::string record =
      "tags: ['vip', 'old'] marks: [1, 42] kinds: KIND_PLANT "
      "places { region_code: 'US' people: 5 contacts { mails: 'a@x.org' } } places { region_code: "
      "'DE' }";
  EXPECT_TRUE(Matches("tags:vip tags:o* marks:42 marks > 41 kinds:PLANT", record));
  EXPECT_TRUE(Matches("places.region_code = US AND places.region_code:DE", record));
  EXPECT_TRUE(Matches("places.contacts.mails:'*@x.org'", record));
  EXPECT_TRUE(Matches("tags:(vip AND old)", record));
  EXPECT_FALSE(Matches("tags:(vip AND new)", record));
  EXPECT_TRUE(Matches("NOT places.region_code = FR", record));
}

TEST(FilterCheckTest, MapsAreTraversedByKey) {
  const std::string record =
      "labels {key: 'a b' value: 'x'} labels {key: '*' value: 'star'} sites {key: 'hq' value "
      "{locality: 'Bilbao'}} "
      "counters {key: -3 value: 9} choices {key: true value: KIND_STONE}";
  EXPECT_TRUE(Matches("labels.'a b' = x labels.'*' = star labels:'a b'", record));
  EXPECT_TRUE(Matches("sites.hq.locality = Bilbao sites:hq sites.hq:locality", record));
  EXPECT_TRUE(Matches("counters.-3 > 8 choices.true = STONE", record));
  EXPECT_FALSE(Matches("labels:b", record));
}

TEST(FilterCheckTest, TimesAndDurationsAreInstantsAndSpans) {
  EXPECT_TRUE(
      Matches("seen_time = 2026-01-15T13:00:00+01:00 seen_time >= now() seen_time > daysAgo(1) "
              "seen_time < daysAgo(-1)",
              "seen_time { seconds: 1768478400 }"));
  EXPECT_TRUE(Matches("span > 1.2s span <= 1.5s", "span { seconds: 1 nanos: 500000000 }"));
}

TEST(FilterCheckTest, FunctionsSearchText) {
  EXPECT_TRUE(Matches("startsWith(code, 'a*')", "code: 'a*b'"));
  EXPECT_FALSE(Matches("startsWith(code, 'a*')", "code: 'axb'"));
  EXPECT_TRUE(Matches("contains(places.locality, 'ILB')", "places { locality: 'Bilbao' }"));
  EXPECT_TRUE(Matches("NOT contains(code, x)", "code: 'abc'"));
}

TEST(FilterCheckTest, LiteralAloneSearchesTheNamingFields) {
  EXPECT_TRUE(Matches("victor hugo", "display_name: 'Hugo, Victor'"));
  EXPECT_TRUE(Matches("v*h", "display_name: 'Victor Hugo'"));
  EXPECT_TRUE(Matches("x.org", "display_name: 'mail@X.org'"));
  EXPECT_FALSE(Matches("hugo", "code: 'hugo'"));
  EXPECT_TRUE(Matches("-hugo", "code: 'hugo'"));
}

TEST(FilterSqlTest, ValuesAreParametersAndOnlyNegationsGuardAgainstNull) {
  const SqlFragment sql =
      FilterToSql(*Compile("code = \"x' OR 1=1\" AND NOT owner = users/anna"), 4);

  EXPECT_EQ(sql.text, "((\"code\" = $4::text) AND ((\"owner\" = $5::text) IS NOT TRUE))");
  EXPECT_THAT(sql.params, ElementsAre("x' OR 1=1", "users/anna"));
}

TEST(FilterSqlTest, ColumnsAreComparedInTheirOwnType) {
  const SqlFragment sql =
      FilterToSql(*Compile("rank = 1 ratio > 1 active = true kind = STONE seen_time < now() "
                           "birth_date = 2026-01-31 amount > 100.50 code < x tags:vip"),
                  1);

  EXPECT_EQ(sql.text,
            "((\"rank\" = $1::bigint) AND (\"ratio\" > $2::float8) AND (\"active\" = $3::boolean) "
            "AND (\"kind\" = $4::text) AND "
            "(\"seen_time\" < $5::timestamptz) AND (\"birth_date\" = $6::date) AND (\"amount\" > "
            "$7::text::numeric) AND "
            "(\"code\" COLLATE \"C\" < $8::text) AND (\"tags\" @> ARRAY[$9::text]))");
  EXPECT_THAT(sql.params, SizeIs(9));
}

TEST(FilterSqlTest, PathsIntoDocumentsAreParameters) {
  const SqlFragment sql = FilterToSql(*Compile("labels.\"a'b\":* places.region_code = US"), 1);

  EXPECT_EQ(sql.text,
            "(((\"labels\" -> $1::text) IS NOT NULL) AND (EXISTS (SELECT 1 FROM "
            "jsonb_array_elements(\"places\") AS e1(v) WHERE "
            "e1.v IS NOT NULL AND COALESCE((e1.v ->> $2::text), '')::text = $3::text)))");
  EXPECT_THAT(sql.params, ElementsAre("a'b", "region_code", "US"));
}

}  // namespace
}  // namespace lotura::resource
