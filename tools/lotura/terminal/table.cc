#include "tools/lotura/terminal/table.h"

#include <algorithm>

#include "libs/base/check.h"
#include "tools/lotura/terminal/display_width.h"

namespace lotura::terminal {
namespace {

constexpr std::size_t kGap = 2;
// No column is made narrower than this.
constexpr std::size_t kColumnWidthMin = 6;
constexpr std::size_t kColumnsKept = 3;

}  // namespace

void Table::AddColumn(std::string title, Align align) {
  LOTURA_CHECK(rows_.empty());
  columns_.push_back({std::move(title), align});
}

void Table::AddRow(std::vector<std::string> cells) {
  LOTURA_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

// 0 for a column that is left out.
std::vector<std::size_t> Table::Widths(std::size_t width_max) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::size_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0 && !rows_.empty()) continue;
    widths[i] = std::max(widths[i], DisplayWidth(columns_[i].title));
    total += widths[i] + kGap;
  }
  if (overflow_ == Overflow::kDropColumns) {
    for (std::size_t i = widths.size(); i > kColumnsKept && total > width_max + kGap; --i) {
      if (widths[i - 1] > 0) total -= std::exchange(widths[i - 1], 0) + kGap;
    }
  }
  while (total > width_max + kGap) {
    const auto widest = std::ranges::max_element(widths);
    if (widest == widths.end() || *widest <= kColumnWidthMin) break;
    --*widest;
    --total;
  }
  return widths;
}

std::string Table::Line(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                        const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (widths[i] == 0) continue;
    const std::string cell = Shortened(cells[i], widths[i]);
    const std::string padding(widths[i] - DisplayWidth(cell), ' ');
    if (!line.empty()) line.append(kGap, ' ');
    line += columns[i].align == Align::kRight ? padding + cell : cell + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Table::Render(const Style& style) const {
  const std::vector<std::size_t> widths = Widths(style.width);
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::string text = style.Strong(Line(columns_, widths, titles)) + "\n";
  for (const auto& row : rows_) text += Line(columns_, widths, row) + "\n";
  return text;
}

}  // namespace lotura::terminal
