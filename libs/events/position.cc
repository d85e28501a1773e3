#include "libs/events/position.h"

#include <fmt/format.h>

#include <charconv>

#include "libs/base/text.h"

namespace lotura::events {
namespace {

template <typename Number>
bool Read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string ToText(const Position& position) {
  return fmt::format("{}/{}/{}", position.epoch, position.xid, position.seq);
}

std::optional<Position> ParsePosition(std::string_view text) {
  const auto parts = Split(text, '/');
  Position position;
  if (parts.size() != 3 || !Read(parts[0], position.epoch) || !Read(parts[1], position.xid) ||
      !Read(parts[2], position.seq)) {
    return std::nullopt;
  }
  return position;
}

}  // namespace lotura::events
