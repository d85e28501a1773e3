// Tables for people: aligned columns, no wider than the terminal.
#pragma once

#include <string>
#include <vector>

#include "tools/lotura/terminal/style.h"

namespace lotura::terminal {

enum class Align { kLeft, kRight };

// What happens to a table that is wider than its place.
enum class Overflow {
  // The widest columns are shortened.
  kShorten,
  // Columns at the end are left out first, but for the first three.
  kDropColumns,
};

class Table {
 public:
  explicit Table(Overflow overflow = Overflow::kShorten) : overflow_(overflow) {}

  // A column whose cells are all empty is left out.
  void AddColumn(std::string title, Align align = Align::kLeft);
  // One text for each column.
  void AddRow(std::vector<std::string> cells);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  // Lines that end with a newline, fitted to the style's width.
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

  const Overflow overflow_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lotura::terminal
