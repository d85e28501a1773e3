#include "tools/lotura/report_verbs.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "lotura/analytics/v1/report.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"
#include "tools/lotura/exit_code.h"
#include "tools/lotura/terminal/table.h"

namespace lotura::cli {
namespace {

using analytics::v1::DimensionFilter;
using analytics::v1::FunnelRow;
using analytics::v1::QueryFunnelRequest;
using analytics::v1::QueryFunnelResponse;
using analytics::v1::QueryRevenueRequest;
using analytics::v1::QueryRevenueResponse;
using analytics::v1::RevenueRow;
using terminal::Align;

constexpr char kService[] = "lotura.analytics.v1.ReportService";
constexpr std::size_t kBarColumns = 24;

// Where the records of a dimension are; nothing for one whose groups are not records.
struct Place {
  const char* host;
  const char* collection;
};
constexpr Place kPipelines{"//sales.lotura/", "pipelines/"};

std::optional<Place> PlaceOf(analytics::v1::Dimension dimension) {
  if (dimension == analytics::v1::DIMENSION_OWNER) return Place{"//directory.lotura/", "users/"};
  if (dimension == analytics::v1::DIMENSION_TEAM) return Place{"//directory.lotura/", "teams/"};
  if (dimension == analytics::v1::DIMENSION_PRODUCT) return Place{"//sales.lotura/", "products/"};
  return std::nullopt;
}

// "//sales.lotura/pipelines/b2b" of "b2b", "pipelines/b2b" or itself.
std::string FullName(const Place& place, const std::string& name) {
  if (name.empty() || name.starts_with("//")) return name;
  return place.host + (name.find('/') == std::string::npos ? place.collection + name : name);
}

absl::StatusOr<std::string> OnlyPipeline(const Session& session) {
  sales::v1::ListPipelinesRequest request;
  request.set_page_size(10);
  LOTURA_ASSIGN_OR_RETURN(const auto answer,
                          session.Call<sales::v1::ListPipelinesResponse>(
                              "lotura.sales.v1.PipelineService", "ListPipelines", request));
  if (answer.pipelines_size() == 1) return answer.pipelines(0).name();
  if (answer.pipelines_size() == 0) return UsageError("there is no pipeline yet");
  std::string names;
  for (const auto& pipeline : answer.pipelines())
    names += (names.empty() ? "" : ", ") + pipeline.name();
  return UsageError(fmt::format("there are several pipelines, give one by --pipeline: {}", names));
}

// What both requests have in common.
template <typename Request>
absl::Status FillRequest(const ReportFlags& flags, Request& request) {
  for (const std::string& dimension : flags.group_by) {
    LOTURA_RETURN_IF_ERROR(
        api::AssignText(request, *Request::descriptor()->FindFieldByName("group_by"), dimension));
  }
  for (const std::string& text : flags.where) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return UsageError(fmt::format("'{}' is not dimension=values", text));
    DimensionFilter& filter = *request.add_filters();
    LOTURA_RETURN_IF_ERROR(api::SetPath(filter, "dimension", text.substr(0, equals)));
    const std::optional<Place> place = PlaceOf(filter.dimension());
    for (const std::string_view part : Split(std::string_view(text).substr(equals + 1), ',')) {
      const std::string value(Trim(part));
      filter.add_values(place.has_value() ? FullName(*place, value) : value);
    }
  }
  if (!flags.start_date.empty())
    LOTURA_RETURN_IF_ERROR(api::SetPath(request, "start_date", flags.start_date));
  if (!flags.end_date.empty())
    LOTURA_RETURN_IF_ERROR(api::SetPath(request, "end_date", flags.end_date));
  return absl::OkStatus();
}

template <typename Row>
std::vector<std::string> GroupCells(const Row& row) {
  std::vector<std::string> cells;
  for (const auto& group : row.groups()) {
    const std::string& text = group.display_name().empty() ? group.value() : group.display_name();
    cells.push_back(text.empty() ? "(none)" : text);
  }
  return cells;
}

std::string MoneyTexts(const pbuf::RepeatedPtrField<google::type::Money>& amounts) {
  std::string text;
  for (const google::type::Money& money : amounts) {
    text += (text.empty() ? "" : ", ") +
            api::MoneyText(money.units(), money.nanos(), money.currency_code());
  }
  return text;
}

double Fraction(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void PrintFunnel(const ReportFlags& flags, const QueryFunnelResponse& funnel,
                 const Output& output) {
  std::int64_t largest = 0;
  for (const FunnelRow& row : funnel.rows()) largest = std::max(largest, row.entered_count());
  terminal::Table table;
  for (const std::string& dimension : flags.group_by) table.AddColumn(dimension);
  table.AddColumn("stage");
  table.AddColumn("");
  for (const char* title : {"entered", "left", "now", "won", "lost", "median time", "value now"})
    table.AddColumn(title, Align::kRight);
  for (const FunnelRow& row : funnel.rows()) {
    std::vector<std::string> cells = GroupCells(row);
    cells.push_back(row.stage_display_name().empty() ? row.stage() : row.stage_display_name());
    cells.push_back(output.style.Bar(Fraction(row.entered_count(), largest), kBarColumns));
    for (const std::int64_t count : {row.entered_count(), row.left_count(), row.current_count(),
                                     row.won_count(), row.lost_count()}) {
      cells.push_back(api::GroupedText(count));
    }
    cells.push_back(row.has_median_duration() ? api::DurationText(row.median_duration().seconds())
                                              : "");
    cells.push_back(MoneyTexts(row.values()));
    table.AddRow(std::move(cells));
  }
  output.out << table.Render(output.style) << std::flush;
}

// Bars compare amounts of one currency; with several there are none.
std::int64_t LargestRevenue(const QueryRevenueResponse& revenue) {
  std::int64_t largest = 0;
  std::string currency;
  for (const RevenueRow& row : revenue.rows()) {
    if (row.revenue_size() > 1) return 0;
    if (row.revenue_size() == 0) continue;
    if (!currency.empty() && currency != row.revenue(0).currency_code()) return 0;
    currency = row.revenue(0).currency_code();
    largest = std::max(largest, row.revenue(0).units());
  }
  return largest;
}

void PrintRevenue(const ReportFlags& flags, const QueryRevenueResponse& revenue,
                  const Output& output) {
  const std::int64_t largest = LargestRevenue(revenue);
  terminal::Table table;
  for (const std::string& dimension : flags.group_by) table.AddColumn(dimension);
  table.AddColumn("won", Align::kRight);
  table.AddColumn("revenue", Align::kRight);
  table.AddColumn("");
  for (const RevenueRow& row : revenue.rows()) {
    std::vector<std::string> cells = GroupCells(row);
    cells.push_back(api::GroupedText(row.won_count()));
    cells.push_back(MoneyTexts(row.revenue()));
    const std::int64_t units = row.revenue_size() == 1 ? row.revenue(0).units() : 0;
    cells.push_back(output.style.Bar(Fraction(units, largest), kBarColumns));
    table.AddRow(std::move(cells));
  }
  output.out << table.Render(output.style) << std::flush;
}

}  // namespace

absl::Status Funnel(const Session& session, const ReportFlags& flags) {
  QueryFunnelRequest request;
  LOTURA_RETURN_IF_ERROR(FillRequest(flags, request));
  std::string pipeline = flags.pipeline;
  if (pipeline.empty()) {
    LOTURA_ASSIGN_OR_RETURN(pipeline, OnlyPipeline(session));
  }
  request.set_pipeline(FullName(kPipelines, pipeline));
  LOTURA_ASSIGN_OR_RETURN(const auto funnel,
                          session.Call<QueryFunnelResponse>(kService, "QueryFunnel", request));
  if (session.output.format == Format::kJson) {
    session.output.out << api::ToJson(funnel, api::JsonStyle::kIndented) << "\n";
  } else {
    PrintFunnel(flags, funnel, session.output);
  }
  return absl::OkStatus();
}

absl::Status Revenue(const Session& session, const ReportFlags& flags) {
  QueryRevenueRequest request;
  LOTURA_RETURN_IF_ERROR(FillRequest(flags, request));
  if (!flags.pipeline.empty()) request.set_pipeline(FullName(kPipelines, flags.pipeline));
  LOTURA_ASSIGN_OR_RETURN(const auto revenue,
                          session.Call<QueryRevenueResponse>(kService, "QueryRevenue", request));
  if (session.output.format == Format::kJson) {
    session.output.out << api::ToJson(revenue, api::JsonStyle::kIndented) << "\n";
  } else {
    PrintRevenue(flags, revenue, session.output);
  }
  return absl::OkStatus();
}

}  // namespace lotura::cli
