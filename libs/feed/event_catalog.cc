#include "libs/feed/event_catalog.h"

#include <set>

#include "libs/access/vocabulary.h"
#include "libs/resource/event_types.h"

namespace lotura::feed {
namespace {

const pbuf::DescriptorPool& Pool() { return *pbuf::DescriptorPool::generated_pool(); }

// Adds a file behind everything that it imports.
void AddFile(const pbuf::FileDescriptor& file, std::set<const pbuf::FileDescriptor*>& added,
             pbuf::FileDescriptorSet& files) {
  if (!added.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, files);
  file.CopyTo(files.add_file());
}

}  // namespace

EventCatalog::EventCatalog(std::string service, const resource::Catalog& catalog)
    : service_(std::move(service)), catalog_(catalog) {
  for (const resource::RecordType& record : catalog_.types()) {
    const resource::Declaration& declaration = *record.declaration;
    if (declaration.internal()) continue;
    const std::string permission = access::ReadPermissionOf(declaration);
    permissions_[&record] = permission;
    for (const resource::EventKind& kind : resource::EventKindsOf(declaration)) {
      events::v1::EventType& type = types_[kind.type];
      type.set_type(kind.type);
      type.set_service(service_);
      type.set_resource_type(declaration.type());
      type.set_message(declaration.message()->full_name());
      if (kind.detail != nullptr) type.set_detail(kind.detail->full_name());
      type.set_permission(permission);
    }
  }
}

const std::string& EventCatalog::PermissionOf(const resource::RecordType& type) const {
  return permissions_.at(&type);
}

events::v1::EventSchema EventCatalog::SchemaOf(const events::v1::EventType& type) const {
  events::v1::EventSchema schema;
  *schema.mutable_event_type() = type;
  std::set<const pbuf::FileDescriptor*> added;
  AddFile(*events::v1::Change::descriptor()->file(), added, *schema.mutable_files());
  for (const std::string* name : {&type.message(), &type.detail()}) {
    const pbuf::Descriptor* message = Pool().FindMessageTypeByName(*name);
    if (message != nullptr) AddFile(*message->file(), added, *schema.mutable_files());
  }
  return schema;
}

}  // namespace lotura::feed
