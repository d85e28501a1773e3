// How the program tells its caller what happened.
#pragma once

#include <absl/status/status.h>

namespace lotura::cli {

enum class ExitCode : int {
  kOk = 0,
  // A service refused the request, or failed.
  kRefused = 1,
  // Wrong arguments, or a file that cannot be read or understood.
  kUsage = 2,
  // No service could be reached, or none answered in time.
  kUnreachable = 3,
  // The import ended, and some rows were rejected.
  kRejects = 4,
};

// What is wrong with the arguments.
absl::Status UsageError(std::string_view what);

ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace lotura::cli
