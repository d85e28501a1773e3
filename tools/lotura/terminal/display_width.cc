#include "tools/lotura/terminal/display_width.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace lotura::terminal {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Takes one character off the front; negative if the bytes are not valid UTF-8.
UChar32 TakeCharacter(std::string_view& text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  std::int32_t i = 0;
  UChar32 character = 0;
  U8_NEXT(bytes, i, size, character);
  text.remove_prefix(static_cast<std::size_t>(i));
  return character;
}

std::size_t WidthOf(UChar32 character) {
  if (character < 0) return 1;
  const auto category = u_charType(character);
  if (category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK || category == U_FORMAT_CHAR) {
    return 0;
  }
  const int width = u_getIntPropertyValue(character, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(text));
  return width;
}

std::string Shortened(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string_view rest = text;
  std::size_t used = 0;
  std::size_t kept = 0;
  while (!rest.empty()) {
    const std::size_t next = WidthOf(TakeCharacter(rest));
    if (used + next > width - 1) break;
    used += next;
    kept = text.size() - rest.size();
  }
  return std::string(text.substr(0, kept)) + std::string(kEllipsis);
}

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const UChar32 character = TakeCharacter(text);
    const std::string_view bytes = before.substr(0, before.size() - text.size());
    if (character < 0) {
      printable += kReplacement;
    } else if (character == '\n' || character == '\t' || character == '\r') {
      printable += ' ';
    } else if (u_charType(character) == U_CONTROL_CHAR) {
      printable += kReplacement;
    } else {
      printable += bytes;
    }
  }
  return printable;
}

}  // namespace lotura::terminal
