// proto3 JSON of what most documents are made of, without protobuf's converter, which looks types
// up anew for each value and takes forty microseconds to read a short one.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace lotura::resource {

namespace pbuf = google::protobuf;

// Plain are texts, integers, truth values, enums that are known, messages of these without a JSON
// form of their own, and lists of all that. Everything else is left to protobuf's converter.

// Reads the value of a field that is not set; false, with nothing changed, if it is not plain.
bool ReadPlainJson(std::string_view json, const pbuf::FieldDescriptor* field,
                   pbuf::Message& record);

// Appends a message whose texts are valid UTF-8, with the names that its fields have in the proto;
// false, with a part of it appended, if it is not plain.
bool AppendPlainJson(const pbuf::Message& message, std::string& json);

// Types of google.protobuf have forms of their own: a Timestamp is a text.
inline bool HasOwnJsonForm(const pbuf::Descriptor& type) {
  return type.file()->package() == "google.protobuf";
}

}  // namespace lotura::resource
