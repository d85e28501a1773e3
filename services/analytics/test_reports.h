// A migrated database with projected events, for tests of reports.
#pragma once

#include <gmock/gmock.h>

#include "libs/base/calendar.h"
#include "libs/resource/memory_store.h"
#include "libs/testing/service_bench.h"
#include "libs/testing/status_matchers.h"
#include "libs/testing/tenant.h"
#include "libs/testing/test_events.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "services/analytics/app.h"
#include "services/analytics/projection.h"
#include "services/analytics/query_funnel.h"
#include "services/analytics/query_revenue.h"

namespace lotura::analytics {

using testing::TenantOf;

inline google::type::Money Dollars(std::int64_t units) {
  google::type::Money money;
  money.set_currency_code("USD");
  money.set_units(units);
  return money;
}

// An open opportunity of the pipeline "p", since then in its stage.
inline sales::v1::Opportunity OpportunityIn(const char* stage, const char* id, std::int64_t amount,
                                            Instant since) {
  sales::v1::Opportunity deal;
  deal.set_name(std::string("opportunities/") + id);
  deal.set_pipeline("pipelines/p");
  deal.set_stage(std::string("pipelines/p/stages/") + stage);
  deal.set_state(sales::v1::Opportunity::STATE_OPEN);
  *deal.mutable_amount() = Dollars(amount);
  *deal.mutable_open_time() = ToTimestamp(since);
  *deal.mutable_stage_enter_time() = ToTimestamp(since);
  return deal;
}

class ReportTest : public ::testing::Test {
 protected:
  static constexpr char kPipeline[] = "//sales.lotura/pipelines/p";

  static Deadline Soon() { return Deadline::After(std::chrono::seconds(60)); }

  static Call CallOf(const TenantId& tenant) {
    return {.principal = {.tenant = tenant,
                          .name = "users/anna",
                          .permissions = {"*"},
                          .grounds = Grounds::kToken},
            .deadline = Soon()};
  }

  // In batches, each in a transaction of its own, as the consumer does.
  void ProjectAll(std::span<const events::Event> events, std::size_t batch_size = 200) {
    for (std::size_t first = 0; first < events.size(); first += batch_size) {
      const auto batch = events.subspan(first, std::min(batch_size, events.size() - first));
      ASSERT_THAT(database_.Write(Soon(), [&](pg::Tx& tx) { return Project(tx, batch); }),
                  testing::IsOk());
    }
  }

  v1::QueryFunnelResponse Funnel(v1::QueryFunnelRequest request = {}, std::uint8_t tenant = 1) {
    if (request.pipeline().empty()) request.set_pipeline(kPipeline);
    auto response = QueryFunnel(CallOf(TenantOf(tenant)), request, context_);
    EXPECT_THAT(response, testing::IsOk());
    return response.value_or(v1::QueryFunnelResponse());
  }

  v1::QueryRevenueResponse Revenue(const v1::QueryRevenueRequest& request = {},
                                   std::uint8_t tenant = 1) {
    auto response = QueryRevenue(CallOf(TenantOf(tenant)), request, context_);
    EXPECT_THAT(response, testing::IsOk());
    return response.value_or(v1::QueryRevenueResponse());
  }

  const std::string conninfo_ = testing::NewServiceDatabase(Spec());
  pg::Database database_{pg::Options{.conninfo = conninfo_, .schema = "analytics", .pool_size = 2}};
  const resource::PageTokens page_tokens_ = *resource::PageTokens::Create({{.id = "k1"}});
  const resource::Catalog catalog_;
  resource::MemoryStore store_;
  host::QueryContext context_{database_, page_tokens_, catalog_, store_};
};

}  // namespace lotura::analytics
