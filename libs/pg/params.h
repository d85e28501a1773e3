// Parameters of a statement in PostgreSQL's binary format. A scalar is never NULL; elements of an
// array may be.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura::pg {

// Types of array elements, by their object ids in pg_type.
enum class Type : std::uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt64 = 20,
  kText = 25,
  kFloat64 = 701,
  kDate = 1082,
  kTimestamptz = 1184,
  kUuid = 2950,
  kJsonb = 3802,
};

// One value as the server reads it.
namespace binary {
std::string Int16(std::int16_t value);
std::string Int64(std::int64_t value);
std::string Float64(double value);
std::string Bool(bool value);  // lint-allow(bool-parameter): the value itself is a truth value
std::string Timestamp(Instant value);
// Days since 1970-01-01.
std::string Date(std::chrono::sys_days value);
std::string UuidValue(const Uuid& value);
std::string Jsonb(std::string_view json);
// "-12.5": a sign, digits, and a point between them where there are decimals.
std::string Numeric(std::string_view decimal);
std::string TextArray(std::span<const std::string> values);
}  // namespace binary

// Builds one array parameter, element by element.
class Array {
 public:
  explicit Array(Type type) : type_(type) {}

  void Reserve(std::size_t count) { bytes_.reserve(count * 24); }
  // `bytes` is in binary format.
  void Add(std::string_view bytes);
  void AddNull();
  [[nodiscard]] std::size_t size() const { return count_; }
  // The array of the elements at `places`, which ascend.
  [[nodiscard]] Array Pick(std::span<const std::size_t> places) const;
  // The whole parameter with its header.
  [[nodiscard]] std::string Finish() const;

 private:
  Type type_;
  std::uint32_t count_ = 0;
  std::uint32_t nulls_ = 0;
  std::string bytes_;
};

// The parameters $1, $2 ... in order. Types must equal those that the statement declares
// ($1::bigint takes Int).
class Params {
 public:
  Params& Text(std::string_view value) { return Raw(std::string(value)); }
  Params& Bytes(std::string_view value) { return Raw(std::string(value)); }
  Params& Int(std::int64_t value) { return Raw(binary::Int64(value)); }
  Params& Time(Instant value) { return Raw(binary::Timestamp(value)); }
  Params& Id(const Uuid& value) { return Raw(binary::UuidValue(value)); }
  Params& Tenant(const TenantId& tenant) { return Id(tenant.value); }
  Params& Add(const Array& array) { return Raw(array.Finish()); }
  Params& Texts(std::span<const std::string> values);
  Params& Raw(std::string bytes) {
    values_.push_back(std::move(bytes));
    return *this;
  }
  [[nodiscard]] const std::vector<std::string>& values() const { return values_; }

 private:
  std::vector<std::string> values_;
};

// A text[] as one text element ('{"a","b"}'), for arrays of arrays, which unnest would flatten.
std::string ArrayLiteral(std::span<const std::string> values);

}  // namespace lotura::pg
