#include "libs/resource/creation.h"

#include <fmt/format.h>

#include "libs/resource/message_copy.h"

namespace lotura::resource {

absl::StatusOr<Changes::MessagePtr> Creation::Create(Changes& changes, const pbuf::Message& request,
                                                     const std::string& prefix) const {
  const std::string record_path = prefix + type_.declaration->singular();
  const pbuf::Reflection& reflection = *request.GetReflection();
  if (!reflection.HasField(request, shape_.record))
    return InvalidArgument(record_path, "REQUIRED", "is missing");
  const pbuf::Message& sent = reflection.GetMessage(request, shape_.record);
  std::unique_ptr<pbuf::Message> record = CopyOf(sent);
  LOTURA_RETURN_IF_ERROR(ClearOutputOnly(changes.call(), *record));
  changes.set_field_prefix(record_path + ".");
  return changes.CreateAny(type_, std::move(record), TextOf(request, shape_.parent),
                           TextOf(request, shape_.record_id));
}

// What the engine or the rules decide is not taken from the caller, but for the past of importers
// of history.
absl::Status Creation::ClearOutputOnly(const Call& call, pbuf::Message& record) const {
  const Declaration& declaration = *type_.declaration;
  const pbuf::Reflection& reflection = *record.GetReflection();
  for (const Column& column : declaration.columns()) {
    if (!column.output_only) continue;
    const bool is_set = !column.field->is_repeated() && reflection.HasField(record, column.field);
    if (column.backdatable && is_set) {
      const std::string permission =
          fmt::format("{}.{}.setTimes", declaration.service(), declaration.pattern().Collection());
      if (!call.principal.Permits(permission)) return PermissionDenied(permission);
      continue;
    }
    reflection.ClearField(&record, column.field);
  }
  return absl::OkStatus();
}

}  // namespace lotura::resource
