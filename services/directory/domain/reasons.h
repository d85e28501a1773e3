// Why the directory service refuses something. A reason never changes once it was released.
#pragma once

namespace lotura::directory::reasons {

inline constexpr const char* kExpireTimeInvalid = "EXPIRE_TIME_INVALID";
inline constexpr const char* kLastAdministrator = "LAST_ADMINISTRATOR";
inline constexpr const char* kOperatorTenant = "OPERATOR_TENANT";
inline constexpr const char* kOwnBase = "OWN_BASE";
inline constexpr const char* kOwnManager = "OWN_MANAGER";
inline constexpr const char* kOwnParent = "OWN_PARENT";
inline constexpr const char* kTenantPurged = "TENANT_PURGED";
inline constexpr const char* kUsesUnavailable = "USES_UNAVAILABLE";

}  // namespace lotura::directory::reasons
