#include "services/analytics/query_revenue.h"

#include "services/analytics/queries.sql.h"
#include "services/analytics/report_query.h"
#include "services/analytics/report_sight.h"

namespace lotura::analytics {
namespace {

const ReportKind& Kind() {
  static const ReportKind kind = {
      sql::kRevenueCandidates, {"pipeline", "state", "close_date", "close_amount"}, {}};
  return kind;
}

}  // namespace

absl::StatusOr<v1::QueryRevenueResponse> QueryRevenue(const Call& call,
                                                      const v1::QueryRevenueRequest& request,
                                                      host::QueryContext& context) {
  LOTURA_ASSIGN_OR_RETURN(const ReportQuery query,
                          ReportQuery::Read(request, PipelineIs::kOptional));
  return context.database.ReadSnapshot(
      call.deadline, [&](pg::Tx& tx) -> absl::StatusOr<v1::QueryRevenueResponse> {
        LOTURA_ASSIGN_OR_RETURN(const Counted counted, CountedFor(call, query, Kind(), tx));
        const pg::Rows rows =
            tx.Run(sql::kQueryRevenue, query.ParamsFor(call.principal.tenant, counted));
        LOTURA_RETURN_IF_ERROR(ReportQuery::CheckSize(rows));
        v1::QueryRevenueResponse response;
        Groups groups(query);
        std::vector<std::string> previous;
        for (std::size_t i = 0; i < rows.size(); ++i) {
          // One row for each currency: those of one combination of values follow each other.
          const std::vector<std::string> values = rows.Texts(i, 0);
          if (i == 0 || values != previous)
            groups.Add(values, *response.add_rows()->mutable_groups());
          v1::RevenueRow& row = *response.mutable_rows()->rbegin();
          row.set_won_count(row.won_count() + rows.Int(i, 2));
          previous = values;
          if (rows.Text(i, 1).empty()) continue;
          LOTURA_ASSIGN_OR_RETURN(*row.add_revenue(), MoneyOf(rows.String(i, 1), rows.Text(i, 3)));
        }
        groups.SetDisplayNames(tx, call.principal.tenant);
        return response;
      });
}

}  // namespace lotura::analytics
