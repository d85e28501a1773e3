// Where two records differ.
#pragma once

#include <string>
#include <vector>

#include "libs/resource/declaration.h"

namespace lotura::resource {

// Paths at which the records differ, in the order of the fields, without those that the engine sets
// itself. Goes into single messages that both records have; a repeated field, a map, an amount, a
// time differs as a whole. A field that is set to its default differs from one that is not set.
std::vector<std::string> ChangedPaths(const Declaration& declaration, const pbuf::Message& before,
                                      const pbuf::Message& after);

// Of two records of one type. A field that is set to its default differs from one that is not set,
// NaN equals itself, and the entries of a map have no order.
bool FieldEquals(const pbuf::Message& a, const pbuf::Message& b,
                 const pbuf::FieldDescriptor& field);

// Whether the field has a value: a repeated one has some.
bool IsSet(const Column& column, const pbuf::Message& record);

// Field by field; NaN equals itself, and the entries of a map have no order.
bool MessageEquals(const pbuf::Message& a, const pbuf::Message& b);

}  // namespace lotura::resource
