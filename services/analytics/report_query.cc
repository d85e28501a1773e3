#include "services/analytics/report_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/calendar.h"
#include "libs/base/money.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "services/analytics/domain/reasons.h"
#include "services/analytics/queries.sql.h"

namespace lotura::analytics {
namespace {

constexpr std::size_t kRowsMax = 10'000;
constexpr std::size_t kGroupsMax = 3;
constexpr std::size_t kFilterValuesMax = 100;
// Where the records stand whose full names a field may hold.
constexpr std::string_view kPipelines = "//sales.lotura/pipelines/";
constexpr std::string_view kUsers = "//directory.lotura/users/";
constexpr std::string_view kTeams = "//directory.lotura/teams/";
constexpr std::string_view kProducts = "//sales.lotura/products/";
constexpr Day kFirstDay = Day(std::chrono::year(1) / 1 / 1);
constexpr Day kEndOfDays = Day(std::chrono::year(10'000) / 1 / 1);

bool IsDimension(int number) {
  return number >= v1::DIMENSION_MONTH && number <= v1::DIMENSION_COUNTRY;
}

// Empty for a dimension whose values are no names of records.
std::string_view CollectionOf(v1::Dimension dimension) {
  if (dimension == v1::DIMENSION_OWNER) return kUsers;
  if (dimension == v1::DIMENSION_TEAM) return kTeams;
  return dimension == v1::DIMENSION_PRODUCT ? kProducts : std::string_view();
}

void AddTooMany(const std::string& path, int size, std::size_t size_max, Violations& violations) {
  violations.Add(path, reasons::kTooMany,
                 fmt::format("has {} items, at most {} are allowed", size, size_max));
}

// A name that none of the records can have would make an empty report.
void CheckName(const std::string& name, std::string_view collection, const std::string& path,
               Violations& violations) {
  if (HasNul(name)) {
    violations.Add(path, reasons::kNulCharacter, "contains the character NUL");
  } else if (!name.starts_with(collection) ||
             !IsWellFormedId(std::string_view(name).substr(collection.size()))) {
    violations.Add(path, reasons::kRecordName,
                   fmt::format("is not a full name, \"{}{{id}}\"", collection));
  }
}

void CheckValue(const std::string& value, std::string_view collection, const std::string& path,
                Violations& violations) {
  if (!value.empty() && !collection.empty()) return CheckName(value, collection, path, violations);
  if (HasNul(value)) violations.Add(path, reasons::kNulCharacter, "contains the character NUL");
}

Day ReadDay(const google::type::Date* date, Day otherwise, const char* field,
            Violations& violations) {
  if (date == nullptr) return otherwise;
  const auto day = ToDay(*date);
  if (!day.has_value())
    violations.Add(field, reasons::kDateInvalid, "is not a day with year, month and day");
  return day.value_or(otherwise);
}

}  // namespace

void ReportQuery::ReadPipeline(const std::string& pipeline, PipelineIs pipeline_is,
                               Violations& violations) {
  if (!pipeline.empty()) {
    CheckName(pipeline, kPipelines, "pipeline", violations);
  } else if (pipeline_is == PipelineIs::kRequired) {
    violations.Add("pipeline", reasons::kRequired, "is missing");
  }
  pipeline_ = pipeline;
}

void ReportQuery::ReadPeriod(const google::type::Date* start, const google::type::Date* end,
                             Violations& violations) {
  start_ = ReadDay(start, kFirstDay, "start_date", violations);
  end_ = ReadDay(end, kEndOfDays, "end_date", violations);
  if (end_ < start_) violations.Add("end_date", reasons::kReportPeriod, "lies before start_date");
}

void ReportQuery::ReadGroups(const GroupBy& group_by, Violations& violations) {
  if (static_cast<std::size_t>(group_by.size()) > kGroupsMax) {
    return violations.Add("group_by", reasons::kReportDimensions,
                          fmt::format("has more than {} items", kGroupsMax));
  }
  for (int i = 0; i < group_by.size(); ++i) {
    const auto dimension = static_cast<v1::Dimension>(group_by[i]);
    const std::string path = fmt::format("group_by[{}]", i);
    if (!IsDimension(dimension))
      violations.Add(path, reasons::kReportDimensions, "is not a dimension");
    if (std::ranges::find(group_by_, dimension) != group_by_.end())
      violations.Add(path, reasons::kReportDimensions, "stands there twice");
    group_by_.push_back(dimension);
  }
}

void ReportQuery::ReadFilters(const Filters& filters, Violations& violations) {
  if (static_cast<std::size_t>(filters.size()) > kDimensions)
    return AddTooMany("filters", filters.size(), kDimensions, violations);
  for (int i = 0; i < filters.size(); ++i)
    ReadFilter(filters[i], fmt::format("filters[{}]", i), violations);
}

void ReportQuery::ReadFilter(const v1::DimensionFilter& filter, const std::string& path,
                             Violations& violations) {
  if (!IsDimension(filter.dimension()))
    return violations.Add(path + ".dimension", reasons::kReportDimensions, "is not a dimension");
  if (filter.values().empty()) violations.Add(path + ".values", reasons::kRequired, "is empty");
  if (static_cast<std::size_t>(filter.values_size()) > kFilterValuesMax)
    return AddTooMany(path + ".values", filter.values_size(), kFilterValuesMax, violations);
  for (int i = 0; i < filter.values_size(); ++i) {
    CheckValue(filter.values(i), CollectionOf(filter.dimension()),
               fmt::format("{}.values[{}]", path, i), violations);
  }
  auto& values = filters_[static_cast<std::size_t>(filter.dimension()) - 1];
  if (!values.empty())
    violations.Add(path + ".dimension", reasons::kReportDimensions, "stands there twice");
  values.assign(filter.values().begin(), filter.values().end());
}

std::set<v1::Dimension> ReportQuery::Dimensions() const {
  std::set<v1::Dimension> dimensions(group_by_.begin(), group_by_.end());
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (!filters_[i].empty()) dimensions.insert(static_cast<v1::Dimension>(i + 1));
  }
  return dimensions;
}

pg::Params ReportQuery::ParamsFor(const TenantId& tenant, const Counted& counted) const {
  pg::Params params;
  params.Tenant(tenant).Text(pipeline_).Raw(pg::binary::Date(start_)).Raw(pg::binary::Date(end_));
  for (std::size_t i = 0; i < kGroupsMax; ++i) params.Int(i < group_by_.size() ? group_by_[i] : 0);
  for (const auto& values : filters_) params.Texts(values);
  params.Raw(pg::binary::Bool(Dimensions().contains(v1::DIMENSION_PRODUCT)));
  // One more, to see whether there are too many.
  params.Int(kRowsMax + 1);
  params.Raw(pg::binary::Bool(counted.all)).Texts(counted.names);
  return params;
}

pg::Params ReportQuery::CandidateParamsFor(const TenantId& tenant) const {
  return pg::Params()
      .Tenant(tenant)
      .Text(pipeline_)
      .Raw(pg::binary::Date(start_))
      .Raw(pg::binary::Date(end_))
      .Texts(ValuesOf(v1::DIMENSION_OWNER));
}

absl::Status ReportQuery::CheckSize(const pg::Rows& rows) {
  if (rows.size() <= kRowsMax) return absl::OkStatus();
  return FailedPrecondition(
      reasons::kReportTooLarge,
      fmt::format("the report has more than {} rows; group by less or filter", kRowsMax));
}

void Groups::Add(const std::vector<std::string>& values,
                 google::protobuf::RepeatedPtrField<v1::Group>& groups) {
  for (std::size_t i = 0; i < query_.group_by().size(); ++i) {
    v1::Group* group = groups.Add();
    group->set_dimension(query_.group_by()[i]);
    group->set_value(values[i]);
    groups_.push_back(group);
  }
}

void Groups::SetDisplayNames(pg::Tx& tx, const TenantId& tenant) {
  std::set<std::string> names;
  for (const v1::Group* group : groups_) {
    if (group->value().starts_with("//")) names.insert(group->value());
  }
  if (names.empty()) return;
  const std::vector<std::string> list(names.begin(), names.end());
  const pg::Rows rows = tx.Run(sql::kDisplayNames, pg::Params().Tenant(tenant).Texts(list));
  std::map<std::string, std::string> display_names;
  for (std::size_t i = 0; i < rows.size(); ++i)
    display_names.emplace(rows.String(i, 0), rows.String(i, 1));
  for (v1::Group* group : groups_) {
    if (const auto found = display_names.find(group->value()); found != display_names.end())
      group->set_display_name(found->second);
  }
}

absl::StatusOr<google::type::Money> MoneyOf(const std::string& currency, std::string_view decimal) {
  const auto amount = Amount::Parse(decimal);
  const auto money = amount.has_value() ? amount->ToMoney(currency) : std::nullopt;
  if (money.has_value()) return *money;
  return FailedPrecondition(
      reasons::kReportSumTooLarge,
      fmt::format("a sum in {} is larger than an amount can be; group by more or filter", currency),
      {{"currency_code", currency}});
}

}  // namespace lotura::analytics
