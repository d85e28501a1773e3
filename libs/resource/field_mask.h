// Update masks (AIP-161, AIP-134).
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/field_mask.pb.h>

#include <memory>

#include "libs/resource/declaration.h"

namespace lotura::resource {

// `current` with the fields of `patch` that the mask names. "*" replaces the whole record; an empty mask means the fields that are set in
// `patch`. What only the engine or the rules decide (name, etag, times, output-only fields) stays as it is, named or not. An unknown path,
// or one that goes into a repeated field, is INVALID_ARGUMENT naming update_mask, with reason MASK_UNKNOWN_FIELD or MASK_INVALID.
absl::StatusOr<std::unique_ptr<pbuf::Message>> MergeByMask(const Declaration& declaration, const pbuf::Message& current,
                                                           const pbuf::Message& patch, const pbuf::FieldMask& mask);

}  // namespace lotura::resource
