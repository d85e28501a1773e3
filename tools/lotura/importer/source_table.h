// Rows as they come from outside, with the place where each stands.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lotura::importer {

struct SourceRow {
  // Of its first character, from 1.
  std::size_t line = 0;
  std::vector<std::string> cells;
  // As it stands in the source, without the end of its line.
  std::string text;
};

struct SourceTable {
  // For messages and the reject file.
  std::string file;
  std::vector<std::string> columns;
  std::vector<SourceRow> rows;

  [[nodiscard]] std::optional<std::size_t> FindColumn(std::string_view name) const;
};

// Reads CSV strictly by RFC 4180: a first line of column names, fields with comma, quote or line
// break in quotes, quotes within them doubled; lines end in CRLF or LF; a byte order mark is
// skipped. Rows may have another number of fields than the first line; whoever uses them rejects
// them one by one. INVALID_ARGUMENT CSV_MALFORMED with file and line for text that cannot be taken
// apart, and for empty or doubled column names.
absl::StatusOr<SourceTable> ParseCsv(std::string file, std::string_view text);
// NOT_FOUND FILE_UNREADABLE if there is no such file.
absl::StatusOr<SourceTable> ReadCsv(const std::filesystem::path& path);

// One line of CSV without its end, quoted where RFC 4180 asks for it.
std::string CsvLine(std::span<const std::string> cells);

}  // namespace lotura::importer
