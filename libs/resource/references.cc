#include "libs/resource/references.h"

#include <fmt/format.h>
#include <google/api/resource.pb.h>

#include "libs/base/text.h"
#include "libs/events/record_params.h"
#include "libs/resource/queries.sql.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

// The type that a field names, of those that it may name: the one whose names begin as this one, or
// the first, so that it is refused as a name of that type.
std::string TypeNamedBy(const FieldDescriptor& field, std::string_view name) {
  const std::vector<std::string> types = ReferenceTypesOf(field);
  if (types.size() == 1) return types.front();
  if (IsFullName(name)) name.remove_prefix(name.find('/', 2) + 1);
  const auto found = std::ranges::find_if(types, [name](const std::string& type) {
    const std::string pattern = PatternOf(type);
    return name.starts_with(std::string_view(pattern).substr(0, pattern.find('{')));
  });
  return found == types.end() ? types.front() : *found;
}

void CollectAll(const pbuf::Message& message, const std::string& prefix,
                std::vector<Reference>& found);

void CollectOf(const pbuf::Message& message, const FieldDescriptor& field,
               const std::string& prefix, std::vector<Reference>& found) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  const std::string& type = field.options().GetExtension(google::api::resource_reference).type();
  const std::string path = prefix + field.name();
  const int count = field.is_repeated() ? reflection.FieldSize(message, &field) : 1;
  for (int i = 0; i < count; ++i) {
    const std::string place = field.is_repeated() ? fmt::format("{}[{}]", path, i) : path;
    if (field.type() == FieldDescriptor::TYPE_STRING && !type.empty()) {
      std::string name = field.is_repeated() ? reflection.GetRepeatedString(message, &field, i)
                                             : reflection.GetString(message, &field);
      found.push_back({place, type == kAnyType ? TypeNamedBy(field, name) : type, std::move(name)});
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      CollectAll(field.is_repeated() ? reflection.GetRepeatedMessage(message, &field, i)
                                     : reflection.GetMessage(message, &field),
                 place + ".", found);
    }
  }
}

void CollectAll(const pbuf::Message& message, const std::string& prefix,
                std::vector<Reference>& found) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) CollectOf(message, *field, prefix, found);
}

void CollectTypes(const pbuf::Descriptor& message, std::set<const pbuf::Descriptor*>& seen,
                  std::set<std::string>& types) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor* field = message.field(i);
    for (std::string& type : ReferenceTypesOf(*field)) types.insert(std::move(type));
    if (field->message_type() != nullptr) CollectTypes(*field->message_type(), seen, types);
  }
}

}  // namespace

std::vector<std::string> ReferenceTypesOf(const FieldDescriptor& field) {
  const auto& several = field.options().GetExtension(options::v1::field).references();
  if (!several.empty()) return {several.begin(), several.end()};
  const std::string& type = field.options().GetExtension(google::api::resource_reference).type();
  return type.empty() ? std::vector<std::string>() : std::vector{type};
}

std::string PatternOf(std::string_view type) {
  const auto* message = pbuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
      fmt::format("lotura.{}.v1.{}", ServiceOfType(type), type.substr(type.find('/') + 1)));
  if (message == nullptr ||
      message->options().GetExtension(google::api::resource).pattern().empty())
    return "";
  return message->options().GetExtension(google::api::resource).pattern(0);
}

std::set<std::string> ReferenceTypesOf(const pbuf::Descriptor& message) {
  std::set<const pbuf::Descriptor*> seen;
  std::set<std::string> types;
  CollectTypes(message, seen, types);
  return types;
}

absl::Status ProjectForeignRecords(pg::Tx& tx, std::span<const events::Event> events) {
  const std::vector<const events::Event*> newest =
      events::NewestWhere(events, [](const events::Event&) { return true; });
  pg::Array deleted(pg::Type::kBool);
  for (const events::Event* event : newest)
    deleted.Add(pg::binary::Bool(event->change.kind() == events::v1::KIND_DELETED));
  tx.Run(sql::kUpsertForeignRecords,
         events::RecordParams(newest, events::RecordNames::kFullNames).Add(deleted));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PgForeignRecords::FindMissing(
    const TenantId& tenant, std::span<const std::string> names, Deadline deadline) const {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<std::string>> {
    const pg::Rows rows =
        tx.Run(sql::kMissingForeignRecords, pg::Params().Tenant(tenant).Texts(names));
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < rows.size(); ++i) missing.push_back(rows.String(i, 0));
    return missing;
  });
}

std::vector<Reference> ReferencesOf(const pbuf::Message& record) {
  std::vector<Reference> found;
  CollectAll(record, "", found);
  return found;
}

std::vector<Reference> ReferencesIn(const pbuf::Message& record, const FieldDescriptor& field) {
  std::vector<Reference> found;
  if (field.is_repeated() || record.GetReflection()->HasField(record, &field))
    CollectOf(record, field, "", found);
  return found;
}

std::string ServiceOfType(std::string_view type) {
  return std::string(type.substr(0, type.find('.')));
}

std::string FullNameOf(std::string_view service, std::string_view name) {
  return fmt::format("//{}.lotura/{}", service, name);
}

bool IsFullName(std::string_view name) {
  if (!name.starts_with("//")) return false;
  const auto parts = Split(name.substr(2), '/');
  return parts.size() >= 3 && parts[0].ends_with(".lotura") && parts.size() % 2 == 1 &&
         std::ranges::none_of(parts, [](std::string_view part) { return part.empty(); });
}

}  // namespace lotura::resource
