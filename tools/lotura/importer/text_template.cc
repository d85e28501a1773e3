#include "tools/lotura/importer/text_template.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/text.h"

namespace lotura::importer {

absl::StatusOr<TextTemplate> TextTemplate::Parse(std::string_view text) {
  TextTemplate parsed;
  std::string constant;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      constant += c;
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) {
      constant += c;
      ++i;
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (c == '}' || end == std::string_view::npos || end == i + 1) {
      return Error(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID",
                   fmt::format("'{}' has a brace that encloses no column", text));
    }
    if (!constant.empty()) parsed.pieces_.push_back({.text = std::move(constant)});
    constant.clear();
    parsed.pieces_.push_back(
        {.is_column = true, .text = std::string(text.substr(i + 1, end - i - 1))});
    i = end;
  }
  if (!constant.empty()) parsed.pieces_.push_back({.text = std::move(constant)});
  return parsed;
}

TextTemplate TextTemplate::OfColumn(std::string column) {
  TextTemplate made;
  made.pieces_.push_back({.is_column = true, .text = std::move(column)});
  return made;
}

std::string TextTemplate::Fill(
    const std::function<std::string_view(const std::string&)>& cell) const {
  std::string filled;
  for (const Piece& piece : pieces_) {
    const std::string_view text = piece.is_column ? Trim(cell(piece.text)) : piece.text;
    if (piece.is_column && text.empty()) return "";
    filled += text;
  }
  return std::string(Trim(filled));
}

std::vector<std::string> TextTemplate::Columns() const {
  std::vector<std::string> columns;
  for (const Piece& piece : pieces_) {
    if (piece.is_column) columns.push_back(piece.text);
  }
  return columns;
}

}  // namespace lotura::importer
