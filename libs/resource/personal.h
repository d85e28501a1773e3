// Splits records into what may be shown to all and what belongs to a person.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace lotura::resource {

// A message in two parts. The mark (lotura.options.v1.field).personal counts on the fields of a
// record, not below them.
struct Parts {
  std::string plain;
  std::string personal;
};

// Splits a record, or a response whose fields are records. Deterministic: equal messages give equal
// bytes.
Parts Split(const google::protobuf::Message& message);
// Puts the parts together again; false if the bytes do not belong to this type of message.
bool Join(const Parts& parts, google::protobuf::Message& message);

}  // namespace lotura::resource
