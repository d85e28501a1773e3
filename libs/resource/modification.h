// How a record is changed by the request that updates it: alone, or in a batch.
#pragma once

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
  // before the fields of the request in errors, "requests[3].".
  absl::StatusOr<Changes::MessagePtr> Update(Changes& changes, const pbuf::Message& request,
                                             const std::string& prefix) const;

 private:
  absl::Status CheckImmutable(const pbuf::Message& before, const pbuf::Message& after,
                              const std::string& record_path) const;

  const RecordType& type_;
  const RequestShape shape_;
};

}  // namespace lotura::resource
