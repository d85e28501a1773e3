#include "libs/resource/field_mask.h"

#include <gtest/gtest.h>

#include <iostream>

#include "libs/resource/changed_paths.h"
#include "libs/resource/testdata/random_records.h"
#include "libs/resource/testdata/specimens.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::testing::ElementsAre;
using testing::HasViolation;
using ::testing::IsEmpty;
using testing::IsOk;

pbuf::FieldMask MaskOf(std::initializer_list<std::string> paths) {
  pbuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return mask;
}

// The record after an update, in text format on one line.
std::string Merged(const std::string& current, const std::string& patch,
                   std::initializer_list<std::string> paths) {
  const auto merged =
      MergeByMask(SpecimenDeclaration(), FromText(current), FromText(patch), MaskOf(paths));
  if (!merged.ok()) return Message(merged.status());
  return (*merged)->ShortDebugString();
}

std::string Pruned(const std::string& record, std::initializer_list<std::string> paths) {
  const auto mask = ParseMask(*pb::Specimen::descriptor(), MaskOf(paths), "read_mask");
  if (!mask.ok()) return Message(mask.status());
  pb::Specimen message = FromText(record);
  PruneToMask(*mask, message);
  return message.ShortDebugString();
}

// Text in its normal form.
std::string Normal(const std::string& record) { return FromText(record).ShortDebugString(); }

TEST(FieldMaskTest, OnlyNamedFieldsAreReplaced) {
  EXPECT_EQ(Merged("code: 'a' rank: 1", "code: 'b' rank: 2 total: 3", {"rank"}),
            Normal("code: 'a' rank: 2"));
  EXPECT_EQ(Merged("code: 'a' rank: 1 nickname: 'x'", "", {"code", "nickname"}), Normal("rank: 1"));
  EXPECT_EQ(Merged("tags: 'a'", "tags: ['b', 'c']", {"tags"}), Normal("tags: ['b', 'c']"));
}

TEST(FieldMaskTest, EmptyMaskMeansTheFieldsThatAreSet) {
  EXPECT_EQ(Merged("code: 'a' rank: 1 place { locality: 'x' people: 2 }",
                   "rank: 2 place { locality: 'y' }", {}),
            Normal("code: 'a' rank: 2 place { locality: 'y' }"));
}

TEST(FieldMaskTest, StarReplacesAllThatTheCallerDecides) {
  EXPECT_EQ(Merged("name: 'specimens/a' etag: 'e' verdict: 'good' code: 'a' rank: 1 tags: 'x'",
                   "name: 'specimens/b' etag: 'f' verdict: 'bad' rank: 2 nickname: ''", {"*"}),
            Normal("name: 'specimens/a' etag: 'e' verdict: 'good' rank: 2 nickname: ''"));
}

TEST(FieldMaskTest, OutputOnlyFieldsStayNamedOrNot) {
  EXPECT_EQ(Merged("verdict: 'good' place { checked_by: 'anna' locality: 'x' }",
                   "verdict: 'bad' create_time { seconds: 1 } place { checked_by: 'eve' locality: "
                   "'y' within { checked_by: 'eve' } }",
                   {"verdict", "create_time", "place", "name", "etag"}),
            Normal("verdict: 'good' place { checked_by: 'anna' locality: 'y' within {} }"));
  EXPECT_EQ(Merged("place { checked_by: 'anna' }", "", {"place.checked_by"}),
            Normal("place { checked_by: 'anna' }"));
  EXPECT_EQ(
      Merged(
          "",
          "places { checked_by: 'eve' main: true } sites { key: 'a' value { checked_by: 'eve' } }",
          {"places", "sites"}),
      Normal("places { main: true } sites { key: 'a' value {} }"));
}

TEST(FieldMaskTest, PathsGoThroughMessages) {
  EXPECT_EQ(Merged("place { locality: 'x' people: 2 within { people: 3 } }",
                   "place { locality: 'y' within { locality: 'z' } }",
                   {"place.locality", "place.within.locality"}),
            Normal("place { locality: 'y' people: 2 within { locality: 'z' people: 3 } }"));
  EXPECT_EQ(Merged("place { locality: 'x' people: 2 }", "", {"place.locality"}),
            Normal("place { people: 2 }"));
  EXPECT_EQ(Merged("", "", {"place.locality"}), "");
  EXPECT_EQ(Merged("place { people: 2 }", "place { locality: 'y' }", {"place.locality", "place"}),
            Normal("place { locality: 'y' }"));
  EXPECT_EQ(
      Merged("amount { units: 5 currency_code: 'EUR' }", "amount { units: 7 }", {"amount.units"}),
      Normal("amount { units: 7 currency_code: 'EUR' }"));
}

TEST(FieldMaskTest, FieldsOfOneofsAreReplacedOneByOne) {
  EXPECT_EQ(Merged("place { extension: 5 }", "place {}", {"place.phone"}),
            Normal("place { extension: 5 }"));
  EXPECT_EQ(Merged("place { extension: 5 }", "place { phone: 'x' }", {"place.phone"}),
            Normal("place { phone: 'x' }"));
  EXPECT_EQ(Merged("place { extension: 5 }", "place {}", {"place.extension"}), Normal("place {}"));
}

TEST(FieldMaskTest, EntriesOfMapsAreNamedByTheirKeys) {
  const std::string current =
      "labels { key: 'a' value: '1' } labels { key: 'b c' value: '2' } counters { key: 7 value: 7 "
      "}";
  EXPECT_EQ(Merged(current, "labels { key: 'a' value: '9' } labels { key: 'd.e' value: '5' }",
                   {"labels.`b c`", "labels.`d.e`", "counters.7"}),
            Normal("labels { key: 'a' value: '1' } labels { key: 'd.e' value: '5' }"));
  EXPECT_EQ(Merged(current, "labels { key: '' value: '0' }", {"labels"}),
            Normal("labels { key: '' value: '0' } counters { key: 7 value: 7 }"));
  EXPECT_EQ(Merged("sites { key: 'hq' value { locality: 'x' people: 2 } }",
                   "sites { key: 'hq' value { locality: 'y' people: 3 } } sites { key: 'lab' value "
                   "{ locality: 'z' people: 4 } }",
                   {"sites.hq.locality", "sites.lab.locality"}),
            Normal("sites { key: 'hq' value { locality: 'y' people: 2 } } sites { key: 'lab' value "
                   "{ locality: 'z' } }"));
  EXPECT_EQ(Merged("sites { key: 'hq' value { locality: 'x' people: 2 } }", "",
                   {"sites.hq.locality", "sites.lab.locality"}),
            Normal("sites { key: 'hq' value { people: 2 } }"));
}

struct Wrong {
  std::string path;
  std::string reason;
};

class FieldMaskErrorTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(FieldMaskErrorTest, NamesTheMask) {
  const auto merged = MergeByMask(SpecimenDeclaration(), pb::Specimen(), pb::Specimen(),
                                  MaskOf({"code", GetParam().path}));

  EXPECT_THAT(merged, HasViolation("update_mask", GetParam().reason)) << GetParam().path;
}

INSTANTIATE_TEST_SUITE_P(
    All, FieldMaskErrorTest,
    ::testing::Values(
        Wrong{"color", "MASK_UNKNOWN_FIELD"}, Wrong{"place.zip", "MASK_UNKNOWN_FIELD"},
        Wrong{"code.x", "MASK_UNKNOWN_FIELD"}, Wrong{"displayName", "MASK_UNKNOWN_FIELD"},
        Wrong{"`code`", "MASK_UNKNOWN_FIELD"}, Wrong{"counters.x", "MASK_UNKNOWN_FIELD"},
        Wrong{"labels.a.b", "MASK_UNKNOWN_FIELD"}, Wrong{"specimen.code", "MASK_UNKNOWN_FIELD"},
        Wrong{"places.0.locality", "MASK_INVALID"}, Wrong{"places.locality", "MASK_INVALID"},
        Wrong{"tags.0", "MASK_INVALID"}, Wrong{"places.*.locality", "MASK_INVALID"},
        Wrong{"", "MASK_INVALID"}, Wrong{".", "MASK_INVALID"}, Wrong{"place.", "MASK_INVALID"},
        Wrong{"place..people", "MASK_INVALID"}, Wrong{"labels.`a", "MASK_INVALID"},
        Wrong{"labels.`a`b", "MASK_INVALID"}, Wrong{"labels.a`b", "MASK_INVALID"},
        Wrong{"*", "MASK_UNKNOWN_FIELD"},
        Wrong{"place.within" + std::string(500, '.'), "MASK_INVALID"}));

TEST(FieldMaskTest, AllWrongPathsAreNamedAtOnceAndTheirNumberIsBounded) {
  const auto merged = MergeByMask(SpecimenDeclaration(), pb::Specimen(), pb::Specimen(),
                                  MaskOf({"color", "shape", "code"}));
  EXPECT_EQ(ViolationsOf(merged.status()).size(), 2U);

  pbuf::FieldMask many;
  for (int i = 0; i < 201; ++i) many.add_paths("code");
  EXPECT_THAT(MergeByMask(SpecimenDeclaration(), pb::Specimen(), pb::Specimen(), many),
              HasViolation("update_mask", "TOO_MANY"));
}

TEST(FieldMaskTest, PruningLeavesWhatIsNamed) {
  const std::string record =
      "name: 'specimens/a' code: 'a' verdict: 'good' place { locality: 'x' people: 2 } labels { "
      "key: 'a' value: '1' } "
      "labels { key: 'b' value: '2' } sites { key: 'hq' value { locality: 'y' people: 3 } } tags: "
      "'v'";
  EXPECT_EQ(Pruned(record, {"*"}), Normal(record));
  EXPECT_EQ(Pruned(record, {"name", "verdict", "tags"}),
            Normal("name: 'specimens/a' verdict: 'good' tags: 'v'"));
  EXPECT_EQ(Pruned(record, {"place.people", "labels.b", "sites.hq.locality", "labels.zz"}),
            Normal("place { people: 2 } labels { key: 'b' value: '2' } sites { key: 'hq' value { "
                   "locality: 'y' } }"));
  EXPECT_EQ(Pruned(record, {}), "");
}

std::vector<std::string> Changes(const std::string& before, const std::string& after) {
  return ChangedPaths(SpecimenDeclaration(), FromText(before), FromText(after));
}

TEST(FieldMaskTest, ChangesAreListedByPath) {
  EXPECT_THAT(Changes("code: 'a' rank: 1 etag: 'x'",
                      "code: 'b' rank: 1 etag: 'y' update_time { seconds: 1 }"),
              ElementsAre("code"));
  EXPECT_THAT(Changes("place { locality: 'x' within { people: 1 } lines: 'a' }",
                      "place { locality: 'y' within { people: 2 } lines: 'b' }"),
              ElementsAre("place.locality", "place.lines", "place.within.people"));
  EXPECT_THAT(Changes("", "place {} nickname: ''"), ElementsAre("nickname", "place"));
  EXPECT_THAT(Changes("amount { units: 1 } labels { key: 'a' value: '1' }",
                      "amount { units: 2 } labels { key: 'a' value: '2' }"),
              ElementsAre("amount", "labels"));
  EXPECT_THAT(Changes("labels { key: 'a' value: '1' } labels { key: 'b' value: '2' } score: nan",
                      "labels { key: 'b' value: '2' } labels { key: 'a' value: '1' } score: nan"),
              IsEmpty());
}

// What a read with a mask returned, written back with the same mask, changes nothing; and what was
// written is what is read.
TEST(FieldMaskTest, ReadingAndWritingWithOneMaskAgree) {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  Dice dice(seed);
  RecordMaker maker(dice, SpecimenDeclaration());
  const std::string paths[] = {"*",
                               "code",
                               "place",
                               "place.locality",
                               "place.within.people",
                               "labels",
                               "labels.a",
                               "labels.`a b`",
                               "sites.a.locality",
                               "sites.b",
                               "tags",
                               "amount.units",
                               "counters.7",
                               "choices.true",
                               "nickname",
                               "birth_date.year",
                               "place.phone"};
  for (int i = 0; i < 500; ++i) {
    const auto first = maker.Make(1);
    const pbuf::FieldMask mask = MaskOf({dice.Pick(paths)});
    ASSERT_OK_AND_ASSIGN(const MaskNode node,
                         ParseMask(*first->GetDescriptor(), mask, "read_mask"));
    const std::unique_ptr<pbuf::Message> read(first->New());
    read->CopyFrom(*first);
    PruneToMask(node, *read);

    ASSERT_OK_AND_ASSIGN(const auto same, MergeByMask(SpecimenDeclaration(), *first, *read, mask));
    EXPECT_THAT(ChangedPaths(SpecimenDeclaration(), *first, *same), IsEmpty())
        << mask.paths(0) << "\n"
        << first->DebugString();
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace lotura::resource
