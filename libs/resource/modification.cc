#include "libs/resource/modification.h"

#include <fmt/format.h>

#include "libs/mutant/use.h"
#include "libs/resource/changed_paths.h"
#include "libs/resource/field_mask.h"
#include "libs/resource/message_copy.h"

namespace lotura::resource {
namespace {

std::set<const Column*> ChangedColumns(const Declaration& declaration, const pbuf::Message& before,
                                       const pbuf::Message& after) {
  std::set<const Column*> changed;
  for (const std::string& path : ChangedPaths(declaration, before, after))
    changed.insert(declaration.FindColumn(path.substr(0, path.find('.'))));
  return changed;
}

}  // namespace

absl::StatusOr<Modification::Fields> Modification::NamedBy(const pbuf::Message& patch,
                                                           const pbuf::FieldMask& mask) const {
  if (mask.paths().empty()) {
    std::vector<const pbuf::FieldDescriptor*> set;
    patch.GetReflection()->ListFields(patch, &set);
    return Fields(set.begin(), set.end());
  }
  LOTURA_ASSIGN_OR_RETURN(const MaskNode node,
                          ParseMask(*type_.declaration->message(), mask, "update_mask"));
  Fields named;
  for (const auto& [field, below] : node.fields) named.insert(field);
  return named;
}

absl::StatusOr<Changes::MessagePtr> Modification::Update(Changes& changes,
                                                         const pbuf::Message& request,
                                                         const std::string& prefix) const {
  const Declaration& declaration = *type_.declaration;
  const pbuf::Reflection& reflection = *request.GetReflection();
  const std::string record_path = prefix + declaration.singular();
  if (!reflection.HasField(request, shape_.record))
    return InvalidArgument(record_path, "REQUIRED", "is missing");
  const pbuf::Message& patch = reflection.GetMessage(request, shape_.record);
  const std::string name = declaration.NameOf(patch);
  LOTURA_RETURN_IF_ERROR(CheckName(declaration, name, record_path + ".name"));
  const auto& mask =
      static_cast<const pbuf::FieldMask&>(reflection.GetMessage(request, shape_.update_mask));
  const auto loaded = changes.LoadLive(type_, name, TextOf(patch, declaration.etag_field()));
  if (ReasonOf(loaded.status()) == "STALE_ETAG")
    return WithDifference(loaded.status(), changes, patch, mask);
  LOTURA_RETURN_IF_ERROR(loaded.status());
  const Record& current = *loaded;
  LOTURA_ASSIGN_OR_RETURN(const auto merged,
                          MergeByMask(declaration, *current.message, patch, mask));
  if (const View& view = changes.ViewOf(type_); !view.IsWhole()) {
    LOTURA_ASSIGN_OR_RETURN(const Fields named, NamedBy(patch, mask));
    LOTURA_RETURN_IF_ERROR(CheckWritten(view, named, *current.message, *merged, record_path));
  }
  LOTURA_RETURN_IF_ERROR(CheckImmutable(*current.message, *merged, record_path));
  changes.set_field_prefix(record_path + ".");
  return changes.SaveAny(type_, *merged, nullptr);
}

absl::Status Modification::WithDifference(const absl::Status& stale, Changes& changes,
                                          const pbuf::Message& patch,
                                          const pbuf::FieldMask& mask) const {
  const Declaration& declaration = *type_.declaration;
  LOTURA_ASSIGN_OR_RETURN(const Record current,
                          changes.LoadAny(type_, declaration.NameOf(patch), ""));
  const auto wanted = MergeByMask(declaration, *current.message, patch, mask);
  if (!wanted.ok()) return stale;
  std::vector<std::string> differing = ChangedPaths(declaration, *current.message, **wanted);
  const View& view = changes.ViewOf(type_);
  if (!mutant::Omits("update.difference"))
    std::erase_if(differing, [&](const auto& path) { return !view.Reads(path, *current.message); });
  auto metadata = InfoOf(stale).metadata;
  metadata["fields"] = fmt::format("{}", fmt::join(differing, ","));
  return Aborted(ReasonOf(stale), Message(stale), std::move(metadata));
}

absl::Status Modification::CheckWritten(const View& view, const Fields& named,
                                        const pbuf::Message& before, pbuf::Message& after,
                                        const std::string& record_path) const {
  LOTURA_RETURN_IF_ERROR(CheckAccess(view, Access::kUpdate, before));
  if (mutant::Omits("update.fields")) return absl::OkStatus();
  const std::set<const Column*> changed = ChangedColumns(*type_.declaration, before, after);
  std::vector<const pbuf::FieldDescriptor*> kept;
  for (const Column& column : type_.declaration->columns()) {
    const FieldAccess access = view.Of(column, before);
    if (access == FieldAccess::kWrite || column.output_only) continue;
    const bool seen = access == FieldAccess::kRead;
    // Whether it would change something that he does not see he must not learn either.
    if (seen ? changed.contains(&column) : named.contains(column.field))
      return FieldProtected(fmt::format("{}.{}", record_path, column.name));
    if (!seen && changed.contains(&column)) kept.push_back(column.field);
  }
  if (!kept.empty()) after.GetReflection()->SwapFields(CopyOf(before).get(), &after, kept);
  return absl::OkStatus();
}

absl::Status Modification::CheckImmutable(const pbuf::Message& before, const pbuf::Message& after,
                                          const std::string& record_path) const {
  Violations violations;
  for (const Column& column : type_.declaration->columns()) {
    if (column.immutable && !FieldEquals(before, after, *column.field)) {
      violations.Add(fmt::format("{}.{}", record_path, column.name), "IMMUTABLE",
                     "cannot be changed");
    }
  }
  return violations.ToStatus();
}

}  // namespace lotura::resource
