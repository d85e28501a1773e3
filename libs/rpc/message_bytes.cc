#include "libs/rpc/message_bytes.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <map>

#include "libs/base/errors.h"
#include "libs/base/text.h"

namespace lotura::rpc {
namespace {

constexpr int kDepthMax = 100;

std::string Flat(grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string flat;
  if (!bytes.Dump(&slices).ok()) return flat;
  for (const grpc::Slice& slice : slices) {
    flat.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return flat;
}

// "requests[3]" of the fourth element, "product" of a field that is not repeated.
std::string Place(const pbuf::FieldDescriptor& field, std::map<int, int>& seen) {
  if (!field.is_repeated()) return field.name();
  return fmt::format("{}[{}]", field.name(), seen[field.number()]++);
}

std::optional<std::string> FindInvalidText(const pbuf::Descriptor& type, std::string_view bytes,
                                           int depth) {
  pbuf::UnknownFieldSet fields;
  if (depth > kDepthMax || !fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  std::map<int, int> seen;
  for (int i = 0; i < fields.field_count(); ++i) {
    const pbuf::UnknownField& field = fields.field(i);
    const pbuf::FieldDescriptor* known = type.FindFieldByNumber(field.number());
    if (known == nullptr || field.type() != pbuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    const std::string place = Place(*known, seen);
    if (known->type() == pbuf::FieldDescriptor::TYPE_STRING) {
      if (!Utf8Size(field.length_delimited()).has_value()) return place;
    } else if (known->type() == pbuf::FieldDescriptor::TYPE_MESSAGE) {
      const auto inner =
          FindInvalidText(*known->message_type(), field.length_delimited(), depth + 1);
      if (inner.has_value()) return fmt::format("{}.{}", place, *inner);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FindInvalidText(const pbuf::Descriptor& type, std::string_view bytes) {
  return FindInvalidText(type, bytes, 0);
}

absl::StatusOr<std::unique_ptr<pbuf::Message>> ParseRequest(const pbuf::Message& prototype,
                                                            grpc::ByteBuffer bytes,
                                                            std::size_t bytes_max) {
  if (bytes.Length() > bytes_max) {
    return Error(
        absl::StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE",
        fmt::format("the request is larger than {} bytes", bytes_max),
        {{"bytes", std::to_string(bytes.Length())}, {"bytes_max", std::to_string(bytes_max)}});
  }
  std::unique_ptr<pbuf::Message> message(prototype.New());
  {
    grpc::ProtoBufferReader reader(&bytes);
    if (reader.status().ok() && message->ParseFromZeroCopyStream(&reader)) return message;
  }
  const auto field = FindInvalidText(*prototype.GetDescriptor(), Flat(bytes));
  if (field.has_value())
    return InvalidArgument(*field, "INVALID_UTF8", "the text is not valid UTF-8");
  return Error(absl::StatusCode::kInvalidArgument, "REQUEST_MALFORMED",
               "the request is not a message of the method's type");
}

grpc::ByteBuffer ToBytes(const pbuf::Message& message) {
  grpc::Slice slice(static_cast<std::size_t>(message.GetCachedSize()));
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return {&slice, 1};
}

}  // namespace lotura::rpc
