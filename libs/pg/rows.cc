#include "libs/pg/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <iterator>
#include <limits>
#include <optional>

#include "libs/base/check.h"
#include "libs/pg/wire.h"

namespace lotura::pg {

// By their object ids in pg_type.
enum class ValueType : std::uint32_t {
  kBool = 16,
  kBytea = 17,
  kChar = 18,
  kName = 19,
  kInt64 = 20,
  kInt16 = 21,
  kInt32 = 23,
  kText = 25,
  kOid = 26,
  kFloat32 = 700,
  kFloat64 = 701,
  kNameArray = 1003,
  kTextArray = 1009,
  kVarchar = 1043,
  kDate = 1082,
  kTimestamptz = 1184,
  kNumeric = 1700,
  kUuid = 2950,
  kJsonb = 3802,
  kXid8 = 5069,
};

namespace {

// Digits of a numeric have the base 10,000.
constexpr int kGroupDigits = 4;
constexpr std::uint16_t kPositive = 0x0000;
constexpr std::uint16_t kNegative = 0x4000;

std::vector<ValueType> TypesOf(const PGresult& result) {
  std::vector<ValueType> types;
  for (int column = 0; column < PQnfields(&result); ++column)
    types.push_back(static_cast<ValueType>(PQftype(&result, column)));
  return types;
}

std::string DecimalOf(std::string_view value) {
  const std::size_t groups = TakeBigEndian<std::uint16_t>(value);
  // The power of the base that the first group counts.
  const int weight = static_cast<std::int16_t>(TakeBigEndian<std::uint16_t>(value));
  const auto sign = TakeBigEndian<std::uint16_t>(value);
  const std::size_t decimals = TakeBigEndian<std::uint16_t>(value);
  // Not a number, or infinite.
  LOTURA_CHECK(sign == kPositive || sign == kNegative);
  std::string digits(static_cast<std::size_t>(std::max(-1 - weight, 0)) * kGroupDigits, '0');
  for (std::size_t i = 0; i < groups; ++i)
    fmt::format_to(std::back_inserter(digits), "{:0{}}", TakeBigEndian<std::uint16_t>(value),
                   kGroupDigits);
  const std::size_t whole = static_cast<std::size_t>(std::max(weight + 1, 0)) * kGroupDigits;
  digits.resize(std::max(digits.size(), whole), '0');
  std::string fraction = digits.substr(whole);
  fraction.resize(decimals, '0');
  digits.resize(whole);
  digits.erase(0, digits.find_first_not_of('0'));
  return fmt::format("{}{}{}{}", sign == kNegative ? "-" : "", digits.empty() ? "0" : digits,
                     decimals > 0 ? "." : "", fraction);
}

}  // namespace

Rows::Rows(Result result)
    : result_(result.release(), ClearResult()),
      types_(std::make_shared<const std::vector<ValueType>>(TypesOf(*result_))),
      rows_(static_cast<std::size_t>(PQntuples(result_.get()))) {}

bool Rows::IsNull(std::size_t row, std::size_t column) const {
  LOTURA_CHECK(row < rows_ && column < Columns());
  return PQgetisnull(result_.get(), static_cast<int>(row), static_cast<int>(column)) == 1;
}

std::string_view Rows::Text(std::size_t row, std::size_t column) const {
  const std::string_view value = ValueAt(row, column);
  const ValueType type = (*types_)[column];
  if (type == ValueType::kJsonb) {
    // Behind the version of the format.
    LOTURA_CHECK(value.starts_with('\1'));
    return value.substr(1);
  }
  LOTURA_CHECK(type == ValueType::kText || type == ValueType::kVarchar ||
               type == ValueType::kName || type == ValueType::kChar);
  return value;
}

std::int64_t Rows::Int(std::size_t row, std::size_t column) const {
  const std::string_view value = ValueAt(row, column);
  const ValueType type = (*types_)[column];
  if (type == ValueType::kInt64)
    return static_cast<std::int64_t>(BigEndianAt<std::uint64_t>(value));
  if (type == ValueType::kInt32)
    return static_cast<std::int32_t>(BigEndianAt<std::uint32_t>(value));
  if (type == ValueType::kInt16)
    return static_cast<std::int16_t>(BigEndianAt<std::uint16_t>(value));
  LOTURA_CHECK(type == ValueType::kOid);
  return BigEndianAt<std::uint32_t>(value);
}

double Rows::Double(std::size_t row, std::size_t column) const {
  const std::string_view value = ValueAt(row, column);
  const ValueType type = (*types_)[column];
  if (type == ValueType::kFloat64) return std::bit_cast<double>(BigEndianAt<std::uint64_t>(value));
  LOTURA_CHECK(type == ValueType::kFloat32);
  return std::bit_cast<float>(BigEndianAt<std::uint32_t>(value));
}

bool Rows::Bool(std::size_t row, std::size_t column) const {
  return ValueOf(ValueType::kBool, row, column) != std::string_view("\0", 1);
}

std::string Rows::Numeric(std::size_t row, std::size_t column) const {
  return DecimalOf(ValueOf(ValueType::kNumeric, row, column));
}

std::string Rows::Bytes(std::size_t row, std::size_t column) const {
  return std::string(ValueOf(ValueType::kBytea, row, column));
}

Instant Rows::Time(std::size_t row, std::size_t column) const {
  const auto micros = static_cast<std::int64_t>(
      BigEndianAt<std::uint64_t>(ValueOf(ValueType::kTimestamptz, row, column)));
  // Infinite.
  LOTURA_CHECK(micros != std::numeric_limits<std::int64_t>::min() &&
               micros != std::numeric_limits<std::int64_t>::max());
  return Instant(kEpoch) + std::chrono::microseconds(micros);
}

std::chrono::sys_days Rows::Date(std::size_t row, std::size_t column) const {
  const auto days =
      static_cast<std::int32_t>(BigEndianAt<std::uint32_t>(ValueOf(ValueType::kDate, row, column)));
  // Infinite.
  LOTURA_CHECK(days != std::numeric_limits<std::int32_t>::min() &&
               days != std::numeric_limits<std::int32_t>::max());
  return kEpoch + std::chrono::days(days);
}

Uuid Rows::Id(std::size_t row, std::size_t column) const {
  const std::string_view value = ValueOf(ValueType::kUuid, row, column);
  Uuid uuid;
  LOTURA_CHECK(value.size() == uuid.bytes.size());
  std::ranges::copy(value, uuid.bytes.begin());
  return uuid;
}

std::uint64_t Rows::Xid(std::size_t row, std::size_t column) const {
  return BigEndianAt<std::uint64_t>(ValueOf(ValueType::kXid8, row, column));
}

std::vector<std::string> Rows::Texts(std::size_t row, std::size_t column) const {
  std::string_view value = ValueAt(row, column);
  const ValueType type = (*types_)[column];
  LOTURA_CHECK(type == ValueType::kTextArray || type == ValueType::kNameArray);
  const auto dimensions = TakeBigEndian<std::uint32_t>(value);
  value.remove_prefix(2 * sizeof(std::uint32_t));  // whether any is NULL, and their type
  std::vector<std::string> texts;
  if (dimensions == 0) return texts;
  LOTURA_CHECK(dimensions == 1);
  const auto count = TakeBigEndian<std::uint32_t>(value);
  value.remove_prefix(sizeof(std::uint32_t));  // the lowest index
  texts.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::optional<std::string_view> text = TakeElement(value);
    LOTURA_CHECK(text.has_value());
    texts.emplace_back(*text);
  }
  return texts;
}

std::string_view Rows::ValueOf(ValueType type, std::size_t row, std::size_t column) const {
  const std::string_view value = ValueAt(row, column);
  LOTURA_CHECK((*types_)[column] == type);
  return value;
}

std::string_view Rows::ValueAt(std::size_t row, std::size_t column) const {
  LOTURA_CHECK(row < rows_ && column < Columns());
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  const int size = PQgetlength(result_.get(), r, c);
  // NULL has no bytes, like an empty text.
  LOTURA_CHECK(size > 0 || !IsNull(row, column));
  return {PQgetvalue(result_.get(), r, c), static_cast<std::size_t>(size)};
}

}  // namespace lotura::pg
