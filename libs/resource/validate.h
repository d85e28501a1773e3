// What holds for the fields of every record, whatever its type.
#pragma once

#include "libs/base/errors.h"
#include "libs/resource/declaration.h"

namespace lotura::resource {

// Largest record in bytes, and how deep messages may nest.
inline constexpr std::size_t kRecordSizeMax = 512 * 1024;
inline constexpr int kDepthMax = 10;

// Adds a violation for each field that is missing, too long, out of range, not representable or not
// text. `prefix` stands before the field's path ("opportunity.").
void CheckFields(const Declaration& declaration, const pbuf::Message& record,
                 const std::string& prefix, Violations& violations);

// Cuts times to microseconds, the precision that is stored, so that an answer equals what will be
// read.
void NormalizeTimes(pbuf::Message& record);

}  // namespace lotura::resource
