// Maps as reflection sees them: repeated fields of entries. Keys are text, the way JSON writes
// them.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>

namespace lotura::resource {

// "7" of "+7" for a map by numbers; nothing if the map can have no such key. `key` is the key's
// field.
std::optional<std::string> ToMapKey(const google::protobuf::FieldDescriptor& key,
                                    const std::string& text);

// The key of an entry.
std::string MapKeyOf(const google::protobuf::Message& entry);

// The place of the entry; -1 if there is none.
int FindMapEntry(const google::protobuf::Message& message,
                 const google::protobuf::FieldDescriptor& map, const std::string& key);

// The last entry takes its place.
void RemoveMapEntry(google::protobuf::Message& message,
                    const google::protobuf::FieldDescriptor& map, int index);

}  // namespace lotura::resource
