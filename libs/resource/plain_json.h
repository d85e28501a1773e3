// proto3 JSON of what most documents are made of, without protobuf's converter, which looks types
// up anew for each value and takes forty microseconds for a short one.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

namespace lotura::resource {

namespace pbuf = google::protobuf;

// Plain are texts, integers, truth values, enums that are known, messages of these without a JSON
// form of their own, and lists of all that. Everything else is left to protobuf's converter.

// Reads the value of a field that is not set; false, with nothing changed, if it is not plain.
bool ReadPlainJson(std::string_view json, const pbuf::FieldDescriptor* field,
                   pbuf::Message& record);

}  // namespace lotura::resource
