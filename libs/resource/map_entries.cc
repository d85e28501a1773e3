#include "libs/resource/map_entries.h"

#include <fmt/format.h>

#include "libs/resource/filter_literal.h"

namespace lotura::resource {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::optional<std::string> ToMapKey(const FieldDescriptor& key, const std::string& text) {
  switch (key.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return text;
    case FieldDescriptor::CPPTYPE_BOOL:
      return text == "true" || text == "false" ? std::optional(text) : std::nullopt;
    default: {
      const DecimalResult number = ParseDecimal(text);
      if (!number.value.has_value() || number.value->nanos != 0) return std::nullopt;
      return std::to_string(number.value->units);
    }
  }
}

std::string MapKeyOf(const Message& entry) {
  const FieldDescriptor* key = entry.GetDescriptor()->map_key();
  const Reflection& reflection = *entry.GetReflection();
  switch (key->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(entry, key);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(entry, key) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection.GetInt32(entry, key));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection.GetUInt32(entry, key));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(reflection.GetUInt64(entry, key));
    default:
      return std::to_string(reflection.GetInt64(entry, key));
  }
}

int FindMapEntry(const Message& message, const FieldDescriptor& map, const std::string& key) {
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &map); ++i) {
    if (MapKeyOf(reflection.GetRepeatedMessage(message, &map, i)) == key) return i;
  }
  return -1;
}

void RemoveMapEntry(Message& message, const FieldDescriptor& map, int index) {
  const Reflection& reflection = *message.GetReflection();
  reflection.SwapElements(&message, &map, index, reflection.FieldSize(message, &map) - 1);
  reflection.RemoveLast(&message, &map);
}

}  // namespace lotura::resource
