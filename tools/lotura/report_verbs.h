// funnel and revenue: what analytics reports, as tables with bars.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "tools/lotura/session.h"

namespace lotura::cli {

struct ReportFlags {
  // "pipelines/b2b"; empty: the only one for a funnel, all for revenue.
  std::string pipeline;
  // "region", "month" ...
  std::vector<std::string> group_by;
  // "region=Central,West".
  std::vector<std::string> where;
  // Days as 2017-03-01.
  std::string start_date;
  std::string end_date;
};

absl::Status Funnel(const Session& session, const ReportFlags& flags);
absl::Status Revenue(const Session& session, const ReportFlags& flags);

}  // namespace lotura::cli
