#include "tools/lotura/terminal/style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace lotura::terminal {
namespace {

constexpr std::size_t kWidthOfUnknownTerminal = 100;

// The process reads its environment before it has threads, and never changes it.
std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// By the first of the three variables that is set, as the C library does it.
bool IsUtf8Locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

Style Style::Of(int descriptor) {
  Style style;
  style.unicode = IsUtf8Locale();
  style.is_terminal = isatty(descriptor) == 1;
  if (!style.is_terminal) return style;
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  style.width = known ? size.ws_col : kWidthOfUnknownTerminal;
  style.color = Variable("NO_COLOR").empty() && Variable("TERM") != "dumb";
  return style;
}

std::string Style::Strong(const std::string& text) const {
  return color ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string Style::Faint(const std::string& text) const {
  return color ? "\x1b[2m" + text + "\x1b[0m" : text;
}

std::string Style::Bar(double fraction, std::size_t columns) const {
  static constexpr std::array<const char*, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double bounded = std::clamp(fraction, 0.0, 1.0);
  auto eighths = static_cast<std::size_t>(std::lround(bounded * static_cast<double>(columns) * 8));
  if (bounded > 0 && eighths == 0) eighths = 1;
  if (!unicode) return std::string((eighths + 7) / 8, '#');
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

}  // namespace lotura::terminal
