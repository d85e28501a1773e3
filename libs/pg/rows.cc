#include "libs/pg/rows.h"

#include <charconv>
#include <cstdlib>
#include <pqxx/result>

#include "libs/base/check.h"
#include "libs/base/hex.h"

namespace lotura::pg {
namespace {

// A number of digits alone.
std::optional<int> Number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string_view CellOf(const pqxx::field& field) {
  const std::size_t size = field.size();
  // NULL has no bytes, like an empty text.
  return size == 0 && field.is_null() ? std::string_view() : std::string_view(field.c_str(), size);
}

// ".123" as microseconds.
int Micros(std::string_view fraction) {
  int micros = 0;
  for (std::size_t i = 1; i <= 6; ++i)
    micros = micros * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  return micros;
}

}  // namespace

// libpqxx copies the result, counted by atomics, for each row and each field that it is asked for;
// its iterators step on without a copy.
struct Rows::Content {
  explicit Content(const pqxx::result& of) : result(of) {
    cells.reserve(of.size() * of.columns());
    for (auto row = of.begin(), last = of.end(); row != last; ++row) {
      for (auto field = row->begin(), end = row->end(); field != end; ++field)
        cells.push_back(CellOf(field));
    }
  }

  // Owns what the cells show.
  const pqxx::result result;
  std::vector<std::string_view> cells;
};

Rows::Rows(const pqxx::result& result)
    : content_(std::make_shared<const Content>(result)),
      rows_(result.size()),
      columns_(result.columns()) {}

std::string_view Rows::CellAt(std::size_t row, std::size_t column) const {
  LOTURA_CHECK(row < rows_ && column < columns_);
  return content_->cells[row * columns_ + column];
}

std::string_view Rows::Text(std::size_t row, std::size_t column) const {
  const std::string_view cell = CellAt(row, column);
  LOTURA_CHECK(cell.data() != nullptr);
  return cell;
}

std::int64_t Rows::Int(std::size_t row, std::size_t column) const {
  const std::string_view text = Text(row, column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  LOTURA_CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

double Rows::Double(std::size_t row, std::size_t column) const {
  return std::strtod(String(row, column).c_str(), nullptr);
}

bool Rows::Bool(std::size_t row, std::size_t column) const { return Text(row, column) == "t"; }

std::string Rows::Bytes(std::size_t row, std::size_t column) const {
  const std::string_view text = Text(row, column);
  LOTURA_CHECK(text.starts_with("\\x"));
  std::string bytes(text.size() / 2 - 1, '\0');
  LOTURA_CHECK(
      FromHex(text.substr(2), {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
  return bytes;
}

Instant Rows::Time(std::size_t row, std::size_t column) const {
  const auto instant = ParseTimestamp(Text(row, column));
  LOTURA_CHECK(instant.has_value());
  return *instant;
}

Uuid Rows::Id(std::size_t row, std::size_t column) const {
  const auto uuid = Uuid::Parse(Text(row, column));
  LOTURA_CHECK(uuid.has_value());
  return *uuid;
}

std::vector<std::string> Rows::Texts(std::size_t row, std::size_t column) const {
  return ParseArray(Text(row, column));
}

std::optional<Instant> ParseTimestamp(std::string_view text) {
  if (text.size() < 22 || !text.ends_with("+00")) return std::nullopt;
  const auto year = Number(text.substr(0, 4));
  const auto month = Number(text.substr(5, 2));
  const auto day = Number(text.substr(8, 2));
  const auto hour = Number(text.substr(11, 2));
  const auto minute = Number(text.substr(14, 2));
  const auto second = Number(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::sys_days date{std::chrono::year{*year} / *month / *day};
  const std::string_view fraction = text.substr(19, text.size() - 22);
  return Instant(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) +
         std::chrono::microseconds(fraction.empty() ? 0 : Micros(fraction));
}

std::vector<std::string> ParseArray(std::string_view text) {
  LOTURA_CHECK(text.size() >= 2 && text.front() == '{' && text.back() == '}');
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> values;
  bool quoted = false;
  std::string current;
  if (text.empty()) return values;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      current += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      values.push_back(std::move(current));
      current.clear();
    } else {
      current += c;
    }
  }
  values.push_back(std::move(current));
  return values;
}

}  // namespace lotura::pg
