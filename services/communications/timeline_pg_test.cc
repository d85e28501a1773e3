// Activities and timelines: each entry where it belongs, once, whatever happens while somebody
// reads.
#include <set>

#include "lotura/accounts/v1/organization.pb.h"
#include "services/communications/domain/reasons.h"
#include "services/communications/test_timelines.h"

namespace lotura::communications {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasViolation;
using testing::IsOk;

TEST_F(TimelineTest, ActivityStandsOnTheTimelineOfEachRecordItRegards) {
  Call("a1", {kAcme, kDeal}, start_);

  const auto entries = TimelineOf(kAcme);

  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].kind(), Entry::KIND_CALL);
  EXPECT_EQ(entries[0].source(), "//communications.lotura/activities/a1");
  EXPECT_EQ(entries[0].activity().subject(), "Talked");
  EXPECT_EQ(TimelineOf(kDeal).size(), 1);
}

TEST_F(TimelineTest, EntryFollowsItsActivity) {
  v1::Activity activity = Call("a1", {kAcme, kDeal}, start_);
  activity.set_subject("Talked long");
  activity.mutable_regarding()->RemoveLast();
  activity = Put(activity, "");
  EXPECT_EQ(TimelineOf(kAcme).front().activity().subject(), "Talked long");
  EXPECT_TRUE(TimelineOf(kDeal).empty());

  ASSERT_THAT(bench_.Delete<v1::Activity>(activity.name()), IsOk());
  EXPECT_TRUE(TimelineOf(kAcme).empty()) << "before its event is handled";
}

TEST_F(TimelineTest, ChangesOfAnOpportunityStandOnItsOrganizationsTimeline) {
  sales::v1::Opportunity deal = DealOf(kAcme, start_ - hours(100));
  events_.Put("sales", deal);
  deal.set_organization("//accounts.lotura/organizations/other");
  events_.Put("sales", deal);
  ProjectAll(events_.all());

  const auto entries = TimelineOf(kAcme);

  ASSERT_EQ(entries.size(), 2) << "it was told when it lost the opportunity";
  EXPECT_EQ(entries[0].kind(), Entry::KIND_UPDATED);
  EXPECT_EQ(entries[1].kind(), Entry::KIND_CREATED);
  EXPECT_EQ(entries[1].source(), kDeal);
  EXPECT_EQ(entries[1].source_display_name(), "Computers");
  EXPECT_EQ(ToInstant(entries[1].time()), start_ - hours(100))
      << "an importer opened it in the past";
  EXPECT_EQ(TimelineOf("//accounts.lotura/organizations/other").size(), 1);
  EXPECT_EQ(TimelineOf(kDeal).size(), 2);
}

TEST_F(TimelineTest, ProjectingAgainChangesNothing) {
  accounts::v1::Organization organization;
  organization.set_name("organizations/acme");
  events_.Put("accounts", organization);
  events_.Put("sales", DealOf(kAcme, start_));
  ProjectAll(events_.all());
  ProjectAll(events_.all());

  EXPECT_EQ(TimelineOf(kAcme).size(), 2);
}

TEST_F(TimelineTest, EachEntryComesOnceWhileNewOnesArrive) {
  std::set<std::string> expected;
  for (int i = 0; i < 60; ++i) {
    // Several at one time, so that pages break within it.
    expected.insert(Call("a" + std::to_string(i), {kAcme}, start_ - minutes(i / 7)).name());
  }
  v1::ListTimelineRequest request;
  request.set_record(kAcme);
  request.set_page_size(7);
  std::multiset<std::string> seen;
  int pages = 0;

  do {
    const auto page = List(request);
    ASSERT_THAT(page, IsOk());
    for (const Entry& entry : page->entries()) seen.insert(entry.entry_id());
    request.set_page_token(page->next_page_token());
    Call("new" + std::to_string(++pages), {kAcme}, start_ + minutes(pages));
  } while (!request.page_token().empty());

  EXPECT_EQ(pages, 9);
  EXPECT_EQ(seen.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), expected);
}

TEST_F(TimelineTest, KindsAreFilteredAcrossPages) {
  events_.Put("sales", DealOf(kAcme, start_));
  ProjectAll(events_.all());
  Call("a1", {kAcme}, start_ - hours(1));
  v1::ListTimelineRequest request;
  request.set_record(kAcme);
  request.set_page_size(1);
  request.add_kinds(Entry::KIND_CALL);

  const auto page = List(request);

  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->entries_size(), 1);
  EXPECT_EQ(page->entries(0).kind(), Entry::KIND_CALL);
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(TimelineTest, WrongRequestsAreRefused) {
  v1::ListTimelineRequest request;
  request.set_record("organizations/acme");
  request.set_page_size(-1);
  request.add_kinds(Entry::KIND_UNSPECIFIED);
  EXPECT_THAT(List(request), HasViolation("record", reasons::kRecordName));
  EXPECT_THAT(List(request), HasViolation("page_size", reasons::kOutOfRange));
  EXPECT_THAT(List(request), HasViolation("kinds[0]", reasons::kEnumUnknown));

  Call("a1", {kAcme}, start_);
  Call("a2", {kAcme}, start_);
  v1::ListTimelineRequest other;
  other.set_record(kAcme);
  other.set_page_size(1);
  other.set_page_token(List(other)->next_page_token());
  EXPECT_THAT(List(other), IsOk());
  EXPECT_THAT(List(other, 2), HasViolation("page_token", "PAGE_TOKEN_INVALID"));
  other.set_record(kDeal);
  EXPECT_THAT(List(other), HasViolation("page_token", "PAGE_TOKEN_MISMATCH"));
  other.set_page_token("x");
  EXPECT_THAT(List(other), HasViolation("page_token", "PAGE_TOKEN_INVALID"));
}

TEST_F(TimelineTest, TooManyKindsOrANulAreRefused) {
  v1::ListTimelineRequest request;
  request.set_record(std::string(kAcme) + '\0');
  for (int i = 0; i <= 20; ++i) request.add_kinds(static_cast<Entry::Kind>(1000 + i));

  const absl::Status status = List(request).status();

  EXPECT_THAT(status, HasViolation("record", reasons::kNulCharacter));
  EXPECT_THAT(status, HasViolation("kinds", reasons::kTooMany));
  EXPECT_EQ(ViolationsOf(status).size(), 2);
}

TEST_F(TimelineTest, ActorOfAnActivityIsItsOwnerOrElseWhoWroteIt) {
  v1::Activity activity = Call("a1", {kAcme}, start_);
  testing::TestEvents announced(tenant());
  for (int i = 0; i < 2; ++i) announced.Put("communications", activity);
  std::vector<events::Event> events = announced.all();
  events[0].actor = "users/anna";
  events[1].actor = "users/ben";
  ProjectAll(events);
  EXPECT_EQ(TimelineOf(kAcme).front().actor(), "users/ben");
  EXPECT_EQ(TimelineOf(kAcme).front().version(), 0);

  ProjectAll({events.data(), 1});
  EXPECT_EQ(TimelineOf(kAcme).front().actor(), "users/ben") << "after a repetition";

  activity.set_owner("//directory.lotura/users/carla");
  ASSERT_THAT(bench_.Save(activity), IsOk());
  announced.Put("communications", activity);
  ProjectAll(announced.all());
  EXPECT_EQ(TimelineOf(kAcme).front().actor(), "users/carla");
}

TEST_F(TimelineTest, AnotherTenantSeesNothing) {
  Call("a1", {kAcme}, start_);
  v1::ListTimelineRequest request;
  request.set_record(kAcme);

  EXPECT_EQ(List(request, 2)->entries_size(), 0);
}

TEST_F(TimelineTest, WrongActivitiesAreRefused) {
  v1::Activity activity;
  activity.set_subject("x");
  activity.add_regarding(kAcme);
  activity.add_regarding(kAcme);
  activity.add_participants("people/p1");
  *activity.mutable_start_time() = ToTimestamp(start_);
  *activity.mutable_end_time() = ToTimestamp(start_ - hours(1));

  const auto created = bench_.Create(activity);
  EXPECT_THAT(created, HasViolation("kind", "REQUIRED"));
  EXPECT_THAT(created, HasViolation("regarding[1]", reasons::kDuplicate));
  EXPECT_THAT(created, HasViolation("end_time", reasons::kEndBeforeStart));
  activity.set_kind(v1::Activity::KIND_NOTE);
  activity.mutable_regarding()->RemoveLast();
  activity.clear_end_time();
  EXPECT_THAT(bench_.Create(activity), HasViolation("participants[0]", "NAME_INVALID"));
}

}  // namespace
}  // namespace lotura::communications
