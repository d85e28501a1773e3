#include "libs/resource/rights.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/mutant/use.h"

namespace lotura::resource {

ViewPtr ViewFor(const Principal& principal, const Declaration& declaration) {
  if (principal.SeesAll()) return std::make_shared<const View>(View::Whole(declaration));
  if (principal.rights == nullptr)
    return std::make_shared<const View>(declaration, std::vector<Grant>());
  return static_cast<const RecordRights&>(*principal.rights).ViewOf(declaration);
}

bool PermitsNow(const Principal& principal, std::string_view permission) {
  return principal.Permits(permission) &&
         (principal.rights == nullptr || principal.rights->CheckPermission(permission).ok());
}

absl::Status CheckReadsAll(const Principal& principal) {
  const bool all =
      principal.SeesAll() || (principal.rights != nullptr &&
                              static_cast<const RecordRights&>(*principal.rights).ReadsAll());
  if (all) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "NEEDS_ALL_RECORDS",
               "the answer is made of records of many types, all of which the caller must be "
               "allowed to read");
}

absl::Status CheckAccess(const View& view, Access access, const pbuf::Message& record) {
  if (view.Allows(access, record)) return absl::OkStatus();
  const std::string name = view.declaration().NameOf(record);
  if (!mutant::Omits("check.read") && !view.Allows(Access::kRead, record))
    return NotFound(view.declaration().type(), name);
  return Error(absl::StatusCode::kPermissionDenied, "RECORD_PROTECTED",
               "the record may be read, but this may not be done with it", {{"name", name}});
}

absl::Status CheckShown(const View& view, const std::set<const Column*>& columns,
                        const std::string& request_field) {
  const Column* hidden = view.FindHidden(columns);
  if (hidden == nullptr) return absl::OkStatus();
  return InvalidArgument(request_field, "FIELD_HIDDEN",
                         fmt::format("'{}' may not be read by the caller", hidden->name));
}

absl::Status FieldProtected(const std::string& field) {
  return Error(absl::StatusCode::kPermissionDenied, "FIELD_PROTECTED",
               fmt::format("the caller may not write '{}'", field), {{"field", field}});
}

}  // namespace lotura::resource
