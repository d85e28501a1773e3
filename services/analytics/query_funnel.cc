#include "services/analytics/query_funnel.h"

#include "services/analytics/queries.sql.h"
#include "services/analytics/report_query.h"
#include "services/analytics/report_sight.h"

namespace lotura::analytics {
namespace {

sales::v1::Stage::Kind KindOf(std::string_view text) {
  if (text == "OPEN") return sales::v1::Stage::KIND_OPEN;
  if (text == "WON") return sales::v1::Stage::KIND_WON;
  return text == "LOST" ? sales::v1::Stage::KIND_LOST : sales::v1::Stage::KIND_UNSPECIFIED;
}

const ReportKind& Kind() {
  static const ReportKind kind = {
      sql::kFunnelCandidates,
      {"pipeline", "stage", "stage_enter_time", "state", "open_time", "amount", "close_amount"},
      {"display_name", "position", "kind"}};
  return kind;
}

google::protobuf::Duration DurationOf(std::int64_t microseconds) {
  google::protobuf::Duration duration;
  duration.set_seconds(microseconds / 1'000'000);
  duration.set_nanos(static_cast<std::int32_t>(microseconds % 1'000'000 * 1000));
  return duration;
}

// Columns as the statement lists them, after the groups.
absl::Status ReadRow(const pg::Rows& rows, std::size_t i, v1::FunnelRow& row) {
  row.set_stage(rows.String(i, 1));
  row.set_stage_display_name(rows.String(i, 2));
  row.set_position(static_cast<std::int32_t>(rows.Int(i, 3)));
  row.set_stage_kind(KindOf(rows.Text(i, 4)));
  row.set_entered_count(rows.Int(i, 5));
  row.set_left_count(rows.Int(i, 6));
  row.set_current_count(rows.Int(i, 7));
  row.set_won_count(rows.Int(i, 8));
  row.set_lost_count(rows.Int(i, 9));
  if (!rows.IsNull(i, 10)) *row.mutable_median_duration() = DurationOf(rows.Int(i, 10));
  const std::vector<std::string> currencies = rows.Texts(i, 11);
  const std::vector<std::string> totals = rows.Texts(i, 12);
  for (std::size_t k = 0; k < currencies.size(); ++k) {
    if (currencies[k].empty()) continue;
    LOTURA_ASSIGN_OR_RETURN(*row.add_values(), MoneyOf(currencies[k], totals[k]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::QueryFunnelResponse> QueryFunnel(const Call& call,
                                                    const v1::QueryFunnelRequest& request,
                                                    host::QueryContext& context) {
  LOTURA_ASSIGN_OR_RETURN(const ReportQuery query,
                          ReportQuery::Read(request, PipelineIs::kRequired));
  return context.database.ReadSnapshot(
      call.deadline, [&](pg::Tx& tx) -> absl::StatusOr<v1::QueryFunnelResponse> {
        LOTURA_ASSIGN_OR_RETURN(const Counted counted, CountedFor(call, query, Kind(), tx));
        const pg::Rows rows =
            tx.Run(sql::kQueryFunnel, query.ParamsFor(call.principal.tenant, counted));
        LOTURA_RETURN_IF_ERROR(ReportQuery::CheckSize(rows));
        v1::QueryFunnelResponse response;
        Groups groups(query);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          v1::FunnelRow& row = *response.add_rows();
          groups.Add(rows.Texts(i, 0), *row.mutable_groups());
          LOTURA_RETURN_IF_ERROR(ReadRow(rows, i, row));
        }
        groups.SetDisplayNames(tx, call.principal.tenant);
        return response;
      });
}

}  // namespace lotura::analytics
