#include "libs/resource/event_types.h"

#include "libs/base/text.h"

namespace lotura::resource {

std::string EventNameOf(const Declaration& declaration, const pbuf::Descriptor& detail) {
  std::string_view name = detail.name();
  if (name.starts_with(declaration.message()->name()))
    name.remove_prefix(declaration.message()->name().size());
  return ToSnakeCase(name);
}

bool IsDetailOf(const Declaration& declaration, const pbuf::Descriptor& message) {
  return message.options().GetExtension(options::v1::event_detail).resource() == declaration.type();
}

std::vector<EventKind> EventKindsOf(const Declaration& declaration) {
  std::vector<std::string> names = {"created", "updated"};
  if (declaration.soft_delete()) names.insert(names.end(), {"deleted", "undeleted"});
  std::vector<EventKind> kinds;
  for (const std::string& name : names)
    kinds.push_back({.name = name, .type = declaration.EventType(name)});
  const pbuf::FileDescriptor& file = *declaration.message()->file();
  for (int i = 0; i < file.message_type_count(); ++i) {
    const pbuf::Descriptor& message = *file.message_type(i);
    if (!IsDetailOf(declaration, message)) continue;
    const std::string name = EventNameOf(declaration, message);
    kinds.push_back({.name = name, .type = declaration.EventType(name), .detail = &message});
  }
  return kinds;
}

}  // namespace lotura::resource
