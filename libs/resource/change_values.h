// What tables hold of a change, in PostgreSQL's binary format.
#pragma once

#include <optional>
#include <string>

#include "libs/resource/store.h"

namespace lotura::resource {

// "display_name,email"
std::string PathsOf(const RecordChange& change);
// Nothing without a request.
std::optional<std::string> RequestIdOf(const Request* request);
// A time of the record, which the engine has set; nothing if it is unset.
std::optional<std::string> TimeOf(const pbuf::Message& record, const pbuf::FieldDescriptor* field);

}  // namespace lotura::resource
