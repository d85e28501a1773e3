// Messages of any type, by the names of their fields.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>

namespace lotura::component {

namespace pbuf = google::protobuf;
using MessagePtr = std::unique_ptr<pbuf::Message>;

MessagePtr NewMessage(const pbuf::Descriptor* type);
// Fails if there is none.
const pbuf::FieldDescriptor* FieldOf(const pbuf::Message& message, const std::string& name);
bool HasFieldNamed(const pbuf::Message& message, const std::string& field);
bool IsRequired(const pbuf::FieldDescriptor& field);
// The type that a field names records of, "sales.lotura/Stage" or "*"; empty if it is no reference.
std::string ReferenceIn(const pbuf::FieldDescriptor& field);

// Sets a field by its name.
void SetText(pbuf::Message& message, const std::string& field, const std::string& value);
void SetTrue(pbuf::Message& message, const std::string& field);
// Sets a field of any number type.
void SetNumber(pbuf::Message& message, const pbuf::FieldDescriptor* field, double value);
// The message field of that name.
pbuf::Message& Mutable(pbuf::Message& message, const std::string& field);
pbuf::Message& AddElement(pbuf::Message& message, const std::string& field);

}  // namespace lotura::component
