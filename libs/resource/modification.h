// How a record is changed by the request that updates it: alone, or in a batch.
#pragma once

#include <google/protobuf/field_mask.pb.h>

#include <set>
#include <string>

#include "libs/resource/changes.h"
#include "libs/resource/request_shape.h"

namespace lotura::resource {

// Thread-safe.
class Modification {
 public:
  // `request` is the request of the type's Update method, or of another one: then nothing is
  // updated. Both outlive this object.
  Modification(const RecordType& type, const pbuf::Descriptor& request)
      : type_(type), shape_(*type.declaration, request) {}

  // The record as it will be stored: what the mask names is taken from the request. `prefix` stands
  // before the fields of the request in errors, "requests[3].". PERMISSION_DENIED for a record that
  // the caller may only read (RECORD_PROTECTED), or such a field (FIELD_PROTECTED). ABORTED
  // STALE_ETAG says in which fields the record is other than the request would make it.
  absl::StatusOr<Changes::MessagePtr> Update(Changes& changes, const pbuf::Message& request,
                                             const std::string& prefix) const;

 private:
  // The fields that an update names one by one: a mask of everything names none.
  using Fields = std::set<const pbuf::FieldDescriptor*>;
  absl::StatusOr<Fields> NamedBy(const pbuf::Message& patch, const pbuf::FieldMask& mask) const;
  // The refusal of an old etag with "fields": the paths at which the record is other than the
  // caller would have made it, as far as he may read them.
  absl::Status WithDifference(const absl::Status& stale, Changes& changes,
                              const pbuf::Message& patch, const pbuf::FieldMask& mask) const;
  // That only what the caller may write was changed. What a mask of everything would take from
  // fields that he does not see, or sees masked, stays.
  absl::Status CheckWritten(const View& view, const Fields& named, const pbuf::Message& before,
                            pbuf::Message& after, const std::string& record_path) const;
  absl::Status CheckImmutable(const pbuf::Message& before, const pbuf::Message& after,
                              const std::string& record_path) const;

  const RecordType& type_;
  const RequestShape shape_;
};

}  // namespace lotura::resource
