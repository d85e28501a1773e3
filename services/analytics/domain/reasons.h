// Why the analytics service refuses something. A reason never changes once it was released.
#pragma once

#include <string_view>

namespace lotura::analytics::reasons {

// FAILED_PRECONDITION
inline constexpr std::string_view kReportSumTooLarge = "REPORT_SUM_TOO_LARGE";
inline constexpr std::string_view kReportTooLarge = "REPORT_TOO_LARGE";

// INVALID_ARGUMENT
inline constexpr const char* kDateInvalid = "DATE_INVALID";
inline constexpr const char* kNulCharacter = "NUL_CHARACTER";
inline constexpr const char* kRecordName = "RECORD_NAME";
inline constexpr const char* kReportDimensions = "REPORT_DIMENSIONS";
inline constexpr const char* kReportPeriod = "REPORT_PERIOD";
inline constexpr const char* kRequired = "REQUIRED";
inline constexpr const char* kTooMany = "TOO_MANY";

}  // namespace lotura::analytics::reasons
