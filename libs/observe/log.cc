#include "libs/observe/log.h"

#include <fmt/format.h>

#include <cmath>

#include "libs/base/clock.h"
#include "libs/base/text.h"
#include "libs/observe/log_writer.h"

namespace lotura::observe {
namespace {

constexpr std::size_t kLineMax = 8192;
constexpr std::size_t kTextMax = 1024;
constexpr std::array<const char*, 4> kLevelNames = {"debug", "info", "warning", "error"};

// At most `max` bytes of `text`, cut between two characters.
std::string_view Cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

void AppendJson(std::string& line, std::string_view text) {
  text = Cut(text, kTextMax);
  const bool valid = Utf8Size(text).has_value();
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", byte);
    } else {
      line += valid || byte < 0x80 ? c : '?';
    }
  }
  line += '"';
}

void AppendJson(std::string& line, const Field& field) {
  line += ",\"";
  line += field.name();
  line += "\":";
  if (const auto* text = std::get_if<std::string_view>(&field.value())) {
    AppendJson(line, *text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&field.value())) {
    fmt::format_to(std::back_inserter(line), "{}", *whole);
  } else {
    const double number = std::get<double>(field.value());
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(line), "{:.3f}", number);
    } else {
      line += "null";
    }
  }
}

char ClosingOf(char opening) {
  switch (opening) {
    case '(':
      return ')';
    case '"':
    case '\'':
      return opening;
    default:
      return '\0';
  }
}

// Words with an "@" are addresses.
std::string WithoutAddresses(std::string_view text) {
  std::string kept;
  for (const std::string_view word : Split(text, ' ')) {
    if (!kept.empty()) kept += ' ';
    kept += word.find('@') == std::string_view::npos ? word : std::string_view("...");
  }
  return kept;
}

}  // namespace

const char* NameOf(Level level) { return kLevelNames[static_cast<std::size_t>(level)]; }

std::optional<Level> ParseLevel(std::string_view name) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (name == kLevelNames[i]) return static_cast<Level>(i);
  }
  return std::nullopt;
}

Redacted::Redacted(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    kept += c;
    const char closing = ClosingOf(c);
    if (closing == '\0') continue;
    kept += "...";
    // The last closing one: what is quoted may hold quotes itself.
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const std::size_t end = text.substr(0, line_end).rfind(closing);
    if (end == std::string_view::npos) {
      text.remove_prefix(line_end);
    } else {
      kept += closing;
      text.remove_prefix(end + 1);
    }
  }
  text_ = WithoutAddresses(kept);
}

Log::Log(const LogOptions& options, const Metrics& metrics)
    : writer_(std::make_shared<internal::LogWriter>(options.descriptor, metrics)),
      level_(std::make_shared<std::atomic<Level>>(options.level)),
      service_(options.service),
      version_(options.version) {}

Log Log::ForService(std::string service) const {
  Log view = *this;
  view.service_ = std::move(service);
  return view;
}

void Log::Append(Level level, std::string_view message, std::initializer_list<Field> fields) const {
  std::string line;
  line.reserve(512);
  line += "{\"ts\":\"";
  line += ToRfc3339(SystemClock().Now());
  line += "\",\"level\":\"";
  line += NameOf(level);
  line += "\",\"message\":";
  AppendJson(line, message);
  line += ",\"service\":";
  AppendJson(line, service_);
  if (!version_.empty()) {
    line += ",\"version\":";
    AppendJson(line, version_);
  }
  for (const Field& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value());
    if (text != nullptr && text->empty()) continue;
    const std::size_t size = line.size();
    AppendJson(line, field);
    if (line.size() + 2 > kLineMax) {
      line.resize(size);
      break;
    }
  }
  line += "}\n";
  writer_->Append(level, line);
}

void Log::Flush() const { writer_->Flush(); }

}  // namespace lotura::observe
