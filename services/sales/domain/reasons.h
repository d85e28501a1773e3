// Why the sales service refuses something. A reason never changes once it was released.
#pragma once

#include <string_view>

namespace lotura::sales::reasons {

// FAILED_PRECONDITION
inline constexpr std::string_view kOpportunityClosed = "OPPORTUNITY_CLOSED";
inline constexpr std::string_view kOpportunityOpen = "OPPORTUNITY_OPEN";
inline constexpr std::string_view kPipelineDeleted = "PIPELINE_DELETED";
inline constexpr std::string_view kReferenceNotFound = "REFERENCE_NOT_FOUND";
inline constexpr std::string_view kSameStage = "SAME_STAGE";
inline constexpr std::string_view kStageNotOpen = "STAGE_NOT_OPEN";
inline constexpr std::string_view kStageOfOtherPipeline = "STAGE_OF_OTHER_PIPELINE";

// INVALID_ARGUMENT
inline constexpr const char* kAmountTooLarge = "AMOUNT_TOO_LARGE";
inline constexpr const char* kCloseDateOutOfRange = "CLOSE_DATE_OUT_OF_RANGE";
inline constexpr const char* kCurrencyDiffers = "CURRENCY_DIFFERS";
inline constexpr const char* kCurrencyInvalid = "CURRENCY_INVALID";
inline constexpr const char* kEndBeforeStart = "END_BEFORE_START";
inline constexpr const char* kMoneyInvalid = "MONEY_INVALID";
inline constexpr const char* kMoveTimeOutOfRange = "MOVE_TIME_OUT_OF_RANGE";
inline constexpr const char* kNameInvalid = "NAME_INVALID";
inline constexpr const char* kOnlyWhenClosed = "ONLY_WHEN_CLOSED";
inline constexpr const char* kOnlyWhenLost = "ONLY_WHEN_LOST";
inline constexpr const char* kOnlyWhenWon = "ONLY_WHEN_WON";
inline constexpr const char* kOutOfRange = "OUT_OF_RANGE";
inline constexpr const char* kRequired = "REQUIRED";
inline constexpr const char* kTooLong = "TOO_LONG";

}  // namespace lotura::sales::reasons
