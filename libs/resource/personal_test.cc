#include "libs/resource/personal.h"

#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "libs/resource/testdata/widget.pb.h"

namespace lotura::resource {
namespace {

using google::protobuf::util::MessageDifferencer;
using testdata::v1::BatchCreateWidgetsResponse;
using testdata::v1::Widget;

Widget Wheel() {
  Widget widget;
  widget.set_name("widgets/wheel");
  widget.mutable_amount()->set_units(7);
  widget.set_email("anna@example.org");
  widget.add_tags("round");
  widget.add_tags("new");
  return widget;
}

TEST(PersonalTest, EachPartHoldsTheFieldsOfItsOwn) {
  const Widget widget = Wheel();

  const Parts parts = Split(widget);

  Widget plain = widget;
  plain.clear_email();
  Widget personal;
  personal.set_email(widget.email());
  EXPECT_EQ(parts.plain, plain.SerializeAsString());
  EXPECT_EQ(parts.personal, personal.SerializeAsString());
}

TEST(PersonalTest, RecordsOfAResponseKeepTheirPlaces) {
  BatchCreateWidgetsResponse response;
  *response.add_widgets() = Wheel();
  response.add_widgets();
  // Longer than one byte of size tells.
  response.add_widgets()->set_display_name(std::string(300, 'x'));
  response.add_widgets()->set_email("bert@example.org");

  const Parts parts = Split(response);

  BatchCreateWidgetsResponse plain;
  ASSERT_TRUE(plain.ParseFromString(parts.plain));
  ASSERT_EQ(plain.widgets_size(), 4);
  EXPECT_EQ(plain.widgets(0).email(), "");
  EXPECT_EQ(plain.widgets(2).display_name().size(), 300U);
  BatchCreateWidgetsResponse whole;
  ASSERT_TRUE(Join(parts, whole));
  EXPECT_TRUE(MessageDifferencer::Equals(whole, response));
}

TEST(PersonalTest, WhatNobodyKnowsIsPersonal) {
  Widget widget = Wheel();
  widget.GetReflection()->MutableUnknownFields(&widget)->AddLengthDelimited(9'999, "whose?");

  const Parts parts = Split(widget);

  EXPECT_EQ(parts.plain, Split(Wheel()).plain);
  EXPECT_NE(parts.personal.find("whose?"), std::string::npos);
}

}  // namespace
}  // namespace lotura::resource
