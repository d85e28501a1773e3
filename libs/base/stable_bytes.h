// Messages as bytes that can be compared.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace lotura {

// The same for equal messages within one build of a program: a map has its entries in the order of
// their keys, however it keeps them.
std::string StableBytes(const google::protobuf::Message& message);

}  // namespace lotura
