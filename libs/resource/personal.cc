#include "libs/resource/personal.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <vector>

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

std::string Bytes(const pbuf::Message& message) {
  std::string bytes;
  pbuf::io::StringOutputStream stream(&bytes);
  pbuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

enum class Keep { kPlain, kPersonal };

// Clears the fields that do not belong to the part. Records within a response are cleared one by
// one and stay in their places.
void Prune(pbuf::Message& message, Keep keep) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  std::vector<const pbuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pbuf::FieldDescriptor* field : fields) {
    if (IsRecord(*field) && !IsPersonal(*field)) {
      if (!field->is_repeated()) {
        Prune(*reflection.MutableMessage(&message, field), keep);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Prune(*reflection.MutableRepeatedMessage(&message, field, i), keep);
      }
    } else if (IsPersonal(*field) != (keep == Keep::kPersonal)) {
      reflection.ClearField(&message, field);
    }
  }
}

// Like MergeFrom, but records of a list are merged place by place.
void Merge(const pbuf::Message& personal, pbuf::Message& message) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  std::unique_ptr<pbuf::Message> rest(personal.New());
  rest->CopyFrom(personal);
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
  const std::unique_ptr<pbuf::Message> part(message.New());
  Parts parts;
  part->CopyFrom(message);
  Prune(*part, Keep::kPlain);
  parts.plain = Bytes(*part);
  part->CopyFrom(message);
  Prune(*part, Keep::kPersonal);
  parts.personal = Bytes(*part);
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
