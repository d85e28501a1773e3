#include "tools/lotura/api/resource_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/api/resource.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "lotura/options/v1/options.pb.h"

namespace lotura::api {
namespace {

constexpr std::string_view kPackage = "lotura.";

std::string WithCapital(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// "lotura.sales.v1" to "sales".
std::string ServiceOf(const std::string& package) {
  const auto parts = Split(package, '.');
  return parts.size() > 1 ? std::string(parts[1]) : package;
}

ResourceType TypeOf(const pbuf::Descriptor& message,
                    const google::api::ResourceDescriptor& option) {
  ResourceType type;
  type.message = &message;
  type.type = option.type();
  type.service = ServiceOf(message.file()->package());
  type.singular = ToSnakeCase(message.name());
  type.plural = WithCapital(option.plural());
  if (option.pattern_size() > 0) {
    for (const std::string_view part : Split(option.pattern(0), '/')) {
      if (!part.starts_with('{')) type.collections.emplace_back(part);
    }
  }
  type.api = pbuf::DescriptorPool::generated_pool()->FindServiceByName(
      fmt::format("{}.{}Service", message.file()->package(), message.name()));
  return type;
}

// The part of a name after "//sales.lotura/", and the host that was cut off.
struct HostAndPath {
  std::string host;
  std::string_view path;
};

HostAndPath CutHost(std::string_view name) {
  if (!name.starts_with("//")) return {"", name};
  const std::size_t slash = name.find('/', 2);
  if (slash == std::string_view::npos) return {std::string(name), ""};
  return {std::string(name.substr(0, slash + 1)), name.substr(slash + 1)};
}

bool FitsCollections(const std::vector<std::string_view>& parts, const ResourceType& type,
                     std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[2 * i] != type.collections[i]) return false;
    if (2 * i + 1 < parts.size() && parts[2 * i + 1].empty()) return false;
  }
  return true;
}

absl::Status Ambiguous(std::string_view name, const std::vector<const ResourceType*>& found) {
  std::vector<std::string> full;
  for (const ResourceType* type : found) full.push_back(type->Host() + type->Collection());
  return InvalidArgument(
      "name", "NAME_UNKNOWN",
      fmt::format("'{}' may be one of several; write {}", name, fmt::join(full, " or ")));
}

}  // namespace

absl::StatusOr<const pbuf::MethodDescriptor*> ResourceType::Method(Verb verb) const {
  std::string name;
  switch (verb) {
    case Verb::kGet:
      name = "Get" + message->name();
      break;
    case Verb::kBatchGet:
      name = "BatchGet" + plural;
      break;
    case Verb::kList:
      name = "List" + plural;
      break;
    case Verb::kCreate:
      name = "Create" + message->name();
      break;
    case Verb::kBatchCreate:
      name = "BatchCreate" + plural;
      break;
    case Verb::kUpdate:
      name = "Update" + message->name();
      break;
    case Verb::kDelete:
      name = "Delete" + message->name();
      break;
    case Verb::kUndelete:
      name = "Undelete" + message->name();
      break;
  }
  const pbuf::MethodDescriptor* method = FindMethod(name);
  if (method != nullptr) return method;
  return Error(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN",
               fmt::format("the API has no {} for {}", name, Collection()));
}

const pbuf::MethodDescriptor* ResourceType::FindMethod(const std::string& name) const {
  return api == nullptr ? nullptr : api->FindMethodByName(name);
}

std::string ResourceType::Host() const {
  return fmt::format("//{}/", type.substr(0, type.find('/')));
}

std::string ResourceType::Pattern() const {
  return message->options().GetExtension(google::api::resource).pattern(0);
}

ResourceModel ResourceModel::OfLinkedProtos() {
  std::vector<std::string> files;
  pbuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::ranges::sort(files);
  ResourceModel model;
  for (const std::string& name : files) {
    const auto* file = pbuf::DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr || !file->package().starts_with(kPackage)) continue;
    for (int i = 0; i < file->message_type_count(); ++i) {
      const pbuf::Descriptor& message = *file->message_type(i);
      if (!message.options().HasExtension(google::api::resource)) continue;
      // Nobody is shown records of such a type.
      if (message.options().GetExtension(options::v1::resource).internal()) continue;
      ResourceType type = TypeOf(message, message.options().GetExtension(google::api::resource));
      if (!type.collections.empty()) model.types_.push_back(std::move(type));
    }
  }
  return model;
}

absl::StatusOr<RecordName> ResourceModel::Find(std::string_view name) const {
  const auto [host, path] = CutHost(name);
  const auto parts = Split(path, '/');
  std::vector<const ResourceType*> found;
  std::vector<std::string> near;
  for (const ResourceType& type : types_) {
    if (!host.empty() && host != type.Host()) continue;
    if (parts.front() == type.collections.front()) near.push_back(type.Pattern());
    if (parts.size() == 2 * type.collections.size() &&
        FitsCollections(parts, type, type.collections.size())) {
      found.push_back(&type);
    }
  }
  if (found.size() == 1) return RecordName{found.front(), std::string(path)};
  if (found.size() > 1) return Ambiguous(name, found);
  if (near.empty()) {
    for (const ResourceType& type : types_) near.push_back(type.Pattern());
  }
  return InvalidArgument("name", "NAME_UNKNOWN",
                         fmt::format("'{}' is not the name of a record; names look like {}", name,
                                     fmt::join(near, ", ")));
}

absl::StatusOr<CollectionName> ResourceModel::FindCollection(std::string_view collection) const {
  const auto [host, path] = CutHost(collection);
  const auto parts = Split(path, '/');
  std::vector<const ResourceType*> found;
  std::vector<std::string> all;
  for (const ResourceType& type : types_) {
    if (!host.empty() && host != type.Host()) continue;
    all.push_back(type.Collection());
    const bool by_last = parts.size() == 1 && parts.front() == type.Collection();
    const bool by_path = parts.size() == 2 * type.collections.size() - 1 &&
                         FitsCollections(parts, type, type.collections.size());
    if (by_last || by_path) found.push_back(&type);
  }
  if (found.size() > 1) return Ambiguous(collection, found);
  if (found.empty()) {
    return InvalidArgument(
        "collection", "COLLECTION_UNKNOWN",
        fmt::format("there is no collection '{}'; there are {}", collection, fmt::join(all, ", ")));
  }
  const std::size_t last = path.rfind('/');
  return CollectionName{found.front(),
                        last == std::string_view::npos ? "" : std::string(path.substr(0, last))};
}

std::unique_ptr<pbuf::Message> NewMessage(const pbuf::Descriptor& descriptor) {
  return std::unique_ptr<pbuf::Message>(
      pbuf::MessageFactory::generated_factory()->GetPrototype(&descriptor)->New());
}

const pbuf::FieldDescriptor* FindListOf(const pbuf::Descriptor& message,
                                        const pbuf::Descriptor& item) {
  for (int i = 0; i < message.field_count(); ++i) {
    const pbuf::FieldDescriptor* field = message.field(i);
    if (field->is_repeated() && field->message_type() == &item) return field;
  }
  return nullptr;
}

std::string TextOf(const pbuf::Message& record, const char* field) {
  const pbuf::FieldDescriptor* found = record.GetDescriptor()->FindFieldByName(field);
  if (found == nullptr || found->is_repeated() ||
      found->cpp_type() != pbuf::FieldDescriptor::CPPTYPE_STRING) {
    return "";
  }
  return record.GetReflection()->GetString(record, found);
}

}  // namespace lotura::api
