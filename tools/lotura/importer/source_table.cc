#include "tools/lotura/importer/source_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "tools/lotura/api/text_file.h"

namespace lotura::importer {
namespace {

absl::Status Malformed(const std::string& file, std::size_t line, std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "CSV_MALFORMED",
               fmt::format("{}:{}: {}", file, line, what),
               {{"file", file}, {"line", std::to_string(line)}});
}

// Takes one row after the other off a text.
class RowReader {
 public:
  RowReader(const std::string& file, std::string_view text) : file_(file), text_(text) {}

  [[nodiscard]] bool AtEnd() const { return at_ == text_.size(); }

  absl::StatusOr<SourceRow> Next() {
    SourceRow row;
    row.line = line_;
    const std::size_t begin = at_;
    do {
      LOTURA_ASSIGN_OR_RETURN(std::string cell, Cell());
      row.cells.push_back(std::move(cell));
    } while (Take(','));
    row.text = std::string(text_.substr(begin, at_ - begin));
    if (!AtEnd()) {
      Take('\r');
      if (!Take('\n')) return Malformed(file_, line_, "a carriage return stands alone");
      ++line_;
    }
    return row;
  }

 private:
  bool Take(char wanted) {
    if (AtEnd() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  absl::StatusOr<std::string> Cell() { return Take('"') ? Quoted() : Bare(); }

  absl::StatusOr<std::string> Bare() {
    const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
    std::string cell(text_.substr(at_, end - at_));
    at_ = end;
    if (!AtEnd() && text_[at_] == '"')
      return Malformed(file_, line_, "a quote stands in a field that does not begin with one");
    return cell;
  }

  absl::StatusOr<std::string> Quoted() {
    const std::size_t begin_line = line_;
    std::string cell;
    while (true) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos)
        return Malformed(file_, begin_line, "a quoted field has no end");
      const std::string_view part = text_.substr(at_, quote - at_);
      line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
      cell += part;
      at_ = quote + 1;
      if (!Take('"')) break;
      cell += '"';
    }
    if (!AtEnd() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos)
      return Malformed(file_, line_, "text follows the end of a quoted field");
    return cell;
  }

  const std::string& file_;
  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

absl::Status CheckColumns(const SourceTable& table) {
  std::set<std::string> seen;
  for (const std::string& column : table.columns) {
    if (column.empty()) return Malformed(table.file, 1, "a column has no name");
    if (!Utf8Size(column).has_value()) return Malformed(table.file, 1, "a name is not UTF-8");
    if (!seen.insert(column).second)
      return Malformed(table.file, 1, fmt::format("two columns are named '{}'", column));
  }
  return absl::OkStatus();
}

bool NeedsQuotes(const std::string& cell) {
  return cell.find_first_of(",\"\r\n") != std::string::npos;
}

}  // namespace

std::optional<std::size_t> SourceTable::FindColumn(std::string_view name) const {
  const auto found = std::ranges::find(columns, name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

absl::StatusOr<SourceTable> ParseCsv(std::string file, std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  SourceTable table;
  table.file = std::move(file);
  RowReader reader(table.file, text);
  if (reader.AtEnd()) return Malformed(table.file, 1, "the file is empty");
  LOTURA_ASSIGN_OR_RETURN(SourceRow header, reader.Next());
  table.columns = std::move(header.cells);
  LOTURA_RETURN_IF_ERROR(CheckColumns(table));
  while (!reader.AtEnd()) {
    LOTURA_ASSIGN_OR_RETURN(SourceRow row, reader.Next());
    table.rows.push_back(std::move(row));
  }
  return table;
}

absl::StatusOr<SourceTable> ReadCsv(const std::filesystem::path& path) {
  LOTURA_ASSIGN_OR_RETURN(const std::string text, api::ReadTextFile(path));
  return ParseCsv(path.filename().string(), text);
}

std::string CsvLine(std::span<const std::string> cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (!NeedsQuotes(cells[i])) {
      line += cells[i];
      continue;
    }
    line += '"';
    for (const char c : cells[i]) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line;
}

}  // namespace lotura::importer
