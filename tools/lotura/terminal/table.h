// Tables for people: aligned columns, no wider than the terminal.
#pragma once

#include <string>
#include <vector>

#include "tools/lotura/terminal/style.h"

namespace lotura::terminal {

enum class Align { kLeft, kRight };

class Table {
 public:
  // A column whose cells are all empty is left out.
  void AddColumn(std::string title, Align align = Align::kLeft);
  // One text for each column.
  void AddRow(std::vector<std::string> cells);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  // Lines that end with a newline. If they do not fit the style's width, the widest columns are
  // shortened.
  [[nodiscard]] std::string Render(const Style& style) const;

 private:
  struct Column {
    std::string title;
    Align align;
  };

  [[nodiscard]] std::vector<std::size_t> Widths(std::size_t width_max) const;
  static std::string Line(const std::vector<Column>& columns,
                          const std::vector<std::size_t>& widths,
                          const std::vector<std::string>& cells);

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lotura::terminal
