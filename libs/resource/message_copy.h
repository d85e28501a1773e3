// Copies of messages whose type is known at run time alone.
#pragma once

#include <google/protobuf/message.h>

#include <memory>

namespace lotura::resource {

// Merged into an empty message: CopyFrom would look through all that the message holds first,
// whether its target is a part of it.
inline std::unique_ptr<google::protobuf::Message> CopyOf(const google::protobuf::Message& message) {
  std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->MergeFrom(message);
  return copy;
}

}  // namespace lotura::resource
