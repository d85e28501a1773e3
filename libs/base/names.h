// Names of records: alternating collections and ids, "pipelines/p1/stages/s1" (AIP-122).
#pragma once

#include <string_view>

namespace lotura {

// True for an id of a record: lower-case letters, digits and hyphens, at most 63, a letter first,
// no hyphen last.
bool IsWellFormedId(std::string_view id);

// "pipelines/p1" of "pipelines/p1/stages/s1"; empty for a name of one collection and one id.
std::string_view ParentOf(std::string_view name);

}  // namespace lotura
