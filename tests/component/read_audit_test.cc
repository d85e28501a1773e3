// That whoever is shown a record is found in the log of its service, by whichever call.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <set>

#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/person.pb.h"
#include "lotura/audit/v1/audit_service.pb.h"
#include "lotura/communications/v1/timeline.pb.h"
#include "tests/component/platform.h"

namespace lotura::component {
namespace {

using audit::v1::SearchReadsRequest;
using audit::v1::SearchReadsResponse;
using testing::Eventually;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

constexpr std::chrono::seconds kArrival{60};
const Caller kReader{.tenant = 1, .user = "users/reader"};
const Caller kWriter{.tenant = 1, .user = "users/writer"};

class ReadAuditTest : public ::testing::Test {
 protected:
  template <typename Response>
  absl::StatusOr<Response> Do(const std::string& method, const google::protobuf::Message& request,
                              const Caller& caller) {
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName("lotura." + method);
    LOTURA_ASSIGN_OR_RETURN(const auto answer, platform_.Call(*descriptor, request, caller));
    return static_cast<const Response&>(*answer);
  }

  void CreatePerson() {
    accounts::v1::CreatePersonRequest request;
    request.set_person_id("ada");
    request.mutable_person()->set_display_name("Ada");
    ASSERT_THAT(
        Do<accounts::v1::Person>("accounts.v1.PersonService.CreatePerson", request, kWriter),
        IsOk());
  }

  // "GetPerson people/ada display_name", of what this caller was shown of the record.
  std::set<std::string> Shown(const std::string& service, const Caller& caller,
                              const std::string& record) {
    SearchReadsRequest request;
    request.set_service(service);
    request.set_caller(caller.user);
    request.set_record(record);
    const Caller auditor{.tenant = caller.tenant, .user = "users/auditor"};
    const auto found =
        Do<SearchReadsResponse>("audit.v1.AuditService.SearchReads", request, auditor);
    EXPECT_THAT(found, IsOk());
    std::set<std::string> shown;
    if (!found.ok()) return shown;
    for (const audit::v1::ReadEntry& entry : found->entries()) {
      std::string line = entry.method().substr(entry.method().find('/') + 1);
      for (const std::string& name : entry.names()) line += " " + name;
      for (const std::string& field : entry.personal_fields()) line += " " + field;
      shown.insert(line);
    }
    return shown;
  }

  Platform platform_;
};

TEST_F(ReadAuditTest, EveryCallThatShowsAPersonIsNotedBeforeItIsAnswered) {
  CreatePerson();
  accounts::v1::GetPersonRequest get;
  get.set_name("people/ada");
  accounts::v1::BatchGetPeopleRequest batch;
  batch.add_names("people/ada");
  accounts::v1::UpdatePersonRequest update;
  update.mutable_person()->set_name("people/ada");
  update.mutable_person()->set_display_name("Ada L.");

  EXPECT_THAT(Do<accounts::v1::Person>("accounts.v1.PersonService.GetPerson", get, kReader),
              IsOk());
  EXPECT_THAT(Do<accounts::v1::BatchGetPeopleResponse>("accounts.v1.PersonService.BatchGetPeople",
                                                       batch, kReader),
              IsOk());
  EXPECT_THAT(Do<accounts::v1::ListPeopleResponse>("accounts.v1.PersonService.ListPeople",
                                                   accounts::v1::ListPeopleRequest(), kReader),
              IsOk());
  EXPECT_THAT(Do<accounts::v1::Person>("accounts.v1.PersonService.UpdatePerson", update, kReader),
              IsOk());

  EXPECT_THAT(Shown("accounts", kReader, "people/ada"),
              UnorderedElementsAre(
                  "GetPerson people/ada display_name", "BatchGetPeople people/ada display_name",
                  "ListPeople people/ada display_name", "UpdatePerson people/ada display_name"));
  EXPECT_THAT(Shown("accounts", kWriter, "people/ada"),
              UnorderedElementsAre("CreatePerson people/ada display_name"));
  EXPECT_THAT(Shown("accounts", {.tenant = 2, .user = kReader.user}, "people/ada"), IsEmpty());
  EXPECT_THAT(Shown("sales", kReader, "people/ada"), IsEmpty());
}

TEST_F(ReadAuditTest, ATimelineThatNamesAPersonIsNotedWhereItIsKept) {
  CreatePerson();
  const std::string record = "//accounts.lotura/people/ada";
  communications::v1::ListTimelineRequest request;
  request.set_record(record);
  const auto has_entries = [&] {
    const auto timeline = Do<communications::v1::ListTimelineResponse>(
        "communications.v1.TimelineService.ListTimeline", request, kReader);
    return timeline.ok() && !timeline->entries().empty();
  };
  ASSERT_TRUE(Eventually(has_entries, kArrival));

  EXPECT_THAT(Shown("communications", kReader, record),
              UnorderedElementsAre("ListTimeline " + record + " source_display_name"));
}

TEST_F(ReadAuditTest, WhoIsRefusedWasShownNothing) {
  CreatePerson();
  accounts::v1::GetPersonRequest get;
  get.set_name("people/ada");
  const Caller stranger{.tenant = 2, .user = "users/stranger"};

  EXPECT_THAT(Do<accounts::v1::Person>("accounts.v1.PersonService.GetPerson", get, stranger),
              StatusIs(absl::StatusCode::kNotFound, "NOT_FOUND"));

  EXPECT_THAT(Shown("accounts", stranger, "people/ada"), IsEmpty());
}

}  // namespace
}  // namespace lotura::component
