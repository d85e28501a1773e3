// Text with columns in it: "{product} for {account}".
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lotura::importer {

class TextTemplate {
 public:
  TextTemplate() = default;
  // "{{" and "}}" stand for single braces. INVALID_ARGUMENT MAPPING_INVALID for a brace alone.
  static absl::StatusOr<TextTemplate> Parse(std::string_view text);
  // A template that is this column alone.
  static TextTemplate OfColumn(std::string column);

  // Empty if the template is, or if one of its columns is. White space at both ends is cut off.
  [[nodiscard]] std::string Fill(
      const std::function<std::string_view(const std::string&)>& cell) const;
  [[nodiscard]] std::vector<std::string> Columns() const;

 private:
  struct Piece {
    bool is_column = false;
    std::string text;
  };

  std::vector<Piece> pieces_;
};

}  // namespace lotura::importer
