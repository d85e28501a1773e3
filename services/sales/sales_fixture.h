// Sales with a pipeline of four stages, for tests of its rules, verbs and lists.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "libs/testing/select.h"
#include "libs/testing/service_bench.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "lotura/sales/v1/stage_change.pb.h"
#include "services/sales/app.h"
#include "services/sales/move_opportunity.h"

namespace lotura::sales {

inline google::type::Money Dollars(std::int64_t units, const char* currency = "USD") {
  google::type::Money money;
  money.set_currency_code(currency);
  money.set_units(units);
  return money;
}

inline std::string StageName(const std::string& id) { return "pipelines/p/stages/" + id; }

class SalesTest : public ::testing::Test {
 protected:
  SalesTest() {
    v1::Pipeline pipeline;
    pipeline.set_display_name("Standard");
    EXPECT_THAT(bench_.Create(pipeline, "", "p"), testing::IsOk());
    int position = 0;
    for (const auto& [id, kind] :
         std::vector<std::pair<const char*, v1::Stage::Kind>>{{"lead", v1::Stage::KIND_OPEN},
                                                              {"offer", v1::Stage::KIND_OPEN},
                                                              {"won", v1::Stage::KIND_WON},
                                                              {"lost", v1::Stage::KIND_LOST}}) {
      v1::Stage stage;
      stage.set_display_name(id);
      stage.set_position(++position);
      stage.set_kind(kind);
      stage.set_win_probability(30);
      EXPECT_THAT(bench_.Create(stage, "pipelines/p", id), testing::IsOk());
    }
  }

  static v1::Opportunity NewDeal(std::int64_t amount = 100) {
    v1::Opportunity deal;
    deal.set_display_name("Acme: computers");
    deal.set_stage(StageName("lead"));
    *deal.mutable_amount() = Dollars(amount);
    return deal;
  }

  v1::Opportunity Opened() { return *bench_.Create(NewDeal(), "", "o1"); }

  absl::StatusOr<v1::Opportunity> Move(const v1::MoveOpportunityRequest& request,
                                       std::vector<std::string> permissions = {"*"}) {
    return bench_.Do(MoveOpportunity, bench_.CallAs(std::move(permissions)), request);
  }

  static v1::MoveOpportunityRequest To(const char* stage) {
    v1::MoveOpportunityRequest request;
    request.set_name("opportunities/o1");
    request.set_stage(StageName(stage));
    return request;
  }

  std::vector<v1::StageChange> History() {
    return bench_.List<v1::StageChange>({.parent = "opportunities/o1"})
        .value_or(std::vector<v1::StageChange>());
  }

  // Type and version of each journal entry of the opportunity.
  std::vector<std::string> Announced() {
    std::vector<std::string> found;
    EXPECT_THAT(bench_.writes().Write(Deadline::After(std::chrono::seconds(10)),
                                      [&](pg::Tx& tx) {
                                        const pg::Rows rows = testing::Select(
                                            tx,
                                            "SELECT type || ' ' || version FROM journal WHERE name "
                                            "= 'opportunities/o1' ORDER BY version");
                                        for (std::size_t i = 0; i < rows.size(); ++i)
                                          found.push_back(rows.String(i, 0));
                                        return absl::OkStatus();
                                      }),
                testing::IsOk());
    return found;
  }

  testing::ServiceBench bench_{Spec()};
};

}  // namespace lotura::sales
