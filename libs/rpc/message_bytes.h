// Messages to and from the bytes of the transport.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lotura::rpc {

namespace pbuf = google::protobuf;

// A message of the prototype's type. INVALID_ARGUMENT: INVALID_UTF8 naming the field, or
// REQUEST_MALFORMED. RESOURCE_EXHAUSTED: REQUEST_TOO_LARGE.
absl::StatusOr<std::unique_ptr<pbuf::Message>> ParseRequest(const pbuf::Message& prototype,
                                                            grpc::ByteBuffer bytes,
                                                            std::size_t bytes_max);
// Of a message whose ByteSizeLong was asked for since it was last changed: every answer is measured
// before it is sent.
grpc::ByteBuffer ToBytes(const pbuf::Message& message);

// Path of the first text field that is not valid UTF-8 ("requests[3].product.display_name").
std::optional<std::string> FindInvalidText(const pbuf::Descriptor& type, std::string_view bytes);

}  // namespace lotura::rpc
