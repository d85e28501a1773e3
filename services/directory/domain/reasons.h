// Why the directory service refuses something. A reason never changes once it was released.
#pragma once

namespace lotura::directory::reasons {

inline constexpr const char* kOwnManager = "OWN_MANAGER";
inline constexpr const char* kOwnParent = "OWN_PARENT";

}  // namespace lotura::directory::reasons
