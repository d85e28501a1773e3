#include "tools/lotura/exit_code.h"

#include <array>

#include "libs/base/errors.h"

namespace lotura::cli {
namespace {

// Errors of this program's own, before anything is sent.
constexpr std::array<std::string_view, 11> kUsageReasons{
    "USAGE",           "NAME_UNKNOWN",    "COLLECTION_UNKNOWN", "FIELD_UNKNOWN",
    "VALUE_MALFORMED", "JSON_MALFORMED",  "MAPPING_INVALID",    "CSV_MALFORMED",
    "FILE_UNREADABLE", "FILE_UNWRITABLE", "FILE_TOO_LARGE"};

}  // namespace

absl::Status UsageError(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "USAGE", what);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const std::string reason = ReasonOf(status);
  if (std::ranges::find(kUsageReasons, reason) != kUsageReasons.end()) return ExitCode::kUsage;
  const bool unreachable = status.code() == absl::StatusCode::kUnavailable ||
                           status.code() == absl::StatusCode::kDeadlineExceeded;
  return unreachable ? ExitCode::kUnreachable : ExitCode::kRefused;
}

}  // namespace lotura::cli
