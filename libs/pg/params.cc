#include "libs/pg/params.h"

#include <bit>

namespace lotura::pg {
namespace {

// PostgreSQL counts from 2000-01-01.
constexpr std::chrono::sys_days kEpoch{std::chrono::year{2000} / 1 / 1};

template <typename Unsigned>
void AppendBigEndian(std::string& out, Unsigned value) {
  for (int shift = static_cast<int>(sizeof(value)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xFF);
  }
}

template <typename Unsigned>
std::string BigEndian(Unsigned value) {
  std::string out;
  AppendBigEndian(out, value);
  return out;
}

}  // namespace

namespace binary {

std::string Int64(std::int64_t value) { return BigEndian(static_cast<std::uint64_t>(value)); }
std::string Float64(double value) { return BigEndian(std::bit_cast<std::uint64_t>(value)); }
std::string Bool(bool value) { return {value ? '\1' : '\0'}; }
std::string Timestamp(Instant value) { return Int64((value - Instant(kEpoch)).count()); }
std::string Date(std::chrono::sys_days value) {
  return BigEndian(static_cast<std::uint32_t>((value - kEpoch).count()));
}
std::string UuidValue(const Uuid& value) {
  return {reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()};
}
std::string Jsonb(std::string_view json) {
  std::string out{'\1'};  // version of the format
  return out.append(json);
}

}  // namespace binary

void Array::Add(std::string_view bytes) {
  AppendBigEndian(bytes_, static_cast<std::uint32_t>(bytes.size()));
  bytes_.append(bytes);
  ++count_;
}

void Array::AddNull() {
  AppendBigEndian(bytes_, 0xFFFF'FFFFU);
  ++count_;
  ++nulls_;
}

std::string Array::Finish() const {
  std::string out;
  out.reserve(20 + bytes_.size());
  AppendBigEndian(out, count_ == 0 ? 0U : 1U);
  AppendBigEndian(out, nulls_ == 0 ? 0U : 1U);
  AppendBigEndian(out, static_cast<std::uint32_t>(type_));
  if (count_ > 0) {
    AppendBigEndian(out, count_);
    AppendBigEndian(out, 1U);  // lower bound
    out += bytes_;
  }
  return out;
}

Params& Params::Texts(std::span<const std::string> values) {
  Array array(Type::kText);
  for (const std::string& value : values) array.Add(value);
  return Add(array);
}

std::string ArrayLiteral(std::span<const std::string> values) {
  std::string literal = "{";
  for (const std::string& value : values) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + "}";
}

}  // namespace lotura::pg
