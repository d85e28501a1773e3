// Single values: times, enums, decimals.
#include <fmt/format.h>
#include <google/protobuf/timestamp.pb.h>

#include "libs/base/text.h"
#include "libs/resource/codec.h"

namespace lotura::resource {

std::string EtagOf(std::int64_t version) { return fmt::format("\"v{}\"", version); }

void SetTimestamp(pbuf::Message& record, const pbuf::FieldDescriptor* field, Instant time) {
  if (field == nullptr) return;
  auto* timestamp =
      static_cast<pbuf::Timestamp*>(record.GetReflection()->MutableMessage(&record, field));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timestamp->set_seconds(seconds.time_since_epoch().count());
  timestamp->set_nanos(static_cast<std::int32_t>((time - seconds).count() * 1000));
}

Instant GetTimestamp(const pbuf::Message& record, const pbuf::FieldDescriptor* field) {
  const auto& timestamp =
      static_cast<const pbuf::Timestamp&>(record.GetReflection()->GetMessage(record, field));
  return Instant(std::chrono::seconds(timestamp.seconds()) +
                 std::chrono::microseconds(timestamp.nanos() / 1000));
}

namespace {

// "STATE_" of the type State; values of another form keep their whole name.
std::string PrefixOf(const pbuf::EnumDescriptor& type) {
  std::string prefix = ToSnakeCase(type.name());
  for (char& c : prefix) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return prefix + "_";
}

}  // namespace

std::string EnumText(const pbuf::EnumDescriptor& type, int number) {
  const pbuf::EnumValueDescriptor* value = type.FindValueByNumber(number);
  if (value == nullptr) return "UNSPECIFIED";
  const std::string prefix = PrefixOf(type);
  return value->name().starts_with(prefix) ? value->name().substr(prefix.size()) : value->name();
}

std::optional<int> EnumNumber(const pbuf::EnumDescriptor& type, std::string_view text) {
  const pbuf::EnumValueDescriptor* value = type.FindValueByName(PrefixOf(type) + std::string(text));
  if (value == nullptr) value = type.FindValueByName(std::string(text));
  if (value == nullptr) return std::nullopt;
  return value->number();
}

std::string DecimalOf(std::int64_t units, std::int32_t nanos) {
  const bool negative = units < 0 || nanos < 0;
  const std::uint64_t whole =
      units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  std::string text = fmt::format("{}{}", negative ? "-" : "", whole);
  if (nanos != 0) {
    text += fmt::format(".{:09}", nanos < 0 ? -nanos : nanos);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

}  // namespace lotura::resource
