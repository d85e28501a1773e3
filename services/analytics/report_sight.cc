#include "services/analytics/report_sight.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/access/record_states.h"
#include "libs/mutant/use.h"
#include "services/analytics/domain/reasons.h"

namespace lotura::analytics {
namespace {

using Fields = std::vector<std::string_view>;

constexpr std::string_view kOpportunity = "sales.lotura/Opportunity";
constexpr std::string_view kStage = "sales.lotura/Stage";
constexpr std::string_view kProduct = "sales.lotura/Product";
constexpr std::string_view kUser = "directory.lotura/User";
constexpr std::string_view kTeam = "directory.lotura/Team";
constexpr std::string_view kOrganization = "accounts.lotura/Organization";
// Opportunities that are looked at one by one, and how many of them at a time. Their names fit into
// a hash of the statement also where work_mem is 2 MB.
constexpr std::size_t kCandidatesMax = 50'000;
constexpr std::size_t kAtOnce = 1'000;

// What a dimension tells: of the opportunity, and of every record of other types.
struct DimensionTells {
  Fields of_deal;
  struct Other {
    std::string_view type;
    Fields fields;
  };
  std::vector<Other> of_others;
};

DimensionTells TellsOf(v1::Dimension dimension) {
  switch (dimension) {
    case v1::DIMENSION_OWNER:
      return {{"owner"}, {{kUser, {"display_name"}}}};
    case v1::DIMENSION_TEAM:
      return {{"owner"}, {{kUser, {"team"}}, {kTeam, {"display_name"}}}};
    case v1::DIMENSION_REGION:
      return {{"owner"}, {{kUser, {"team"}}, {kTeam, {"region"}}}};
    case v1::DIMENSION_PRODUCT:
      return {{"lines"}, {{kProduct, {"display_name"}}}};
    case v1::DIMENSION_SECTOR:
      return {{"organization"}, {{kOrganization, {"sector"}}}};
    case v1::DIMENSION_COUNTRY:
      return {{"organization"}, {{kOrganization, {"country_code"}}}};
    case v1::DIMENSION_MONTH:
      // That of the period's field.
    case v1::DIMENSION_UNSPECIFIED:
    case v1::Dimension_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Dimension_INT_MAX_SENTINEL_DO_NOT_USE_:
      return {};
  }
  return {};
}

// The names that the statement returns of which the caller may read these fields.
class Candidates {
 public:
  Candidates(access::ReadableRecords& records, Fields fields)
      : records_(records), fields_(std::move(fields)) {}
  Candidates(const Candidates&) = delete;
  Candidates& operator=(const Candidates&) = delete;

  void Judge(pg::Tx& tx, const pg::Rows& rows, std::size_t first, Counted& counted) const {
    const std::size_t end = std::min(rows.size(), first + kAtOnce);
    std::set<std::string> names;
    for (std::size_t i = first; i < end; ++i) names.insert(rows.String(i, 0));
    records_.Load(tx, names);
    for (std::size_t i = first; i < end; ++i) {
      const access::ReadableRecord* deal = records_.Find(rows.String(i, 0));
      const auto shows = [&](std::string_view field) { return deal->Shows(field); };
      const bool counts =
          deal != nullptr && deal->IsKnownAt(rows.Int(i, 1)) && std::ranges::all_of(fields_, shows);
      if (counts) counted.names.push_back(rows.String(i, 0));
    }
  }

 private:
  access::ReadableRecords& records_;
  const Fields fields_;
};

}  // namespace

absl::StatusOr<Counted> CountedFor(const Call& call, const ReportQuery& query,
                                   const ReportKind& kind, pg::Tx& tx) {
  access::ReadableRecords records(call.principal);
  Fields fields = kind.deal_fields;
  if (!mutant::Omits("report.others"))
    LOTURA_RETURN_IF_ERROR(records.CheckReadsEvery(kStage, kind.stage_fields));
  for (const v1::Dimension dimension : query.Dimensions()) {
    const DimensionTells tells = TellsOf(dimension);
    fields.insert(fields.end(), tells.of_deal.begin(), tells.of_deal.end());
    for (const DimensionTells::Other& other : tells.of_others) {
      if (!mutant::Omits("report.others"))
        LOTURA_RETURN_IF_ERROR(records.CheckReadsEvery(other.type, other.fields));
    }
  }
  LOTURA_RETURN_IF_ERROR(records.CheckReadsSome(kOpportunity, fields));
  Counted counted;
  counted.all =
      records.CheckReadsEvery(kOpportunity, fields).ok() || mutant::Omits("report.records");
  if (counted.all || records.ReadsNone(kOpportunity)) return counted;
  const pg::Rows rows = tx.Run(
      kind.candidates, query.CandidateParamsFor(call.principal.tenant).Int(kCandidatesMax + 1));
  if (rows.size() > kCandidatesMax) {
    return FailedPrecondition(
        reasons::kReportTooLarge,
        fmt::format("more than {} opportunities would have to be looked at one by one; ask for one "
                    "pipeline, a shorter period or some owners",
                    kCandidatesMax));
  }
  const Candidates candidates(records, std::move(fields));
  for (std::size_t first = 0; first < rows.size(); first += kAtOnce) {
    if (call.deadline.Passed()) return DeadlineExceeded("the report was not ready in time");
    candidates.Judge(tx, rows, first, counted);
  }
  return counted;
}

}  // namespace lotura::analytics
