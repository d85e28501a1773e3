// timeline: what happened to a record.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "tools/lotura/session.h"

namespace lotura::cli {

struct TimelineFlags {
  std::string name;
  // "moved", "created" ...; empty: all.
  std::vector<std::string> kinds;
  // 0: all.
  std::size_t limit = 20;
};

absl::Status Timeline(const Session& session, const TimelineFlags& flags);

}  // namespace lotura::cli
