#include "tools/bench/load/request_headers.h"

#include <fmt/format.h>

namespace lotura::bench {
namespace {

// nghttp2 changes neither, though its interface does not say so.
std::uint8_t* Bytes(const std::string& text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

RequestHeaders::RequestHeaders(const CallShape& shape)
    : texts_{{":method", "POST"},
             {":scheme", "http"},
             {":path", "/" + shape.method},
             {":authority", shape.authority},
             {"te", "trailers"},
             {"content-type", "application/grpc"},
             {"user-agent", "lotura-load"},
             {"grpc-timeout", fmt::format("{}m", shape.deadline.count())}} {
  if (!shape.token.empty()) texts_.emplace_back("authorization", "Bearer " + shape.token);
  if (!shape.priority.empty()) texts_.emplace_back("priority", shape.priority);
  for (const auto& [name, value] : texts_) {
    fields_.push_back({Bytes(name), Bytes(value), name.size(), value.size(),
                       NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
  }
}

}  // namespace lotura::bench
