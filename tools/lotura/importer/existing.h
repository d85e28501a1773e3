// What is there already of the records that a step is about.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <span>
#include <string>

#include "tools/lotura/importer/patient_caller.h"
#include "tools/lotura/importer/plan.h"

namespace lotura::importer {

// Null if there is no such record, or if the service refuses its name.
absl::StatusOr<std::unique_ptr<pbuf::Message>> FindRecord(PatientCaller& caller,
                                                          const api::ResourceType& type,
                                                          const std::string& name);

// All records of these rows, which have one parent, or nothing if one of them is not there or the
// service refuses to read them.
absl::StatusOr<std::unique_ptr<pbuf::Message>> FindAll(PatientCaller& caller,
                                                       const api::ResourceType& type,
                                                       std::span<const PlannedRow* const> rows);

// When a record was last changed, in nanoseconds; 0 for one that does not say.
std::int64_t UpdateTimeOf(const pbuf::Message& record);

}  // namespace lotura::importer
