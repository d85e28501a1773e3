// How a list orders by a field, in SQL.
#pragma once

#include <string>

#include "libs/resource/declaration.h"

namespace lotura::resource {

// The column, or for one that may be NULL "coalesce(amount, 0::numeric)": a field that is not set
// counts as the smallest value. The index that serves an order has the same term.
std::string OrderTerm(const Column& column);

}  // namespace lotura::resource
