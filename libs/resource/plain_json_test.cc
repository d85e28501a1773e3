#include "libs/resource/plain_json.h"

#include <gtest/gtest.h>

#include "libs/resource/testdata/specimen.pb.h"

namespace lotura::resource {
namespace {

using testdata::v1::Specimen;

const pbuf::FieldDescriptor* FieldOf(const std::string& name) {
  return Specimen::descriptor()->FindFieldByName(name);
}

// What the field holds then, as text; nothing if it is not plain.
std::string Read(const std::string& field, std::string_view json) {
  Specimen specimen;
  specimen.set_display_name("stays");
  if (!ReadPlainJson(json, FieldOf(field), specimen)) {
    EXPECT_EQ(specimen.ShortDebugString(), "display_name: \"stays\"");
    return "";
  }
  EXPECT_EQ(specimen.display_name(), "stays");
  specimen.clear_display_name();
  return "(" + specimen.ShortDebugString() + ")";
}

TEST(PlainJsonTest, DocumentsOfTextsNumbersAndListsAreRead) {
  EXPECT_EQ(
      Read("place", R"({"locality": "Getxo \u00f1", "lines": ["a", "b"], "door": -4, "main": true,)"
                    R"( "people": "9007199254740993", "within": {"region_code": "ES"}})"),
      "(place { locality: \"Getxo \\303\\261\" lines: \"a\" lines: \"b\" door: -4 "
      "people: 9007199254740993 main: true within { region_code: \"ES\" } })");
  EXPECT_EQ(Read("places", R"([{"locality": "Bilbo"}, {}])"),
            "(places { locality: \"Bilbo\" } places { })");
  EXPECT_EQ(Read("marks", R"(["1", -2])"), "(marks: 1 marks: -2)");
  EXPECT_EQ(Read("answers", "[true, false]"), "(answers: true answers: false)");
  EXPECT_EQ(Read("places", "[]"), "()");
}

TEST(PlainJsonTest, WhatHasAFormOfItsOwnIsLeftAlone) {
  EXPECT_EQ(Read("place", R"({"since": "2026-01-01T00:00:00Z"})"), "");
  EXPECT_EQ(Read("place", R"({"seal": "aGVq"})"), "");
  EXPECT_EQ(Read("place", R"({"latitude": 43.3})"), "");
  EXPECT_EQ(Read("labels", R"({"a": "b"})"), "");
  EXPECT_EQ(Read("span", R"("3s")"), "");
  EXPECT_EQ(Read("weights", "[1.5]"), "");
}

TEST(PlainJsonTest, WhatDoesNotFitIsLeftAlone) {
  for (const char* json :
       {R"({"unknown": 1})", R"({"door": 3000000000})", R"({"door": "4x"})", R"({"door": 1.5})",
        R"({"kind": "KIND_OF_LATER"})", R"({"locality": null})", R"({"locality": 1})",
        R"({"lines": "a"})", R"({"stamp": -1})", R"({"main": "true"})", R"(["a"])", R"({"a")", ""})
    EXPECT_EQ(Read("place", json), "") << json;
  EXPECT_EQ(Read("place", "[]"), "");
}

}  // namespace
}  // namespace lotura::resource
