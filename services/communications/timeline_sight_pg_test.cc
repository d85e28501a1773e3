// What of timelines is shown to a caller who may not read everything.
#include <gmock/gmock.h>

#include "libs/resource/testdata/fixed_rights.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/directory/v1/api_key.pb.h"
#include "services/communications/test_timelines.h"

namespace lotura::communications {
namespace {

using resource::Access;
using resource::FieldAccess;
using resource::Given;
using std::chrono::minutes;
using ::testing::ElementsAre;
using testing::HasViolation;
using ::testing::IsEmpty;
using testing::IsOk;

constexpr char kAnna[] = "//directory.lotura/users/anna";
constexpr char kBen[] = "//directory.lotura/users/ben";
constexpr char kOwn[] = R"(owner = "//directory.lotura/users/anna")";
constexpr char kOrganization[] = "accounts.lotura/Organization";
constexpr char kOpportunity[] = "sales.lotura/Opportunity";
constexpr char kActivity[] = "communications.lotura/Activity";

const Given kAllOrganizations = {Access::kRead, "", {}, kOrganization};
const Given kOwnDeals = {Access::kRead, kOwn, {}, kOpportunity};
const Given kOwnActivities = {Access::kRead, kOwn, {}, kActivity};
const std::vector<Given> kSeller = {kAllOrganizations, kOwnDeals, kOwnActivities};

class TimelineSightTest : public TimelineTest {
 protected:
  void SetUp() override {
    accounts::v1::Organization acme;
    acme.set_name("organizations/acme");
    acme.set_display_name("Acme");
    events_.Put("accounts", acme);
  }

  sales::v1::Opportunity PutDeal(const char* owner) {
    sales::v1::Opportunity deal = DealOf(kAcme, start_);
    deal.set_owner(owner);
    events_.Put("sales", deal);
    return deal;
  }

  v1::Activity PutActivity(const std::string& id, const char* owner) {
    v1::Activity activity;
    activity.set_kind(v1::Activity::KIND_NOTE);
    activity.set_subject("Secret");
    activity.set_owner(owner);
    activity.add_regarding(kAcme);
    *activity.mutable_start_time() = ToTimestamp(start_);
    return Put(activity, id);
  }

  [[nodiscard]] lotura::Call CallWith(const std::vector<Given>& rights,
                                      const std::vector<std::string>& permissions = {"*"}) const {
    lotura::Call call = bench_.CallAs(permissions);
    call.principal.name = "users/seller";
    call.principal.grounds = Grounds::kDirectory;
    call.principal.rights = std::make_shared<resource::FixedRights>(rights);
    return call;
  }

  absl::StatusOr<v1::ListTimelineResponse> ListAs(const std::vector<Given>& rights,
                                                  const v1::ListTimelineRequest& request,
                                                  const std::vector<std::string>& permissions = {
                                                      "*"}) {
    ProjectAll(events_.all());
    return ListTimeline(CallWith(rights, permissions), request, bench_.queries());
  }

  std::vector<Entry> Seen(const std::vector<Given>& rights, const char* record = kAcme,
                          const std::vector<std::string>& permissions = {"*"}) {
    v1::ListTimelineRequest request;
    request.set_record(record);
    const auto page = ListAs(rights, request, permissions);
    EXPECT_THAT(page, IsOk());
    EXPECT_EQ(page->next_page_token(), "");
    return {page->entries().begin(), page->entries().end()};
  }

  std::vector<std::string> Sources(const std::vector<Given>& rights, const char* record = kAcme,
                                   const std::vector<std::string>& permissions = {"*"}) {
    std::vector<std::string> sources;
    for (const Entry& entry : Seen(rights, record, permissions)) sources.push_back(entry.source());
    return sources;
  }
};

TEST_F(TimelineSightTest, OnlyWhatMayBeReadStandsThere) {
  PutDeal(kBen);
  PutActivity("own", kAnna);
  PutActivity("other", kBen);

  EXPECT_THAT(Sources(kSeller), ElementsAre("//communications.lotura/activities/own", kAcme));
  EXPECT_EQ(TimelineOf(kAcme).size(), 4) << "to whoever sees everything";
}

TEST_F(TimelineSightTest, WhoseARecordIsNowCountsForAllThatHappenedToIt) {
  sales::v1::Opportunity deal = PutDeal(kBen);
  deal.set_owner(kAnna);
  events_.Put("sales", deal);
  EXPECT_THAT(Sources(kSeller, kDeal), ElementsAre(kDeal, kDeal));

  deal.set_owner(kBen);
  events_.Put("sales", deal);
  EXPECT_THAT(Sources(kSeller, kDeal), IsEmpty());
}

TEST_F(TimelineSightTest, TimelineOfWhatMayNotBeReadIsLikeThatOfWhatIsNotThere) {
  PutDeal(kBen);
  v1::Activity activity;
  activity.set_kind(v1::Activity::KIND_NOTE);
  activity.set_subject("Of Ben's deal");
  activity.set_owner(kAnna);
  activity.add_regarding(kDeal);
  Put(activity, "a1");
  v1::ListTimelineRequest request;
  request.set_record(kDeal);
  const auto hidden = ListAs(kSeller, request);
  request.set_record("//sales.lotura/opportunities/none");
  const auto absent = ListAs(kSeller, request);

  ASSERT_THAT(hidden, IsOk());
  EXPECT_EQ(hidden->SerializeAsString(), absent->SerializeAsString());
}

TEST_F(TimelineSightTest, ReadingATypeTakesItsPermission) {
  PutDeal(kAnna);
  PutActivity("own", kAnna);

  EXPECT_THAT(Sources(kSeller, kAcme, {"communications.*", "accounts.organizations.read"}),
              ElementsAre("//communications.lotura/activities/own", kAcme));
  EXPECT_THAT(
      Sources(kSeller, kAcme, {"communications.timelines.read", "accounts.organizations.read"}),
      ElementsAre(kAcme));
  EXPECT_THAT(Sources(kSeller, kAcme, {"communications.*", "sales.*"}), IsEmpty());
}

TEST_F(TimelineSightTest, FieldsThatAreHiddenAreNotSpokenOf) {
  sales::v1::Opportunity deal = PutDeal(kAnna);
  deal.mutable_close_date()->set_year(2026);
  deal.mutable_amount()->set_units(1);
  events_.Put("sales", deal);
  std::vector<events::Event> events = events_.all();
  events.back().change.mutable_changed_fields()->add_paths("close_date");
  events.back().change.mutable_changed_fields()->add_paths("amount.units");
  events.back().change.mutable_detail()->set_type_url("type.googleapis.com/x");
  ProjectAll(events);
  const std::vector<Given> rights = {{Access::kRead,
                                      "",
                                      {{"organization", FieldAccess::kRead},
                                       {"close_date", FieldAccess::kRead},
                                       {"amount", FieldAccess::kMasked},
                                       {"stage_enter_time", FieldAccess::kRead}},
                                      kOpportunity},
                                     kAllOrganizations};

  const auto entries = Seen(rights, kDeal);

  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].kind(), Entry::KIND_UPDATED);
  EXPECT_THAT(entries[0].changed_fields().paths(), ElementsAre("close_date"));
  EXPECT_EQ(entries[0].source_display_name(), "");
  EXPECT_FALSE(entries[0].has_detail());
  const auto whole = Seen(kSeller, kDeal);
  EXPECT_THAT(whole[0].changed_fields().paths(), ElementsAre("close_date", "amount.units"));
  EXPECT_EQ(whole[0].source_display_name(), "Computers");
  EXPECT_TRUE(whole[0].has_detail());
}

TEST_F(TimelineSightTest, PlaceAndTimeOfAnEntryTellOfFieldsAsWell) {
  sales::v1::Opportunity deal = PutDeal(kAnna);
  deal.mutable_amount()->set_units(1);
  events_.Put("sales", deal);
  const auto with = [](const char* field) {
    return std::vector<Given>{{Access::kRead, "", {{field, FieldAccess::kRead}}, kOpportunity},
                              kAllOrganizations};
  };

  std::vector<events::Event> events = events_.all();
  events.back().change.mutable_changed_fields()->add_paths("amount.units");
  ProjectAll(events);

  EXPECT_THAT(Sources(with("organization")), ElementsAre(kDeal, kAcme))
      << "what came into a stage has the time of that";
  EXPECT_THAT(Sources(with("stage_enter_time")), ElementsAre(kAcme)) << "whose it is is hidden";
  EXPECT_EQ(Sources(with("stage_enter_time"), kDeal).size(), 2);
}

TEST_F(TimelineSightTest, ActivityIsCutToWhatMayBeSeen) {
  PutActivity("a1", kAnna);
  const auto with = [](std::map<std::string, FieldAccess> fields) {
    return std::vector<Given>{{Access::kRead, "", std::move(fields), kActivity}, kAllOrganizations};
  };
  const std::map<std::string, FieldAccess> least = {{"kind", FieldAccess::kRead},
                                                    {"start_time", FieldAccess::kRead},
                                                    {"regarding", FieldAccess::kRead}};

  const auto entries = Seen(with(least));

  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].activity().subject(), "");
  EXPECT_EQ(entries[0].source_display_name(), "");
  EXPECT_EQ(entries[0].actor(), "");
  EXPECT_EQ(entries[0].activity().kind(), v1::Activity::KIND_NOTE);
  for (const auto& [field, access] : least) {
    auto less = least;
    less[field] = FieldAccess::kHidden;
    EXPECT_THAT(Sources(with(less)), ElementsAre(kAcme)) << field;
  }
}

TEST_F(TimelineSightTest, RuleAboutWhatBelongsToAPersonShowsNothingHere) {
  const std::vector<Given> rights = {{Access::kRead, "NOT emails:*", {}, kOrganization}};

  EXPECT_THAT(Sources(rights), IsEmpty()) << "states are without it, and seem to be so";
  EXPECT_THAT(Sources({{Access::kRead, R"(display_name != "x")", {}, kOrganization}}),
              ElementsAre(kAcme));
}

TEST_F(TimelineSightTest, PagesAreFullAndTheLastOneSaysSo) {
  for (int i = 0; i < 30; ++i) {
    v1::Activity activity;
    activity.set_kind(v1::Activity::KIND_NOTE);
    activity.set_subject("Note");
    activity.set_owner(i % 3 == 0 ? kAnna : kBen);
    activity.add_regarding(kAcme);
    *activity.mutable_start_time() = ToTimestamp(start_ - minutes(i / 4));
    Put(activity, "a" + std::to_string(i));
  }
  v1::ListTimelineRequest request;
  request.set_record(kAcme);
  request.set_page_size(5);
  request.add_kinds(Entry::KIND_NOTE);

  const auto first = ListAs(kSeller, request);
  ASSERT_THAT(first, IsOk());
  request.set_page_token(first->next_page_token());
  const auto second = ListAs(kSeller, request);

  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->entries_size(), 5);
  EXPECT_EQ(second->entries_size(), 5);
  EXPECT_EQ(second->next_page_token(), "") << "behind it are others' alone";
  EXPECT_THAT(List(request), HasViolation("page_token", "PAGE_TOKEN_MISMATCH"))
      << "of somebody else";
}

TEST_F(TimelineSightTest, WhatNobodyIsShownStandsOnNoTimeline) {
  directory::v1::ApiKeySecret secret;
  secret.set_name("clients/erp/apiKeys/k/secrets/s");
  events_.Put("directory", secret);
  ProjectAll(events_.all());

  EXPECT_THAT(TimelineOf("//directory.lotura/clients/erp/apiKeys/k"), IsEmpty());
}

TEST_F(TimelineSightTest, WhatIsNewerThanTheStateIsNotTold) {
  sales::v1::Opportunity deal = PutDeal(kAnna);
  events_.Put("sales", deal);
  const std::vector<events::Event> events = events_.all();
  ProjectAll(events);
  // As in a projection whose states are made anew while the entries stay.
  ASSERT_THAT(bench_.writes().Write(Deadline::After(std::chrono::seconds(30)),
                                    [](pg::Tx& tx) {
                                      tx.RunScript("UPDATE record_state SET version = 1");
                                      return absl::OkStatus();
                                    }),
              IsOk());
  v1::ListTimelineRequest request;
  request.set_record(kDeal);

  const auto page = ListTimeline(CallWith(kSeller), request, bench_.queries());

  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->entries_size(), 1);
  EXPECT_EQ(page->entries(0).kind(), Entry::KIND_CREATED);
}

TEST_F(TimelineSightTest, EventThatComesLateOrAgainChangesNoState) {
  sales::v1::Opportunity deal = PutDeal(kAnna);
  deal.set_owner(kBen);
  events_.Put("sales", deal);
  std::vector<events::Event> events = events_.all();
  ProjectAll(events);
  ProjectAll({&events[1], 1});
  EXPECT_THAT(Sources(kSeller, kDeal), IsEmpty());

  events[1].change.set_epoch(2);
  ProjectAll({&events[1], 1});
  EXPECT_THAT(Sources(kSeller, kDeal), ElementsAre(kDeal))
      << "after a failover versions begin again, and what was lost is not told";
}

}  // namespace
}  // namespace lotura::communications
