// events tail: what a service announces, as it happens.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "tools/lotura/session.h"

namespace lotura::cli {

struct TailFlags {
  std::string service;
  // "latest", "earliest" or "snapshot".
  std::string from = "latest";
  // Goes on behind the answer that had it; overrides `from`.
  std::string resume_token;
  std::vector<std::string> resource_types;
  std::vector<std::string> event_types;
  std::vector<std::string> names;
  std::string filter;
  // Ends after so many events and records; 0: never.
  std::size_t limit = 0;
  // Ends when so many seconds passed without one; 0: never.
  int idle_seconds = 0;
};

// Prints a line for each event and record of the snapshot, or a JSON object with --json, and at the
// end on standard error the token to go on with. Subscribes again when the service goes away.
absl::Status TailEvents(const Session& session, const TailFlags& flags);

}  // namespace lotura::cli
