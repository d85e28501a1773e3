#include "libs/resource/personal.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/stable_bytes.h"
#include "libs/resource/message_copy.h"
#include "lotura/options/v1/options.pb.h"

namespace lotura::resource {
namespace {

namespace pbuf = google::protobuf;

bool IsPersonal(const pbuf::FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::field).personal();
}

bool IsRecord(const pbuf::FieldDescriptor& field) {
  return field.message_type() != nullptr &&
         field.message_type()->options().HasExtension(options::v1::resource);
}

void AppendVarint(std::string& bytes, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

void AppendMessage(std::string& bytes, std::uint32_t tag, std::string_view message) {
  AppendVarint(bytes, tag);
  AppendVarint(bytes, static_cast<std::uint32_t>(message.size()));
  bytes.append(message);
}

// What stands behind the size that a field of bytes begins with.
std::string_view WithoutSize(std::string_view value) {
  const auto last = std::ranges::find_if(value, [](char byte) { return (byte & 0x80) == 0; });
  value.remove_prefix(static_cast<std::size_t>(last - value.begin()) + 1);
  return value;
}

// Deals the fields of a serialized message out to the parts. Records within a response are dealt
// out one by one and keep their places in both.
void Deal(const pbuf::Descriptor& type, std::string_view bytes, Parts& parts) {
  using pbuf::internal::WireFormatLite;
  pbuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  const pbuf::FieldDescriptor* field = nullptr;
  for (int begin = 0; begin < static_cast<int>(bytes.size()); begin = in.CurrentPosition()) {
    const std::uint32_t tag = in.ReadTag();
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (field == nullptr || field->number() != number) field = type.FindFieldByNumber(number);
    const int value = in.CurrentPosition();
    LOTURA_CHECK(WireFormatLite::SkipField(&in, tag));
    const auto span = [&](int from) {
      return bytes.substr(static_cast<std::size_t>(from),
                          static_cast<std::size_t>(in.CurrentPosition() - from));
    };
    // Nobody can tell to whom a field belongs that the type does not have.
    if (field == nullptr || IsPersonal(*field)) {
      parts.personal.append(span(begin));
    } else if (IsRecord(*field)) {
      Parts inner;
      Deal(*field->message_type(), WithoutSize(span(value)), inner);
      AppendMessage(parts.plain, tag, inner.plain);
      AppendMessage(parts.personal, tag, inner.personal);
    } else {
      parts.plain.append(span(begin));
    }
  }
}

// Like MergeFrom, but records of a list are merged place by place.
void Merge(const pbuf::Message& personal, pbuf::Message& message) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  const std::unique_ptr<pbuf::Message> rest = CopyOf(personal);
  std::vector<const pbuf::FieldDescriptor*> fields;
  reflection.ListFields(personal, &fields);
  for (const pbuf::FieldDescriptor* field : fields) {
    const bool same_places =
        field->is_repeated() && IsRecord(*field) &&
        reflection.FieldSize(personal, field) == reflection.FieldSize(message, field);
    if (!same_places) continue;
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      reflection.MutableRepeatedMessage(&message, field, i)
          ->MergeFrom(reflection.GetRepeatedMessage(personal, field, i));
    }
    reflection.ClearField(rest.get(), field);
  }
  message.MergeFrom(*rest);
}

}  // namespace

Parts Split(const pbuf::Message& message) {
  const std::string bytes = StableBytes(message);
  Parts parts;
  parts.plain.reserve(bytes.size());
  Deal(*message.GetDescriptor(), bytes, parts);
  return parts;
}

bool Join(const Parts& parts, pbuf::Message& message) {
  const std::unique_ptr<pbuf::Message> personal(message.New());
  if (!message.ParseFromString(parts.plain) || !personal->ParseFromString(parts.personal))
    return false;
  Merge(*personal, message);
  return true;
}

}  // namespace lotura::resource
