// What a subscriber gets, and what is wrong with a subscription. tsan
#include "libs/feed/selection.h"

#include "libs/events/event.h"
#include "libs/feed/feed_fixture.h"

namespace lotura::feed {
namespace {

class SelectionTest : public FeedFixture {
 protected:
  SubscribeRequest request_ = RequestOf(Subscription::START_EARLIEST);
  Subscription& subscription_ = *request_.mutable_subscription();
};

TEST_F(SelectionTest, AnotherTenantsEventsAreNotSeen) {
  Write(1, 2, 1);
  Write(3, 4, 2);

  const Follower follower = Follow(request_, 2);
  Settle();
  Write(5, 6, 1);
  Settle();

  EXPECT_EQ(follower.stream->versions(), (Versions{3, 4}));
}

TEST_F(SelectionTest, TheFilterHoldsBeforeOrAfterTheChange) {
  subscription_.add_resource_types("testdata.lotura/Widget");
  subscription_.set_filter("score >= 3 AND score < 5");
  const Follower follower = Follow(request_);
  Write(1, 4);
  Settle();

  Write(5, 7);
  Settle();

  // 5 is the one by which it leaves.
  EXPECT_EQ(follower.stream->versions(), (Versions{3, 4, 5}));
}

TEST_F(SelectionTest, EventTypesAndNamesSelect) {
  Write(1, 1);
  events::JournalEntry created = Entry(2);
  created.type = "lotura.testdata.widget.created.v1";
  journal_.Append({created});
  events::JournalEntry other = Entry(3);
  other.name = "widgets/other";
  journal_.Append({other});
  SubscribeRequest by_name = request_;
  by_name.mutable_subscription()->add_names("widgets/other");
  subscription_.add_event_types("lotura.testdata.widget.created.v1");

  const Follower follower = Follow(request_);
  const Follower named = Follow(by_name);
  Settle();

  EXPECT_EQ(follower.stream->versions(), Versions{2});
  EXPECT_EQ(named.stream->versions(), Versions{3});
}

TEST_F(SelectionTest, AnEventCarriesTheRecordBeforeAndAfter) {
  Write(2, 2);
  const Follower follower = Follow(request_);
  Settle();

  const events::v1::Event& event = follower.stream->answers.back().event();
  Widget after;
  ASSERT_THAT(events::ReadState(event.change().after(), after), IsOk());
  EXPECT_EQ(after.score(), 2);
  EXPECT_EQ(after.email(), "w@example.com");
  EXPECT_EQ(event.source(), "//testdata.lotura");
  EXPECT_EQ(event.subject(), "widgets/w");
  EXPECT_EQ(event.actor(), "users/anna");
}

TEST_F(SelectionTest, AnEventThatIsLargerThanAMessageComesWithoutItsStates) {
  events::JournalEntry large = Entry(1);
  Widget widget = WidgetOf(1);
  widget.set_display_name(std::string(3 << 20, 'x'));
  large.before_plain = large.after_plain = resource::Split(widget).plain;
  journal_.Append({large});

  const Follower follower = Follow(request_);
  Settle();

  const events::v1::Event& event = follower.stream->answers.back().event();
  EXPECT_TRUE(event.states_omitted());
  EXPECT_FALSE(event.change().has_after());
  EXPECT_EQ(event.change().version(), 1);
}

TEST_F(SelectionTest, WithoutThePermissionOfAnyTypeThereIsNoStream) {
  EXPECT_THAT(Refusal(request_, {"testdata.widgets.write"}),
              StatusIs(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
  EXPECT_THAT(Refusal(request_, {"testdata.widgets.read"}), IsOk());
}

struct Wrong {
  std::string reason;
  std::function<void(SubscribeRequest&)> spoil;
};

class WrongSubscriptionTest : public FeedFixture, public ::testing::WithParamInterface<Wrong> {};

TEST_P(WrongSubscriptionTest, IsRefusedAtOnce) {
  SubscribeRequest request = RequestOf(Subscription::START_LATEST);
  GetParam().spoil(request);

  EXPECT_THAT(Refusal(request), StatusIs(absl::StatusCode::kInvalidArgument, GetParam().reason));
}

std::vector<Wrong> AllWrong() {
  const auto change = [](const auto& spoil) {
    return [spoil](SubscribeRequest& request) { spoil(*request.mutable_subscription()); };
  };
  return {
      {"CREDIT_OUT_OF_RANGE", [](SubscribeRequest& request) { request.set_credit(-1); }},
      {"CREDIT_OUT_OF_RANGE", [](SubscribeRequest& request) { request.set_credit(10'001); }},
      {"START_INVALID",
       change([](Subscription& one) { one.set_start(static_cast<Subscription::Start>(77)); })},
      {"RESUME_TOKEN_MISSING",
       change([](Subscription& one) { one.set_start(Subscription::START_TOKEN); })},
      {"RESUME_TOKEN_UNWANTED", change([](Subscription& one) { one.set_resume_token("x"); })},
      {"RESUME_TOKEN_INVALID", change([](Subscription& one) {
         one.set_start(Subscription::START_TOKEN);
         one.set_resume_token("x");
       })},
      {"TYPE_UNKNOWN", change([](Subscription& one) { one.add_resource_types("x"); })},
      {"EVENT_TYPE_UNKNOWN", change([](Subscription& one) { one.add_event_types("x"); })},
      {"NAME_INVALID", change([](Subscription& one) { one.add_names("widgets/"); })},
      {"BAD_REQUEST", change([](Subscription& one) {
         for (int i = 0; i <= kItemsMax; ++i) one.add_names("x");
       })},
      {"FILTER_NEEDS_ONE_TYPE", change([](Subscription& one) { one.set_filter("score = 1"); })},
      {"FILTER_SYNTAX", change([](Subscription& one) {
         one.add_resource_types("testdata.lotura/Widget");
         one.set_filter("score = ");
       })},
  };
}

INSTANTIATE_TEST_SUITE_P(All, WrongSubscriptionTest, ::testing::ValuesIn(AllWrong()),
                         [](const auto& test) {
                           return test.param.reason + std::to_string(test.index);
                         });

class ResumeTokenTest : public FeedFixture {
 protected:
  const ResumeTokens resume_{"testdata", tokens_};
  const ResumePoint point_{.cursor = {{1, 2, 3}, clock_.Now()},
                           .snapshot = SnapshotPlace{"lotura.testdata.v1.Widget", "page"}};
};

TEST_F(ResumeTokenTest, HoldsWhatWasPutIntoIt) {
  const auto opened = resume_.Open(TenantOf(1), resume_.Make(TenantOf(1), point_));

  ASSERT_THAT(opened.status(), IsOk());
  EXPECT_EQ(opened->cursor, point_.cursor);
  EXPECT_EQ(opened->snapshot->resource_type, "lotura.testdata.v1.Widget");
  EXPECT_EQ(opened->snapshot->page_token, "page");
}

TEST_F(ResumeTokenTest, IsOfNoUseToAnotherTenantOrServiceOrWhenItWasChanged) {
  const std::string token = resume_.Make(TenantOf(1), point_);
  std::string changed = token;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument, "RESUME_TOKEN_INVALID");

  EXPECT_THAT(resume_.Open(TenantOf(2), token).status(), invalid);
  EXPECT_THAT(ResumeTokens("sales", tokens_).Open(TenantOf(1), token).status(), invalid);
  EXPECT_THAT(resume_.Open(TenantOf(1), changed).status(), invalid);
}

}  // namespace
}  // namespace lotura::feed
