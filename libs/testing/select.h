// Looks at a database in a test.
#pragma once

#include <string>

#include "libs/pg/database.h"

namespace lotura::testing {

// What one statement without parameters returns.
inline pg::Rows Select(pg::Tx& tx, const std::string& text) {
  return tx.RunBuilt("test.Select", text, {});
}

}  // namespace lotura::testing
