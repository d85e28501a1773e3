// What is written without protobuf's converter is what the converter writes.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/resource/plain_json.h"
#include "libs/resource/testdata/random_records.h"
#include "libs/resource/testdata/specimens.h"

namespace lotura::resource {
namespace {

nlohmann::json Converted(const pbuf::Message& message) {
  pbuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  EXPECT_TRUE(pbuf::util::MessageToJsonString(message, &json, options).ok());
  return nlohmann::json::parse(json);
}

// Nothing if the message is not plain.
std::optional<nlohmann::json> Written(const pbuf::Message& message) {
  std::string json;
  if (!AppendPlainJson(message, json)) return std::nullopt;
  return nlohmann::json::parse(json);
}

// Without what the writer leaves alone.
pb::Place PlainPartOf(pb::Place place) {
  place.clear_latitude();
  place.clear_longitude();
  place.clear_since();
  place.clear_commute();
  place.clear_seal();
  place.clear_stock();
  if (place.has_within()) *place.mutable_within() = PlainPartOf(place.within());
  return place;
}

TEST(PlainJsonWriterTest, DocumentsAreWrittenAsTheConverterDoes) {
  const auto place = FromText<pb::Place>(
      R"(locality: "Getxo \303\261 \"a\" \\ \n\001</b>" lines: "a" lines: "" door: 0 people: -9007199254740993
         stamp: 18446744073709551615 main: true kind: KIND_STONE within { region_code: "ES" within {} }
         extension: 0 note: "" former_kind: KIND_PLANT)");

  ASSERT_TRUE(Written(place).has_value());
  EXPECT_EQ(*Written(place), Converted(place));
  EXPECT_EQ(*Written(pb::Place()), Converted(pb::Place()));
}

TEST(PlainJsonWriterTest, WhatIsNotPlainIsLeftAlone) {
  for (const char* text : {"since { seconds: 1 }", "latitude: 1", "longitude: 1", "seal: \"x\"",
                           "stock { key: \"a\" value: 1 }", "commute { seconds: 1 }", "kind: 77",
                           "within { latitude: 1 }"})
    EXPECT_FALSE(Written(FromText<pb::Place>(text)).has_value()) << text;
}

TEST(PlainJsonWriterTest, AnyDocumentIsWrittenAsTheConverterDoesOrNotAtAll) {
  Dice dice(3);
  RecordMaker maker(dice, SpecimenDeclaration());
  int plain = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto record = maker.Make(i);
    for (const pb::Place& whole : static_cast<const pb::Specimen&>(*record).places()) {
      for (const pb::Place& place : {whole, PlainPartOf(whole)}) {
        const auto written = Written(place);
        if (!written.has_value()) continue;
        ++plain;
        ASSERT_EQ(*written, Converted(place));
      }
    }
  }

  EXPECT_GT(plain, 500);
}

}  // namespace
}  // namespace lotura::resource
