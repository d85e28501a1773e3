// From the words of a filter to a field of the record, and from its texts to values of that field's
// type.
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <string>
#include <string_view>

#include "libs/resource/filter_check.h"

namespace lotura::resource {

// The refusal of a filter: INVALID_ARGUMENT naming the field `filter` and the place in its text.
absl::Status RefuseFilter(std::string_view reason, std::size_t position, std::string_view what);

// At most the first 60 bytes: what a filter holds is quoted in an error, and errors are limited in
// size.
std::string ShortForError(std::string_view text);

absl::StatusOr<FilterPath> ResolveFilterPath(std::span<const FilterWord> words,
                                             const Declaration& declaration);

// What `path:literal` asks for, if it asks for the presence of something: `path:*`, the key of a
// map, a field of a message.
absl::StatusOr<std::optional<FilterPath>> ResolvePresence(const FilterPath& path,
                                                          const FilterWord& literal);

// The comparison of what `path` leads to with a literal.
absl::StatusOr<FilterTest> CompareWithLiteral(FilterPath path, FilterComparator comparator,
                                              const FilterWord& literal);

// The same with a point in time.
absl::StatusOr<FilterTest> CompareWithInstant(FilterPath path, FilterComparator comparator,
                                              Instant instant, std::size_t position);

}  // namespace lotura::resource
