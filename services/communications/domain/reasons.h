// Why the communications service refuses something. A reason never changes once it was released.
#pragma once

namespace lotura::communications::reasons {

inline constexpr const char* kDuplicate = "DUPLICATE";
inline constexpr const char* kEndBeforeStart = "END_BEFORE_START";
inline constexpr const char* kEnumUnknown = "ENUM_UNKNOWN";
inline constexpr const char* kNulCharacter = "NUL_CHARACTER";
inline constexpr const char* kOutOfRange = "OUT_OF_RANGE";
inline constexpr const char* kRecordName = "RECORD_NAME";
inline constexpr const char* kTooMany = "TOO_MANY";

}  // namespace lotura::communications::reasons
