// How much room text takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lotura::terminal {

// In columns: two for East Asian wide characters and emoji, none for combining marks. Control
// characters count as one, because Printable replaces them.
std::size_t DisplayWidth(std::string_view text);

// The text cut to `width` columns, its last one an ellipsis if something was cut.
std::string Shortened(std::string_view text, std::size_t width);

// The text with each control character and each invalid byte replaced, so that data cannot move the
// cursor, change colors or break a table's lines.
std::string Printable(std::string_view text);

}  // namespace lotura::terminal
