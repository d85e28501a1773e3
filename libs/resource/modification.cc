#include "libs/resource/modification.h"

#include <fmt/format.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include "libs/resource/field_mask.h"

namespace lotura::resource {

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
  LOTURA_ASSIGN_OR_RETURN(const Record current,
                          changes.LoadLive(type_, name, TextOf(patch, declaration.etag_field())));
  const auto& mask =
      static_cast<const pbuf::FieldMask&>(reflection.GetMessage(request, shape_.update_mask));
  LOTURA_ASSIGN_OR_RETURN(const auto merged,
                          MergeByMask(declaration, *current.message, patch, mask));
  LOTURA_RETURN_IF_ERROR(CheckImmutable(*current.message, *merged, record_path));
  changes.set_field_prefix(record_path + ".");
  return changes.SaveAny(type_, *merged, nullptr);
}

absl::Status Modification::CheckImmutable(const pbuf::Message& before, const pbuf::Message& after,
                                          const std::string& record_path) const {
  Violations violations;
  pbuf::util::MessageDifferencer differencer;
  for (const Column& column : type_.declaration->columns()) {
    if (column.immutable &&
        !differencer.CompareWithFields(before, after, {column.field}, {column.field})) {
      violations.Add(fmt::format("{}.{}", record_path, column.name), "IMMUTABLE",
                     "cannot be changed");
    }
  }
  return violations.ToStatus();
}

}  // namespace lotura::resource
