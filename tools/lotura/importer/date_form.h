// How a source writes its days: "M/D/YYYY", "DD.MM.YYYY", "YYYY-MM-DD".
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lotura::importer {

// YYYY is a year of four digits; MM and DD have two digits, M and D one or two; all else stands for
// itself.
class DateForm {
 public:
  // INVALID_ARGUMENT MAPPING_INVALID unless year, month and day occur once each.
  static absl::StatusOr<DateForm> Parse(std::string_view form);

  // The day as "YYYY-MM-DD"; nothing if the text has another form or the calendar has no such day.
  [[nodiscard]] std::optional<std::string> ToIso(std::string_view text) const;
  [[nodiscard]] const std::string& form() const { return form_; }

 private:
  enum class Part { kLiteral, kYear, kMonth, kDay };
  struct Piece {
    Part part = Part::kLiteral;
    // How many digits it has at least and at most.
    std::size_t digits_min = 0;
    std::size_t digits_max = 0;
    char literal = '\0';
  };

  std::string form_;
  std::vector<Piece> pieces_;
};

}  // namespace lotura::importer
