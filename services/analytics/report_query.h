// What all reports have in common: period, dimensions, filters, and how rows become groups.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/repeated_field.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/call.h"
#include "libs/base/errors.h"
#include "libs/pg/database.h"
#include "lotura/analytics/v1/report.pb.h"

namespace lotura::analytics {

// Whether a report is about one pipeline or, if the request names none, about all of them.
enum class PipelineIs { kRequired, kOptional };

// Which opportunities count.
struct Counted {
  bool all = false;
  // If not all, these, by their full names.
  std::vector<std::string> names = {};
};

// A checked request.
class ReportQuery {
 public:
  // INVALID_ARGUMENT with all wrong fields at once.
  template <typename Request>
  static absl::StatusOr<ReportQuery> Read(const Request& request, PipelineIs pipeline_is) {
    ReportQuery query;
    Violations violations;
    query.ReadPipeline(request.pipeline(), pipeline_is, violations);
    query.ReadPeriod(request.has_start_date() ? &request.start_date() : nullptr,
                     request.has_end_date() ? &request.end_date() : nullptr, violations);
    query.ReadGroups(request.group_by(), violations);
    query.ReadFilters(request.filters(), violations);
    LOTURA_RETURN_IF_ERROR(violations.ToStatus());
    return query;
  }

  // $1 to $18 of a report's statement.
  [[nodiscard]] pg::Params ParamsFor(const TenantId& tenant, const Counted& counted) const;
  // $1 to $5 of the statement that finds the opportunities that it is about.
  [[nodiscard]] pg::Params CandidateParamsFor(const TenantId& tenant) const;
  [[nodiscard]] const std::vector<v1::Dimension>& group_by() const { return group_by_; }
  // Of groups and of filters.
  [[nodiscard]] std::set<v1::Dimension> Dimensions() const;
  // FAILED_PRECONDITION if the statement returned more than a report may have.
  static absl::Status CheckSize(const pg::Rows& rows);

 private:
  static constexpr std::size_t kDimensions = 7;

  using GroupBy = google::protobuf::RepeatedField<int>;
  using Filters = google::protobuf::RepeatedPtrField<v1::DimensionFilter>;

  void ReadPipeline(const std::string& pipeline, PipelineIs pipeline_is, Violations& violations);
  void ReadPeriod(const google::type::Date* start, const google::type::Date* end,
                  Violations& violations);
  void ReadGroups(const GroupBy& group_by, Violations& violations);
  void ReadFilters(const Filters& filters, Violations& violations);
  void ReadFilter(const v1::DimensionFilter& filter, const std::string& path,
                  Violations& violations);
  [[nodiscard]] const std::vector<std::string>& ValuesOf(v1::Dimension dimension) const {
    return filters_[static_cast<std::size_t>(dimension) - 1];
  }

  std::string pipeline_;
  std::chrono::sys_days start_;
  std::chrono::sys_days end_;
  std::vector<v1::Dimension> group_by_;
  // Values that the dimension of the number (minus one) may have; empty: all.
  std::array<std::vector<std::string>, kDimensions> filters_;
};

// Collects the groups of a report's rows and gives them the display names that are known.
class Groups {
 public:
  explicit Groups(const ReportQuery& query) : query_(query) {}

  // `values` in the order of the grouping dimensions. The row's groups must stay where they are
  // until SetDisplayNames.
  void Add(const std::vector<std::string>& values,
           google::protobuf::RepeatedPtrField<v1::Group>& groups);
  void SetDisplayNames(pg::Tx& tx, const TenantId& tenant);

 private:
  const ReportQuery& query_;
  std::vector<v1::Group*> groups_;
};

// "1054.5" as money. FAILED_PRECONDITION REPORT_SUM_TOO_LARGE for a sum that google.type.Money does
// not hold.
absl::StatusOr<google::type::Money> MoneyOf(const std::string& currency, std::string_view decimal);

}  // namespace lotura::analytics
