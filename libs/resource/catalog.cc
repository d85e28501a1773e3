#include "libs/resource/catalog.h"

#include <fmt/format.h>

#include "libs/resource/references.h"

namespace lotura::resource {

absl::Status Catalog::AddType(const pbuf::Descriptor* message, AnyRules rules) {
  LOTURA_ASSIGN_OR_RETURN(auto declaration, Declaration::Compile(message));
  const RecordType& type =
      types_.emplace_back(RecordType{std::move(declaration), std::move(rules)});
  by_message_.emplace(message, &type);
  by_type_.emplace(type.declaration->type(), &type);
  return AddForeignPatterns(*type.declaration);
}

absl::Status Catalog::AddForeignPatterns(const Declaration& declaration) {
  for (const std::string& type : ReferenceTypesOf(*declaration.message())) {
    if (type == kAnyType || ServiceOfType(type) == declaration.service()) continue;
    const std::string declared = PatternOf(type);
    if (declared.empty()) {
      return Internal(fmt::format("{} refers to {}, which no linked proto declares",
                                  declaration.message()->full_name(), type));
    }
    LOTURA_ASSIGN_OR_RETURN(NamePattern pattern, NamePattern::Parse(declared));
    foreign_patterns_.emplace(type, std::move(pattern));
  }
  return absl::OkStatus();
}

bool Catalog::IsNameOf(std::string_view type, std::string_view name) const {
  if (type == kAnyType) return true;
  const auto pattern = foreign_patterns_.find(type);
  const std::string host = fmt::format("//{}.lotura/", ServiceOfType(type));
  return pattern != foreign_patterns_.end() && name.starts_with(host) &&
         pattern->second.Matches(name.substr(host.size()));
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
