#include "libs/resource/catalog.h"

namespace lotura::resource {

absl::Status Catalog::AddType(const pbuf::Descriptor* message, AnyRules rules) {
  LOTURA_ASSIGN_OR_RETURN(auto declaration, Declaration::Compile(message));
  const RecordType& type =
      types_.emplace_back(RecordType{std::move(declaration), std::move(rules)});
  by_message_.emplace(message, &type);
  by_type_.emplace(type.declaration->type(), &type);
  return absl::OkStatus();
}

const RecordType* Catalog::Find(const pbuf::Descriptor* message) const {
  const auto found = by_message_.find(message);
  return found == by_message_.end() ? nullptr : found->second;
}

const RecordType* Catalog::FindByType(std::string_view type) const {
  const auto found = by_type_.find(type);
  return found == by_type_.end() ? nullptr : found->second;
}

std::vector<const Declaration*> Catalog::Declarations() const {
  std::vector<const Declaration*> declarations;
  for (const RecordType& type : types_) declarations.push_back(type.declaration.get());
  return declarations;
}

}  // namespace lotura::resource
