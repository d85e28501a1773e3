#include "libs/access/vocabulary.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>

#include "libs/base/call.h"

namespace lotura::access {

namespace pbuf = google::protobuf;

const Vocabulary& Vocabulary::Linked() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

Vocabulary::Vocabulary() {
  const pbuf::DescriptorPool& pool = *pbuf::DescriptorPool::generated_pool();
  std::vector<std::string> files;
  pbuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  for (const std::string& name : files) {
    const pbuf::FileDescriptor* file = pool.FindFileByName(name);
    if (file == nullptr || !file->package().starts_with("lotura.")) continue;
    for (int i = 0; i < file->message_type_count(); ++i) AddType(file->message_type(i));
    for (int i = 0; i < file->service_count(); ++i) AddService(*file->service(i));
  }
}

void Vocabulary::AddType(const pbuf::Descriptor* message) {
  if (!message->options().HasExtension(options::v1::resource)) return;
  auto declaration = resource::Declaration::Compile(message);
  if (!declaration.ok() || (*declaration)->internal()) return;
  const std::vector<resource::Column>& columns = (*declaration)->columns();
  if (std::ranges::any_of(columns, &resource::Column::backdatable))
    permissions_.insert(PermissionPrefixOf(**declaration) + ".setTimes");
  std::string type = (*declaration)->type();
  types_.emplace(std::move(type), *std::move(declaration));
}

void Vocabulary::AddService(const pbuf::ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& policy = service.method(i)->options().GetExtension(options::v1::rpc);
    if (!policy.permission().empty()) permissions_.insert(policy.permission());
  }
}

const resource::Declaration* Vocabulary::FindType(std::string_view type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? nullptr : found->second.get();
}

const resource::Declaration* Vocabulary::FindTypeOfName(std::string_view full_name) const {
  if (!full_name.starts_with("//")) return nullptr;
  full_name.remove_prefix(2);
  // Types begin as the names of their records do: "sales.lotura/".
  const std::string_view host = full_name.substr(0, full_name.find('/') + 1);
  const std::string_view name = full_name.substr(host.size());
  for (auto type = types_.lower_bound(host); type != types_.end() && type->first.starts_with(host);
       ++type) {
    if (type->second->pattern().Matches(name)) return type->second.get();
  }
  return nullptr;
}

bool Vocabulary::KnowsPermission(std::string_view permission) const {
  return std::ranges::any_of(permissions_, [permission](const std::string& known) {
    return PermissionCovers(permission, known);
  });
}

std::string PermissionPrefixOf(const resource::Declaration& declaration) {
  return fmt::format("{}.{}", declaration.service(), declaration.pattern().Collection());
}

std::string ReadPermissionOf(const resource::Declaration& declaration) {
  const auto* get = pbuf::DescriptorPool::generated_pool()->FindMethodByName(fmt::format(
      "{}Service.Get{}", declaration.message()->full_name(), declaration.message()->name()));
  const std::string declared =
      get == nullptr ? "" : get->options().GetExtension(options::v1::rpc).permission();
  return declared.empty() ? PermissionPrefixOf(declaration) + ".read" : declared;
}

}  // namespace lotura::access
