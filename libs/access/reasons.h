// Why a role is refused. A reason never changes once it was released.
#pragma once

namespace lotura::access::reasons {

inline constexpr const char* kDuplicate = "DUPLICATE";
inline constexpr const char* kFieldHidden = "FIELD_HIDDEN";
inline constexpr const char* kFieldUnknown = "FIELD_UNKNOWN";
inline constexpr const char* kFilterNeedsOneType = "FILTER_NEEDS_ONE_TYPE";
inline constexpr const char* kMaskUnsupported = "MASK_UNSUPPORTED";
inline constexpr const char* kPermissionUnknown = "PERMISSION_UNKNOWN";
inline constexpr const char* kScopeUnsupported = "SCOPE_UNSUPPORTED";
inline constexpr const char* kTypeUnknown = "TYPE_UNKNOWN";

}  // namespace lotura::access::reasons
