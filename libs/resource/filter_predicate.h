// A checked filter as a function over a message.
#pragma once

#include "libs/resource/filter_check.h"

namespace lotura::resource {

// True for exactly those records whose row fulfills the condition of FilterToSql. The record is of
// the declaration's message. Thread-safe.
bool FilterMatches(const Filter& filter, const pbuf::Message& record);

}  // namespace lotura::resource
