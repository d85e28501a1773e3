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

// Until the test gives others.
class ChangingRights final : public resource::RecordRights {
 public:
  explicit ChangingRights(std::vector<Given> given) : now_(std::move(given)) {}

  [[nodiscard]] resource::ViewPtr ViewOf(const resource::Declaration& declaration) const override {
    return now_.ViewOf(declaration);
  }
  [[nodiscard]] absl::Status CheckPermission(std::string_view permission) const override {
    const bool may = permission == kSubscribePermission ? subscribes : reads;
    return may ? absl::OkStatus() : PermissionDenied(permission);
  }
  [[nodiscard]] bool ReadsAll() const override { return false; }
  void Set(std::vector<Given> given) { now_ = resource::FixedRights(std::move(given)); }

  bool subscribes = true;
  bool reads = true;

 private:
  resource::FixedRights now_;
};

class FeedRightsTest : public FeedFixture {
 protected:
  static std::shared_ptr<const Call> CallWith(const std::vector<Given>& rights,
                                              std::uint8_t tenant = 1) {
    return CallWith(std::make_shared<resource::FixedRights>(rights), tenant);
  }
  static std::shared_ptr<const Call> CallWith(std::shared_ptr<const resource::RecordRights> rights,
                                              std::uint8_t tenant = 1) {
    Call call = *CallOf(tenant);
    call.principal.rights = std::move(rights);
    return std::make_shared<const Call>(std::move(call));
  }

  // Of all heartbeats until now.
  static std::vector<std::string> ViewsTold(const Follower& follower) {
    std::vector<std::string> views;
    for (const SubscribeResponse& answer : follower.stream->answers) {
      if (answer.has_heartbeat()) views.push_back(answer.heartbeat().view());
    }
    return views;
  }
  std::string FirstView(std::shared_ptr<const Call> call) {
    const Follower follower = FollowBy(std::move(call), request_);
    Settle();
    return ViewsTold(follower).front();
  }
  void PassTime() {
    clock_.Advance(std::chrono::milliseconds(300));
    Settle();
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

TEST_F(FeedRightsTest, AViewThatChangesIsToldByAHeartbeat) {
  const auto rights =
      std::make_shared<ChangingRights>(std::vector<Given>{{Access::kRead, "score > 3"}});
  const Follower follower = FollowBy(CallWith(rights), request_);
  Settle();
  PassTime();
  ASSERT_EQ(ViewsTold(follower).size(), 1) << "nothing has changed";

  rights->Set({{Access::kRead, "score > 4"}});
  PassTime();
  rights->Set({{Access::kRead, "score > 3"}});
  PassTime();
  PassTime();

  const std::vector<std::string> views = ViewsTold(follower);
  ASSERT_EQ(views.size(), 3);
  EXPECT_NE(views[1], views[0]);
  EXPECT_EQ(views[2], views[0]);
}

TEST_F(FeedRightsTest, AViewThatChangesIsToldWhenThereIsRoom) {
  const auto rights =
      std::make_shared<ChangingRights>(std::vector<Given>{{Access::kRead, "score > 3"}});
  const Follower follower = FollowBy(CallWith(rights), request_, 1);
  Settle();
  rights->Set({{Access::kRead, "score > 4"}});
  PassTime();
  ASSERT_EQ(ViewsTold(follower).size(), 1) << "the stream takes no more";

  MakeRoom(follower, 10);
  PassTime();

  EXPECT_EQ(ViewsTold(follower).size(), 2);
}

TEST_F(FeedRightsTest, TheSameViewHasTheSameMarkEverywhere) {
  const std::vector<Given> rights = {{Access::kRead, "score > 3"},
                                     {Access::kRead, "score < 1", {{"email", FieldAccess::kRead}}}};
  const std::string view = FirstView(CallWith(rights));
  EXPECT_EQ(FirstView(CallWith({rights[1], rights[0], rights[1]})), view);
  EXPECT_EQ(FirstView(CallWith({rights[0], rights[1], {Access::kNone, "score = 2"}})), view);
  EXPECT_EQ(FirstView(CallWith({{Access::kDelete, "score > 3"}, rights[1]})), view)
      << "what may be done beyond reading changes nothing";
  Restart();
  EXPECT_EQ(FirstView(CallWith(rights)), view);
}

TEST_F(FeedRightsTest, AnotherViewHasAnotherMark) {
  const std::set<std::string> views = {
      FirstView(CallWith({{Access::kRead, "score > 3"}})),
      FirstView(CallWith({{Access::kRead, "score > 3"}}, 2)),
      FirstView(CallWith({{Access::kRead, "score > 33"}})),
      FirstView(CallWith({{Access::kRead, "score < 3"}})),
      FirstView(CallWith({{Access::kRead, "score > 3", {{"email", FieldAccess::kMasked}}}})),
      FirstView(CallWith({{Access::kRead, "score > 3", {{"email", FieldAccess::kRead}}}})),
      FirstView(CallWith({{Access::kRead}})),
      FirstView(CallWith(std::vector<Given>{})),
      FirstView(CallOf(1)),
  };
  EXPECT_EQ(views.size(), 9);
}

TEST_F(FeedRightsTest, ATypeThatMayNotBeReadAnyMoreIsSilent) {
  const auto rights = std::make_shared<ChangingRights>(std::vector<Given>{{Access::kRead}});
  const Follower follower = FollowBy(CallWith(rights), request_);
  Write(2, 3);
  Settle();
  rights->reads = false;
  Write(4, 5);
  PassTime();

  EXPECT_EQ(follower.stream->versions(), (Versions{2, 3}));
  const std::vector<std::string> views = ViewsTold(follower);
  ASSERT_EQ(views.size(), 2);
  EXPECT_NE(views[0], views[1]);
}

TEST_F(FeedRightsTest, WhoMayNotFollowAnyMoreIsToldOfNoOtherView) {
  const auto rights = std::make_shared<ChangingRights>(std::vector<Given>{{Access::kRead}});
  const Follower follower = FollowBy(CallWith(rights), request_);
  Settle();

  rights->subscribes = false;
  rights->reads = false;
  PassTime();

  EXPECT_EQ(ViewsTold(follower).size(), 1) << "he would take it for an empty world";
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
