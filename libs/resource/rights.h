// What the caller of a use case may do with single records.
#pragma once

#include <memory>
#include <string_view>

#include "libs/base/call.h"
#include "libs/resource/view.h"

namespace lotura::resource {

// Shared by whoever asks at the same time.
using ViewPtr = std::shared_ptr<const View>;

// The only kind of rights that there is. Thread-safe. A call that goes on for long asks anew:
// rights change meanwhile.
class RecordRights : public Rights {
 public:
  [[nodiscard]] virtual ViewPtr ViewOf(const Declaration& declaration) const = 0;
  // Whether every record of every type may be read, with all of its fields.
  [[nodiscard]] virtual bool ReadsAll() const = 0;
};

// Everything for a caller whose permissions say all; nothing for one whose rights nobody asked for.
ViewPtr ViewFor(const Principal& principal, const Declaration& declaration);

// Whether the caller has the permission now, and not only when the call began.
bool PermitsNow(const Principal& principal, std::string_view permission);

// OK for a caller who may read everything. PERMISSION_DENIED NEEDS_ALL_RECORDS for others: what
// counts records, or was made of several, would tell them of what they may not read.
absl::Status CheckReadsAll(const Principal& principal);

// OK if the view allows it with the record. NOT_FOUND, as if it were not there, for one that may
// not even be read; else PERMISSION_DENIED RECORD_PROTECTED.
absl::Status CheckAccess(const View& view, Access access, const pbuf::Message& record);

// INVALID_ARGUMENT FIELD_HIDDEN naming `request_field` if it speaks of a column that may be read of
// no record.
absl::Status CheckShown(const View& view, const std::set<const Column*>& columns,
                        const std::string& request_field);

// PERMISSION_DENIED naming a field of the request that the caller may not write.
absl::Status FieldProtected(const std::string& field);

}  // namespace lotura::resource
