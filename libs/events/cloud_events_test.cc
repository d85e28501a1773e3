#include "libs/events/cloud_events.h"

#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::events {
namespace {

using ::google::rpc::ErrorInfo;
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

// google.rpc.ErrorInfo stands in for a record: "reason" as its plain part, "domain" as its personal
// one.
JournalEntry Entry() {
  ErrorInfo plain;
  plain.set_reason("after");
  ErrorInfo personal;
  personal.set_domain("anna@example.com");
  ErrorInfo before;
  before.set_reason("before");
  google::protobuf::Any detail;
  detail.PackFrom(google::protobuf::StringValue());

  JournalEntry entry;
  entry.position = {.epoch = 2, .xid = 700, .seq = 9};
  entry.create_time = Instant(std::chrono::sys_days{std::chrono::year{2026} / 1 / 15}) +
                      std::chrono::microseconds(1'250'000);
  entry.tenant = {*Uuid::Parse("0195f3c2-7c9e-7d51-8f2e-0123456789ab")};
  entry.event_id = *Uuid::Parse("0195f3c2-7c9e-7d51-8f2e-000000000001");
  entry.name = "opportunities/o1";
  entry.type = "lotura.sales.opportunity.moved.v1";
  entry.resource_type = "google.rpc.ErrorInfo";
  entry.version = 3;
  entry.kind = v1::KIND_UPDATED;
  entry.changed_fields = "stage,amount";
  entry.before_plain = before.SerializeAsString();
  entry.after_plain = plain.SerializeAsString();
  entry.after_personal = personal.SerializeAsString();
  entry.detail = detail.SerializeAsString();
  entry.actor = "users/anna";
  entry.method = "lotura.sales.v1.OpportunityService/MoveOpportunity";
  entry.request_id = "0195f3c2-7c9e-7d51-8f2e-000000000002";
  entry.cause = "0195f3c2-7c9e-7d51-8f2e-000000000003";
  entry.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return entry;
}

BusRecord Encoded() { return ToBusRecord(Entry(), "sales").value(); }

std::string HeaderOf(const BusRecord& record, std::string_view name) {
  const auto header = std::ranges::find(record.headers, name, &Header::name);
  return header == record.headers.end() ? "absent" : header->value;
}

void SetHeader(BusRecord& record, std::string_view name, std::string value) {
  std::ranges::find(record.headers, name, &Header::name)->value = std::move(value);
}

TEST(CloudEventsTest, RecordFollowsTheKafkaBinding) {
  const BusRecord record = Encoded();

  EXPECT_EQ(record.topic, "lotura.sales.v1");
  EXPECT_EQ(record.key, "0195f3c2-7c9e-7d51-8f2e-0123456789ab/opportunities/o1");
  EXPECT_EQ(HeaderOf(record, "ce_specversion"), "1.0");
  EXPECT_EQ(HeaderOf(record, "ce_id"), "0195f3c2-7c9e-7d51-8f2e-000000000001");
  EXPECT_EQ(HeaderOf(record, "ce_source"), "//sales.lotura");
  EXPECT_EQ(HeaderOf(record, "ce_type"), "lotura.sales.opportunity.moved.v1");
  EXPECT_EQ(HeaderOf(record, "ce_subject"), "opportunities/o1");
  EXPECT_EQ(HeaderOf(record, "ce_time"), "2026-01-15T00:00:01.25Z");
  EXPECT_EQ(HeaderOf(record, "ce_tenant"), "0195f3c2-7c9e-7d51-8f2e-0123456789ab");
  EXPECT_EQ(HeaderOf(record, "ce_dataschema"), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(HeaderOf(record, "content-type"), "application/protobuf");
}

TEST(CloudEventsTest, AttributeNamesAreLowerCaseLettersAndDigitsAndAtMostTwentyLong) {
  for (const Header& header : Encoded().headers) {
    if (!header.name.starts_with("ce_")) continue;
    EXPECT_LE(header.name.size(), 23U) << header.name;
    EXPECT_EQ(header.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", 3),
              std::string::npos)
        << header.name;
  }
}

TEST(CloudEventsTest, NoHeaderHoldsPersonalData) {
  for (const Header& header : Encoded().headers) {
    EXPECT_EQ(header.value.find("anna@example.com"), std::string::npos) << header.name;
  }
}

TEST(CloudEventsTest, EventIsWhatTheJournalHeld) {
  ASSERT_OK_AND_ASSIGN(const Event event, FromBusRecord(Encoded()));

  const JournalEntry entry = Entry();
  EXPECT_EQ(event.id, entry.event_id);
  EXPECT_EQ(event.source, "//sales.lotura");
  EXPECT_EQ(event.type, entry.type);
  EXPECT_EQ(event.subject, entry.name);
  EXPECT_EQ(event.time, entry.create_time);
  EXPECT_EQ(event.tenant, entry.tenant);
  EXPECT_EQ(event.actor, entry.actor);
  EXPECT_EQ(event.cause, entry.cause);
  EXPECT_EQ(event.correlation, entry.request_id);
  EXPECT_EQ(event.trace.ToTraceparent(), entry.traceparent);
  EXPECT_EQ(event.version(), 3);
  EXPECT_EQ(event.change.kind(), v1::KIND_UPDATED);
  EXPECT_EQ(event.change.changed_fields().paths_size(), 2);
  EXPECT_TRUE(event.change.detail().Is<google::protobuf::StringValue>());
  EXPECT_EQ(event.change.epoch(), 2);
}

TEST(CloudEventsTest, StateIsBothPartsTogether) {
  ASSERT_OK_AND_ASSIGN(const Event event, FromBusRecord(Encoded()));

  EXPECT_TRUE(event.IsAbout<ErrorInfo>());
  EXPECT_FALSE(event.IsAbout<google::protobuf::Timestamp>());
  ASSERT_OK_AND_ASSIGN(const ErrorInfo after, event.After<ErrorInfo>());
  EXPECT_EQ(after.reason(), "after");
  EXPECT_EQ(after.domain(), "anna@example.com");
  ASSERT_OK_AND_ASSIGN(const std::optional<ErrorInfo> before, event.Before<ErrorInfo>());
  EXPECT_EQ(before.value().reason(), "before");
}

TEST(CloudEventsTest, CreationHasNothingBefore) {
  JournalEntry entry = Entry();
  entry.before_plain.clear();
  ASSERT_OK_AND_ASSIGN(const Event event, FromBusRecord(ToBusRecord(entry, "sales").value()));

  EXPECT_EQ(event.Before<ErrorInfo>().value(), std::nullopt);
}

TEST(CloudEventsTest, OptionalAttributesThatAreNotSetAreLeftOut) {
  JournalEntry entry = Entry();
  entry.cause.clear();
  entry.request_id.clear();
  entry.traceparent.clear();
  const BusRecord record = ToBusRecord(entry, "sales").value();

  for (const char* name : {"ce_causationid", "ce_correlationid", "traceparent"}) {
    EXPECT_EQ(HeaderOf(record, name), "absent");
  }
  EXPECT_THAT(FromBusRecord(record), IsOk());
}

TEST(CloudEventsTest, EachRequiredAttributeIsMissedByName) {
  for (const char* name : {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject",
                           "ce_time", "ce_tenant", "content-type"}) {
    BusRecord record = Encoded();
    std::erase_if(record.headers, [&](const Header& header) { return header.name == name; });

    const auto event = FromBusRecord(record);

    EXPECT_THAT(event, StatusIs(absl::StatusCode::kInvalidArgument, "EVENT_HEADER_MISSING"))
        << name;
    EXPECT_EQ(InfoOf(event.status()).metadata.at("header"), name);
  }
}

TEST(CloudEventsTest, AttributeThatCannotBeReadIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"ce_specversion", "0.3"},          {"ce_id", "17"},
      {"ce_time", "yesterday"},           {"ce_tenant", "acme"},
      {"ce_subject", "\xff\xfe"},         {"content-type", "application/cloudevents+json"},
      {"ce_subject", "opportunities/o2"},
  };
  for (const auto& [name, value] : cases) {
    BusRecord record = Encoded();
    SetHeader(record, name, value);

    const auto event = FromBusRecord(record);

    EXPECT_THAT(event, StatusIs(absl::StatusCode::kInvalidArgument, "EVENT_HEADER_INVALID"))
        << name;
    EXPECT_EQ(InfoOf(event.status()).metadata.at("header"), name);
  }
}

TEST(CloudEventsTest, ValueThatIsNoChangeIsRefused) {
  BusRecord record = Encoded();
  record.value = "\xff\xff\xff";

  EXPECT_THAT(FromBusRecord(record),
              StatusIs(absl::StatusCode::kInvalidArgument, "EVENT_VALUE_INVALID"));
}

TEST(EventTest, StateOfAnotherShapeIsUnreadable) {
  ASSERT_OK_AND_ASSIGN(Event event, FromBusRecord(Encoded()));
  event.change.mutable_after()->set_plain("\xff");

  EXPECT_THAT(event.After<ErrorInfo>(),
              StatusIs(absl::StatusCode::kInvalidArgument, "STATE_UNREADABLE"));
}

// What events are about that were told nothing else.
constexpr char kUntyped[] = "";

TEST(EventTest, NewestOfEachKeepsOneEventOfARecord) {
  std::vector<Event> events(5);
  const auto set = [&](std::size_t i, const char* subject, std::int64_t version) {
    events[i].subject = subject;
    events[i].change.set_version(version);
  };
  set(0, "a", 1);
  set(1, "b", 1);
  set(2, "a", 3);
  set(3, "a", 2);
  set(4, "b", 1);
  events[4].tenant.value.bytes[0] = 1;

  EXPECT_EQ(NewestOfEach(events, kUntyped),
            (std::vector<const Event*>{&events[1], &events[2], &events[4]}));
}

TEST(EventTest, NewestOfEachTakesTheHigherEpochBeforeTheHigherVersion) {
  std::vector<Event> events(3);
  events[0].change.set_epoch(1);
  events[0].change.set_version(7);
  events[1].change.set_epoch(2);
  events[1].change.set_version(6);
  events[2].change.set_epoch(1);
  events[2].change.set_version(8);

  EXPECT_EQ(NewestOfEach(events, kUntyped), (std::vector<const Event*>{&events[1]}));
  EXPECT_EQ(events[1].epoch(), 2);
}

TEST(EventTest, NewestOfEachKeepsRecordsOfTheSameNameInTwoServicesApart) {
  std::vector<Event> events(2);
  events[0].source = "//sales.lotura";
  events[1].source = "//accounts.lotura";

  EXPECT_EQ(NewestOfEach(events, kUntyped).size(), 2);
}

TEST(EventTest, NewestOfLooksAtRecordsOfOneTypeAlone) {
  std::vector<Event> events(3);
  events[0].change.set_resource_type(v1::Change::descriptor()->full_name());
  events[1].change.set_resource_type("lotura.sales.v1.Opportunity");
  events[1].change.set_version(2);
  events[2].change.set_resource_type("lotura.sales.v1.Stage");
  events[2].subject = "stages/s";

  EXPECT_EQ(NewestOf<v1::Change>(events), (std::vector<const Event*>{&events[0]}));
}

}  // namespace
}  // namespace lotura::events
