// What the place that output goes to can show.
#pragma once

#include <cstddef>
#include <string>

namespace lotura::terminal {

struct Style {
  // Columns of the terminal; without one, enough for any table.
  std::size_t width = 10'000;
  bool is_terminal = false;
  // Emphasis by escape sequences; never without a terminal, nor if NO_COLOR is set.
  bool color = false;
  // Block characters for bars; otherwise ASCII.
  bool unicode = true;

  // Of this process, for a file descriptor.
  static Style Of(int descriptor);

  [[nodiscard]] std::string Strong(const std::string& text) const;
  [[nodiscard]] std::string Faint(const std::string& text) const;

  // `fraction` of `columns` as a bar, at least a sliver if it is more than nothing; not padded.
  [[nodiscard]] std::string Bar(double fraction, std::size_t columns) const;
};

}  // namespace lotura::terminal
