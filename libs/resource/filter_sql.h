// A checked filter as a condition of PostgreSQL.
#pragma once

#include <string>
#include <vector>

#include "libs/resource/filter_check.h"

namespace lotura::resource {

// A condition and the values of its parameters, in their order and in PostgreSQL's binary format
// (pg::Params::Raw).
struct SqlFragment {
  std::string text;
  std::vector<std::string> params;
};

// The condition on a row of the declaration's table, whose columns it names without a table.
// Placeholders begin with
// `$first_param`, each carries its type, and no value of the filter is part of the text. Meant for
// WHERE: where the record does not pass, the condition is false or NULL. A filter without a root is
// TRUE.
SqlFragment FilterToSql(const Filter& filter, std::size_t first_param);

// The value that a test of a whole column compares with, as one parameter with its type.
SqlFragment OperandToSql(const FilterTest& test, std::size_t first_param);

}  // namespace lotura::resource
