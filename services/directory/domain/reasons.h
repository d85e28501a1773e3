// Why the directory service refuses something. A reason never changes once it was released.
#pragma once

namespace lotura::directory::reasons {

inline constexpr const char* kOwnManager = "OWN_MANAGER";

}  // namespace lotura::directory::reasons
