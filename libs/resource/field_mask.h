// Field masks (AIP-161): which parts of a record an update replaces, which parts a reader wants,
// and which parts differ.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/field_mask.pb.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/resource/declaration.h"

namespace lotura::resource {

// What a mask names below one message: a tree, so that paths may overlap.
struct MaskNode {
  // Everything below; what else the node holds is of no account then.
  bool whole = false;
  std::map<const pbuf::FieldDescriptor*, MaskNode> fields;
  // Of a map, by the key as JSON writes it.
  std::map<std::string, MaskNode> entries;
};

// Reads a mask over `message`; "*" stands alone for everything, and an empty mask has no field. A
// key of a map follows a dot, in backticks if it has other characters than letters, digits, '_' and
// '-': labels.`a b`. An unknown path is INVALID_ARGUMENT MASK_UNKNOWN_FIELD, one that goes into a
// repeated field or is malformed MASK_INVALID, too many are TOO_MANY; all of them name
// `request_field`, the field of the request that holds the mask. Valid for reading and for writing
// is the same.
absl::StatusOr<MaskNode> ParseMask(const pbuf::Descriptor& message, const pbuf::FieldMask& mask,
                                   std::string_view request_field);

// `current` with the fields of `patch` that the mask names. "*" replaces the whole record; an empty
// mask means the fields that are set in `patch`. What only the engine or the rules decide (name,
// etag, times, output-only fields, also those within a message that is replaced) stays as it is,
// named or not. Errors are those of ParseMask, naming update_mask.
absl::StatusOr<std::unique_ptr<pbuf::Message>> MergeByMask(const Declaration& declaration,
                                                           const pbuf::Message& current,
                                                           const pbuf::Message& patch,
                                                           const pbuf::FieldMask& mask);

// Clears everything that the mask does not name.
void PruneToMask(const MaskNode& mask, pbuf::Message& message);

}  // namespace lotura::resource
