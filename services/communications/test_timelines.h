// Activities and events of other services on timelines, for tests.
#pragma once

#include <string>
#include <vector>

#include "libs/base/calendar.h"
#include "libs/testing/service_bench.h"
#include "libs/testing/test_events.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "services/communications/app.h"
#include "services/communications/list_timeline.h"
#include "services/communications/projection.h"

namespace lotura::communications {

using Entry = v1::TimelineEntry;

inline constexpr char kAcme[] = "//accounts.lotura/organizations/acme";
inline constexpr char kDeal[] = "//sales.lotura/opportunities/o1";

class TimelineTest : public ::testing::Test {
 protected:
  void ProjectAll(std::span<const events::Event> events) {
    ASSERT_THAT(bench_.writes().Write(Deadline::After(std::chrono::seconds(30)),
                                      [&](pg::Tx& tx) { return Project(tx, events); }),
                testing::IsOk());
  }

  // Writes the activity, and announces it to the projection as its event would.
  v1::Activity Put(const v1::Activity& activity, const std::string& id) {
    const auto stored =
        activity.name().empty() ? bench_.Create(activity, "", id) : bench_.Save(activity);
    EXPECT_THAT(stored, testing::IsOk());
    testing::TestEvents events(tenant());
    events.Put("communications", *stored);
    ProjectAll(events.all());
    return *stored;
  }

  v1::Activity Call(const std::string& id, std::initializer_list<const char*> regarding,
                    Instant start) {
    v1::Activity activity;
    activity.set_kind(v1::Activity::KIND_CALL);
    activity.set_subject("Talked");
    for (const char* record : regarding) activity.add_regarding(record);
    *activity.mutable_start_time() = ToTimestamp(start);
    return Put(activity, id);
  }

  absl::StatusOr<v1::ListTimelineResponse> List(const v1::ListTimelineRequest& request,
                                                std::uint8_t tenant = 1) {
    return ListTimeline(bench_.CallAs({"*"}, tenant), request, bench_.queries());
  }

  std::vector<Entry> TimelineOf(const char* record) {
    v1::ListTimelineRequest request;
    request.set_record(record);
    const auto page = List(request);
    EXPECT_THAT(page, testing::IsOk());
    return {page->entries().begin(), page->entries().end()};
  }

  [[nodiscard]] TenantId tenant() const { return bench_.CallAs().principal.tenant; }

  testing::ServiceBench bench_{Spec()};
  testing::TestEvents events_{tenant()};
  const Instant start_ = bench_.clock().Now();
};

inline sales::v1::Opportunity DealOf(const char* organization, Instant entered) {
  sales::v1::Opportunity deal;
  deal.set_name("opportunities/o1");
  deal.set_display_name("Computers");
  deal.set_organization(organization);
  deal.set_stage("pipelines/p/stages/lead");
  *deal.mutable_stage_enter_time() = ToTimestamp(entered);
  return deal;
}

}  // namespace lotura::communications
