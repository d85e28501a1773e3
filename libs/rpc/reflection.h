// grpc.reflection.v1 and v1alpha over the generated descriptors.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/rpc/method.h"

namespace lotura::rpc {

// `services` is asked at each list. Symbols and files are found in everything that is linked into
// the process.
using ServiceNames = std::function<std::vector<std::string>()>;

StreamHandler ReflectV1(ServiceNames services);
StreamHandler ReflectV1Alpha(ServiceNames services);

}  // namespace lotura::rpc
