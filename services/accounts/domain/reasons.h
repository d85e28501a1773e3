// Why the accounts service refuses something. A reason never changes once it was released.
#pragma once

namespace lotura::accounts::reasons {

inline constexpr const char* kDuplicate = "DUPLICATE";
inline constexpr const char* kEndBeforeStart = "END_BEFORE_START";
inline constexpr const char* kFormatInvalid = "FORMAT_INVALID";
inline constexpr const char* kOutOfRange = "OUT_OF_RANGE";
inline constexpr const char* kOwnSubsidiary = "OWN_SUBSIDIARY";
inline constexpr const char* kRequired = "REQUIRED";
inline constexpr const char* kTooLong = "TOO_LONG";
inline constexpr const char* kTooMany = "TOO_MANY";

}  // namespace lotura::accounts::reasons
