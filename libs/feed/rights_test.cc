// What a subscriber is told of records that he may not see, or not all of.
#include <google/protobuf/any.pb.h>

#include "libs/events/event.h"
#include "libs/feed/feed_fixture.h"
#include "libs/resource/testdata/fixed_rights.h"

namespace lotura::feed {
namespace {

using resource::Access;
using resource::FieldAccess;
using resource::Given;
using testing::HasViolation;

class FeedRightsTest : public FeedFixture {
 protected:
  static std::shared_ptr<const Call> CallWith(const std::vector<Given>& rights) {
    Call call = *CallOf(1);
    call.principal.rights = std::make_shared<resource::FixedRights>(rights);
    return std::make_shared<const Call>(std::move(call));
  }

  // What he is told when the score goes from 1 to 4.
  std::vector<events::v1::Event> EventsSeenWith(const std::vector<Given>& rights) {
    const Follower follower = FollowBy(CallWith(rights), request_);
    Write(2, 4);
    Settle();
    std::vector<events::v1::Event> events;
    for (const SubscribeResponse& answer : follower.stream->answers) {
      if (answer.has_event()) events.push_back(answer.event());
    }
    return events;
  }

  static Widget WidgetIn(const events::v1::State& state) {
    Widget widget;
    EXPECT_THAT(events::ReadState(state, widget), IsOk());
    return widget;
  }

  SubscribeRequest request_ = RequestOf(Subscription::START_EARLIEST);
};

TEST_F(FeedRightsTest, NothingIsToldOfWhatMayNotBeRead) {
  EXPECT_TRUE(EventsSeenWith({}).empty());
  EXPECT_TRUE(EventsSeenWith({{Access::kRead, "score > 100"}}).empty());
}

TEST_F(FeedRightsTest, ARecordThatComesIntoViewIsToldWithoutWhatItWas) {
  const auto events = EventsSeenWith({{Access::kRead, "score >= 4"}});

  ASSERT_EQ(events.size(), 1);
  EXPECT_FALSE(events[0].change().has_before());
  EXPECT_EQ(WidgetIn(events[0].change().after()).score(), 4);
}

TEST_F(FeedRightsTest, ARecordThatLeavesTheViewIsToldByItsNameAlone) {
  const auto events = EventsSeenWith({{Access::kRead, "score <= 3"}});

  ASSERT_EQ(events.size(), 3);
  EXPECT_FALSE(events[1].removed_from_view());
  const events::v1::Event& removed = events[2];
  EXPECT_TRUE(removed.removed_from_view());
  EXPECT_EQ(removed.type(), "lotura.testdata.widget.removed_from_view.v1");
  EXPECT_EQ(removed.subject(), "widgets/w");
  EXPECT_EQ(removed.change().version(), 4);
  EXPECT_FALSE(removed.change().has_before());
  EXPECT_FALSE(removed.change().has_after());
  EXPECT_EQ(removed.change().changed_fields().paths_size(), 0);
  EXPECT_EQ(removed.actor(), "");
}

TEST_F(FeedRightsTest, FieldsThatMayNotBeSeenAreLeftOut) {
  events::JournalEntry entry = Entry(2);
  entry.changed_fields = "display_name,score";
  google::protobuf::Any detail;
  detail.PackFrom(WidgetOf(2));
  entry.detail = detail.SerializeAsString();
  journal_.Append({entry});

  const Follower follower = FollowBy(
      CallWith({{Access::kRead,
                 "",
                 {{"display_name", FieldAccess::kRead}, {"email", FieldAccess::kMasked}}}}),
      request_);
  Settle();

  const events::v1::Change& change = follower.stream->answers.back().event().change();
  const Widget after = WidgetIn(change.after());
  EXPECT_EQ(after.display_name(), "even");
  EXPECT_EQ(after.email(), "w***@example.com");
  EXPECT_EQ(after.score(), 0);
  EXPECT_EQ(WidgetIn(change.before()).score(), 0);
  EXPECT_THAT(change.changed_fields().paths(), ::testing::ElementsAre("display_name"));
  EXPECT_FALSE(change.has_detail());
}

TEST_F(FeedRightsTest, WhatAVerbSaysOfWhatWasNotSeenIsLeftOut) {
  events::JournalEntry entry = Entry(4);
  google::protobuf::Any detail;
  detail.PackFrom(WidgetOf(3));
  entry.detail = detail.SerializeAsString();
  journal_.Append({entry});

  const Follower before = FollowBy(CallWith({{Access::kRead, "score >= 3"}}), request_);
  const Follower after = FollowBy(CallWith({{Access::kRead, "score >= 4"}}), request_);
  Settle();

  EXPECT_TRUE(before.stream->answers.back().event().change().has_detail());
  EXPECT_FALSE(after.stream->answers.back().event().change().has_detail());
}

TEST_F(FeedRightsTest, WhatLeavesTheViewIsToldWhicheverEventsWereAskedFor) {
  request_.mutable_subscription()->add_event_types("lotura.testdata.widget.created.v1");

  const auto events = EventsSeenWith({{Access::kRead, "score <= 3"}});

  ASSERT_EQ(events.size(), 1);
  EXPECT_TRUE(events[0].removed_from_view());
}

TEST_F(FeedRightsTest, WhatIsHiddenIsNoFilter) {
  const std::vector<Given> rights = {{Access::kRead, "", {{"display_name", FieldAccess::kRead}}}};
  request_.mutable_subscription()->add_resource_types("testdata.lotura/Widget");
  request_.mutable_subscription()->set_filter("score > 2");

  EXPECT_THAT(feed_->Subscribe(CallWith(rights), std::make_shared<FakeStream>(), request_).status(),
              HasViolation("subscription.filter", "FIELD_HIDDEN"));
}

}  // namespace
}  // namespace lotura::feed
