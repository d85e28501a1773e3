// How a record is made of the request that creates it: alone, in a batch, or as a row of an import.
#pragma once

#include <string>

#include "libs/resource/changes.h"
#include "libs/resource/request_shape.h"

namespace lotura::resource {

// Thread-safe.
class Creation {
 public:
  // `request` is the request of the type's Create method. Both outlive this object.
  Creation(const RecordType& type, const pbuf::Descriptor& request)
      : type_(type), shape_(*type.declaration, request) {}

  // The record as it will be stored. `prefix` stands before the fields of the request in errors,
  // "requests[3].". Fields that the caller does not decide are ignored; PERMISSION_DENIED for a
  // past that he may not set (the permission), a field that he may not write (FIELD_PROTECTED), or
  // a record that he could not change (RECORD_PROTECTED).
  absl::StatusOr<Changes::MessagePtr> Create(Changes& changes, const pbuf::Message& request,
                                             const std::string& prefix) const;

  [[nodiscard]] const RequestShape& shape() const { return shape_; }

 private:
  absl::Status ClearOutputOnly(const Call& call, pbuf::Message& record) const;
  // A user who may not change records of nobody becomes the owner of what he creates.
  void TakeOwnership(const View& view, const Principal& creator, pbuf::Message& record) const;
  // That the creator may change what he creates, and has set nothing that he may not write.
  absl::Status CheckCreator(const View& view, const pbuf::Message& sent,
                            const pbuf::Message& created, const std::string& record_path) const;

  const RecordType& type_;
  const RequestShape shape_;
};

}  // namespace lotura::resource
