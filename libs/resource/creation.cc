#include "libs/resource/creation.h"

#include <fmt/format.h>

#include "libs/mutant/use.h"
#include "libs/resource/changed_paths.h"
#include "libs/resource/message_copy.h"
#include "libs/resource/references.h"

namespace lotura::resource {
namespace {

// Who may own records. Clients own none.
constexpr std::string_view kUsers = "users/";

}  // namespace

absl::StatusOr<Changes::MessagePtr> Creation::Create(Changes& changes, const pbuf::Message& request,
                                                     const std::string& prefix) const {
  const std::string record_path = prefix + type_.declaration->singular();
  const pbuf::Reflection& reflection = *request.GetReflection();
  if (!reflection.HasField(request, shape_.record))
    return InvalidArgument(record_path, "REQUIRED", "is missing");
  const pbuf::Message& sent = reflection.GetMessage(request, shape_.record);
  std::unique_ptr<pbuf::Message> record = CopyOf(sent);
  LOTURA_RETURN_IF_ERROR(ClearOutputOnly(changes.call(), *record));
  const View& view = changes.ViewOf(type_);
  const std::unique_ptr<pbuf::Message> asked = view.IsWhole() ? nullptr : CopyOf(*record);
  TakeOwnership(view, changes.call().principal, *record);
  changes.set_field_prefix(record_path + ".");
  LOTURA_ASSIGN_OR_RETURN(
      auto created, changes.CreateAny(type_, std::move(record), TextOf(request, shape_.parent),
                                      TextOf(request, shape_.record_id)));
  if (asked != nullptr) LOTURA_RETURN_IF_ERROR(CheckCreator(view, *asked, *created, record_path));
  return created;
}

void Creation::TakeOwnership(const View& view, const Principal& creator,
                             pbuf::Message& record) const {
  const Column* owner = type_.declaration->owner();
  if (owner == nullptr || view.IsWhole() || !creator.name.starts_with(kUsers)) return;
  if (view.Allows(Access::kUpdate, record)) return;
  const pbuf::Reflection& reflection = *record.GetReflection();
  if (reflection.GetString(record, owner->field).empty())
    reflection.SetString(&record, owner->field, FullNameOf("directory", creator.name));
}

absl::Status Creation::CheckCreator(const View& view, const pbuf::Message& sent,
                                    const pbuf::Message& created,
                                    const std::string& record_path) const {
  if (!mutant::Omits("create.record") && !view.Allows(Access::kUpdate, created)) {
    return Error(absl::StatusCode::kPermissionDenied, "RECORD_PROTECTED",
                 "the caller could not change such a record, and so may not create it");
  }
  if (mutant::Omits("create.fields")) return absl::OkStatus();
  for (const Column& column : type_.declaration->columns()) {
    if (IsSet(column, sent) && view.Of(column, created) != FieldAccess::kWrite)
      return FieldProtected(fmt::format("{}.{}", record_path, column.name));
  }
  return absl::OkStatus();
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
