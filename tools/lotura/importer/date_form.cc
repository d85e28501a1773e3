#include "tools/lotura/importer/date_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "libs/base/errors.h"

namespace lotura::importer {
namespace {

// Takes as many digits as there are, at most `max`; nothing if they are fewer than `min`.
std::optional<int> TakeDigits(std::string_view& text, std::size_t min, std::size_t max) {
  int number = 0;
  std::size_t count = 0;
  while (count < max && count < text.size() && text[count] >= '0' && text[count] <= '9') {
    number = number * 10 + (text[count] - '0');
    ++count;
  }
  if (count < min) return std::nullopt;
  text.remove_prefix(count);
  return number;
}

}  // namespace

absl::StatusOr<DateForm> DateForm::Parse(std::string_view form) {
  DateForm parsed;
  parsed.form_ = std::string(form);
  for (std::size_t i = 0; i < form.size();) {
    const std::size_t run = std::min(form.find_first_not_of(form[i], i), form.size()) - i;
    if (form[i] == 'Y' && run == 4) {
      parsed.pieces_.push_back({Part::kYear, 4, 4, '\0'});
    } else if ((form[i] == 'M' || form[i] == 'D') && run <= 2) {
      parsed.pieces_.push_back({form[i] == 'M' ? Part::kMonth : Part::kDay, run, 2, '\0'});
    } else {
      parsed.pieces_.insert(parsed.pieces_.end(), run, {Part::kLiteral, 0, 0, form[i]});
    }
    i += run;
  }
  const auto count = [&](Part part) {
    return std::ranges::count(parsed.pieces_, part, &Piece::part);
  };
  if (count(Part::kYear) == 1 && count(Part::kMonth) == 1 && count(Part::kDay) == 1) return parsed;
  return Error(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID",
               fmt::format("'{}' is not a form of dates such as M/D/YYYY", form));
}

std::optional<std::string> DateForm::ToIso(std::string_view text) const {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  for (const Piece& piece : pieces_) {
    if (piece.part == Part::kLiteral) {
      if (!text.starts_with(piece.literal)) return std::nullopt;
      text.remove_prefix(1);
      continue;
    }
    const auto number = TakeDigits(text, piece.digits_min, piece.digits_max);
    if (!number.has_value()) return std::nullopt;
    if (piece.part == Part::kYear) year = *number;
    if (piece.part == Part::kMonth) month = static_cast<unsigned>(*number);
    if (piece.part == Part::kDay) day = static_cast<unsigned>(*number);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!text.empty() || !date.ok() || year == 0) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}", year, month, day);
}

}  // namespace lotura::importer
