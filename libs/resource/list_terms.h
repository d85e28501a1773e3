// The terms of a list's order as SQL.
#pragma once

#include <string>
#include <string_view>

#include "libs/resource/declaration.h"

namespace lotura::resource {

// The type to which a value of a page token is cast.
const char* SqlTypeOf(ColumnType type);

// "amount, name" of the order, each followed by `direction`; within a lookup this comes first.
std::string Terms(const Column* lookup, const Order& order, std::string_view direction);
// The same in the direction of the order.
std::string OrderBy(const Column* lookup, const Order& order);

// The terms of the order beside a row, as columns of their own. What orders a subquery is known
// outside of it by its columns alone: without these all that it returns would be sorted once more.
std::string Places(const Order& order);
// The rows of a subquery that has its places, in the order in which they come.
std::string OrderByPlaces(const Column* lookup, const Order& order);

// The same of keys: the places, and the name as kKeyName.
inline constexpr char kKeyName[] = "key_name";
std::string OrderByKeys(const Order& order);

// Values of the order's fields beside the columns of the record, as the token keeps them.
std::string CursorList(const Order& order);

}  // namespace lotura::resource
