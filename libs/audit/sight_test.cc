// What is found in answers: records, states, and what else tells of somebody.
#include "libs/audit/sight.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include "lotura/accounts/v1/person.pb.h"
#include "lotura/analytics/v1/report.pb.h"
#include "lotura/audit/v1/audit_service.pb.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "lotura/events/v1/event_service.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"

namespace lotura::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(pbuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// "accounts.lotura/Person people/p1 email phones", one line for each.
std::vector<std::string> SeenIn(const pbuf::Message& answer) {
  std::vector<std::string> seen;
  for (const Sight& sight : SightPlan(answer.GetDescriptor()).Of(answer)) {
    std::string line = sight.type->name + " " + sight.name;
    for (std::size_t i = 0; i < sight.type->personal.size(); ++i) {
      if ((sight.personal >> i & 1) != 0) line += " " + sight.type->personal[i]->name();
    }
    seen.push_back(line);
  }
  return seen;
}

TEST(SightTest, ARecordIsSeenWithItsPersonalFieldsThatHaveAValue) {
  EXPECT_THAT(SeenIn(FromText<accounts::v1::Person>(
                  R"(name: "people/p1" display_name: "Ada" email: "ada@example.com")")),
              ElementsAre("accounts.lotura/Person people/p1 display_name email"));
  EXPECT_THAT(SeenIn(FromText<accounts::v1::Person>(R"(name: "people/p1")")),
              ElementsAre("accounts.lotura/Person people/p1"));
}

TEST(SightTest, EachRecordOfAListIsSeen) {
  EXPECT_THAT(SeenIn(FromText<accounts::v1::ListPeopleResponse>(
                  R"(people {name: "people/p1"} people {name: "people/p2" display_name: "Bo"})")),
              ElementsAre("accounts.lotura/Person people/p1",
                          "accounts.lotura/Person people/p2 display_name"));
}

TEST(SightTest, StatesInEventsAreSeen) {
  events::v1::SubscribeResponse message;
  events::v1::Event& event = *message.mutable_event();
  event.set_subject("people/p1");
  event.mutable_change()->set_resource_type("lotura.accounts.v1.Person");
  event.mutable_change()->mutable_before()->set_personal(
      FromText<accounts::v1::Person>(R"(email: "ada@example.com")").SerializeAsString());
  event.mutable_change()->mutable_after()->set_personal(
      FromText<accounts::v1::Person>(R"(display_name: "Ada")").SerializeAsString());

  EXPECT_THAT(SeenIn(message), ElementsAre("accounts.lotura/Person people/p1 display_name email"));
}

TEST(SightTest, RecordsOfASnapshotAreSeen) {
  events::v1::SubscribeResponse message;
  message.mutable_record()->set_name("people/p1");
  message.mutable_record()->set_resource_type("lotura.accounts.v1.Person");
  message.mutable_record()->mutable_state()->set_personal(
      FromText<accounts::v1::Person>(R"(display_name: "Ada")").SerializeAsString());

  EXPECT_THAT(SeenIn(message), ElementsAre("accounts.lotura/Person people/p1 display_name"));
}

TEST(SightTest, AnExportOfTheLogShowsWhatItHolds) {
  v1::ExportAuditLogResponse message;
  v1::Entry& entry = *message.add_sealed()->add_entries();
  entry.set_name("people/p1");
  entry.set_resource_type("lotura.accounts.v1.Person");
  entry.mutable_after_personal()->set_content(
      FromText<accounts::v1::Person>(R"(email: "ada@example.com")").SerializeAsString());

  EXPECT_THAT(SeenIn(message), ElementsAre("accounts.lotura/Person people/p1 email"));
}

TEST(SightTest, WhatIsNotAStateOrOfNoKnownTypeIsSeenByName) {
  events::v1::SubscribeResponse message;
  message.mutable_event()->set_subject("people/p1");
  message.mutable_event()->mutable_change()->set_resource_type("lotura.accounts.v1.Person");
  message.mutable_event()->mutable_change()->mutable_after()->set_personal("\xff\xff");
  EXPECT_THAT(SeenIn(message), ElementsAre("accounts.lotura/Person people/p1"));

  message.mutable_event()->mutable_change()->set_resource_type("lotura.other.v1.Thing");
  EXPECT_THAT(SeenIn(message), ElementsAre("unknown people/p1"));
}

TEST(SightTest, PersonalFieldsOfWhatIsNoRecordBelongToTheRecordThatItNames) {
  EXPECT_THAT(
      SeenIn(FromText<communications::v1::ListTimelineResponse>(
          R"(entries {source: "//accounts.lotura/people/p1" source_display_name: "Ada"
                      activity {name: "activities/a1"}})")),
      UnorderedElementsAre("lotura.communications.v1.TimelineEntry //accounts.lotura/people/p1 "
                           "source_display_name",
                           "communications.lotura/Activity activities/a1"));
}

TEST(SightTest, AnswersWithoutRecordsAreNotLookedAt) {
  EXPECT_TRUE(SightPlan(events::v1::ListEventTypesResponse::descriptor()).empty());
  EXPECT_FALSE(SightPlan(sales::v1::Pipeline::descriptor()).empty());
  EXPECT_FALSE(SightPlan(analytics::v1::QueryRevenueResponse::descriptor()).empty());
  EXPECT_THAT(SeenIn(sales::v1::ListPipelinesResponse()), IsEmpty());
}

}  // namespace
}  // namespace lotura::audit
