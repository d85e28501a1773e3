#include "tests/component/messages.h"

#include <fmt/format.h>
#include <google/api/field_behavior.pb.h>
#include <google/api/resource.pb.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace lotura::component {

using FieldDescriptor = pbuf::FieldDescriptor;

MessagePtr NewMessage(const pbuf::Descriptor* type) {
  return MessagePtr(pbuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

const FieldDescriptor* FieldOf(const pbuf::Message& message, const std::string& name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr)
    throw std::runtime_error(
        fmt::format("{} has no field {}", message.GetDescriptor()->full_name(), name));
  return field;
}

bool IsRequired(const FieldDescriptor& field) {
  const auto& behaviors = field.options().GetRepeatedExtension(google::api::field_behavior);
  return std::ranges::find(behaviors, google::api::REQUIRED) != behaviors.end();
}

std::string ReferenceIn(const FieldDescriptor& field) {
  return field.options().GetExtension(google::api::resource_reference).type();
}

void SetNumber(pbuf::Message& message, const FieldDescriptor* field, double value) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, field, static_cast<std::int32_t>(value));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, field, static_cast<std::int64_t>(value));
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, field, static_cast<std::uint32_t>(value));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, field, static_cast<std::uint64_t>(value));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.SetFloat(&message, field, static_cast<float>(value));
    default:
      return reflection.SetDouble(&message, field, value);
  }
}

void SetText(pbuf::Message& message, const std::string& field, const std::string& value) {
  message.GetReflection()->SetString(&message, FieldOf(message, field), value);
}

void SetTrue(pbuf::Message& message, const std::string& field) {
  message.GetReflection()->SetBool(&message, FieldOf(message, field), true);
}

bool HasFieldNamed(const pbuf::Message& message, const std::string& field) {
  return message.GetDescriptor()->FindFieldByName(field) != nullptr;
}

pbuf::Message& Mutable(pbuf::Message& message, const std::string& field) {
  return *message.GetReflection()->MutableMessage(&message, FieldOf(message, field));
}

pbuf::Message& AddElement(pbuf::Message& message, const std::string& field) {
  return *message.GetReflection()->AddMessage(&message, FieldOf(message, field));
}

}  // namespace lotura::component
