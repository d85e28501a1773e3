#include "libs/resource/change_values.h"

#include <fmt/format.h>

#include "libs/pg/params.h"
#include "libs/resource/codec.h"

namespace lotura::resource {

std::string PathsOf(const RecordChange& change) {
  return fmt::format("{}", fmt::join(change.changed_fields, ","));
}

std::optional<std::string> RequestIdOf(const Request* request) {
  if (request == nullptr) return std::nullopt;
  return pg::binary::UuidValue(request->id);
}

std::optional<std::string> TimeOf(const pbuf::Message& record, const pbuf::FieldDescriptor* field) {
  if (!record.GetReflection()->HasField(record, field)) return std::nullopt;
  return pg::binary::Timestamp(GetTimestamp(record, field));
}

}  // namespace lotura::resource
