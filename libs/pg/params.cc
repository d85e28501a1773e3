#include "libs/pg/params.h"

#include <algorithm>
#include <bit>

#include "libs/pg/wire.h"

namespace lotura::pg {
namespace {

template <typename Unsigned>
std::string BigEndian(Unsigned value) {
  std::string out;
  AppendBigEndian(out, value);
  return out;
}

}  // namespace

namespace binary {

std::string Int16(std::int16_t value) { return BigEndian(static_cast<std::uint16_t>(value)); }
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

// Digits to the base of 10,000, the first one of the power `weight`, without zeros at either end.
std::string Numeric(std::string_view decimal) {
  constexpr std::size_t kGroup = 4;
  const bool negative = decimal.starts_with('-');
  if (negative) decimal.remove_prefix(1);
  const std::size_t point = std::min(decimal.find('.'), decimal.size());
  const std::string_view whole = decimal.substr(0, point);
  const std::string_view decimals = decimal.substr(std::min(point + 1, decimal.size()));
  std::string digits((kGroup - whole.size() % kGroup) % kGroup, '0');
  digits.append(whole).append(decimals);
  digits.append((kGroup - decimals.size() % kGroup) % kGroup, '0');
  std::vector<std::uint16_t> groups;
  for (std::size_t i = 0; i < digits.size(); i += kGroup) {
    std::uint16_t group = 0;
    for (const char digit : std::string_view(digits).substr(i, kGroup))
      group = static_cast<std::uint16_t>(group * 10 + (digit - '0'));
    groups.push_back(group);
  }
  auto weight = static_cast<std::int16_t>((whole.size() + kGroup - 1) / kGroup - 1);
  while (!groups.empty() && groups.back() == 0) groups.pop_back();
  const auto first = std::ranges::find_if(groups, [](std::uint16_t group) { return group != 0; });
  weight = groups.empty() ? std::int16_t{0}
                          : static_cast<std::int16_t>(weight - (first - groups.begin()));
  groups.erase(groups.begin(), first);
  const std::uint16_t sign = negative && !groups.empty() ? 0x4000 : 0;
  std::string out = BigEndian(static_cast<std::uint16_t>(groups.size()));
  AppendBigEndian(out, static_cast<std::uint16_t>(weight));
  AppendBigEndian(out, sign);
  AppendBigEndian(out, static_cast<std::uint16_t>(decimals.size()));
  for (const std::uint16_t group : groups) AppendBigEndian(out, group);
  return out;
}

std::string TextArray(std::span<const std::string> values) {
  Array array(Type::kText);
  for (const std::string& value : values) array.Add(value);
  return array.Finish();
}

}  // namespace binary

void Array::Add(std::string_view bytes) {
  AppendBigEndian(bytes_, static_cast<std::uint32_t>(bytes.size()));
  bytes_.append(bytes);
  ++count_;
}

void Array::AddNull() {
  AppendBigEndian(bytes_, kNullSize);
  ++count_;
  ++nulls_;
}

Array Array::Pick(std::span<const std::size_t> places) const {
  if (places.size() == count_) return *this;
  Array picked(type_);
  std::string_view rest = bytes_;
  for (std::size_t place = 0; place < count_ && !places.empty(); ++place) {
    const std::optional<std::string_view> element = TakeElement(rest);
    if (place != places.front()) continue;
    places = places.subspan(1);
    element.has_value() ? picked.Add(*element) : picked.AddNull();
  }
  return picked;
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
  return Raw(binary::TextArray(values));
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
