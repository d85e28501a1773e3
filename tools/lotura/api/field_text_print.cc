// The half of field_text.h that writes.
#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include "libs/base/calendar.h"
#include "libs/base/text.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"

namespace lotura::api {
namespace {

using pbuf::FieldDescriptor;

// A message of a well-known type as that type, whether it is generated or dynamic.
template <typename Known>
Known As(const pbuf::Message& message) {
  Known known;
  known.ParseFromString(message.SerializeAsString());
  return known;
}

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  std::string text = ToRfc3339(ToInstant(timestamp));
  if (text.ends_with("T00:00:00Z")) return text.substr(0, 10);
  // Microseconds matter to programs, not to a table.
  return fmt::format("{} {}", text.substr(0, 10), text.substr(11, 8));
}

std::string MessageText(const pbuf::Message& message) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.type.Money") {
    const auto money = As<google::type::Money>(message);
    return MoneyText(money.units(), money.nanos(), money.currency_code());
  }
  if (type == "google.type.Date") {
    const auto date = As<google::type::Date>(message);
    return fmt::format("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
  }
  if (type == "google.protobuf.Timestamp")
    return TimeText(As<google::protobuf::Timestamp>(message));
  if (type == "google.protobuf.Duration")
    return DurationText(As<google::protobuf::Duration>(message).seconds());
  if (type == "google.protobuf.FieldMask") {
    const auto mask = As<google::protobuf::FieldMask>(message);
    std::string text;
    for (const std::string& path : mask.paths()) text += (text.empty() ? "" : ", ") + path;
    return text;
  }
  return ToJson(message, JsonStyle::kCompact);
}

// `index` is of an item of a repeated field, or -1.
std::string ItemText(const pbuf::Message& message, const FieldDescriptor& field, int index) {
  const pbuf::Reflection& r = *message.GetReflection();
  const bool item = index >= 0;
  const auto* f = &field;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return item ? r.GetRepeatedString(message, f, index) : r.GetString(message, f);
    case FieldDescriptor::CPPTYPE_BOOL:
      return (item ? r.GetRepeatedBool(message, f, index) : r.GetBool(message, f)) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_INT32:
      return fmt::to_string(item ? r.GetRepeatedInt32(message, f, index) : r.GetInt32(message, f));
    case FieldDescriptor::CPPTYPE_INT64:
      return fmt::to_string(item ? r.GetRepeatedInt64(message, f, index) : r.GetInt64(message, f));
    case FieldDescriptor::CPPTYPE_UINT32:
      return fmt::to_string(item ? r.GetRepeatedUInt32(message, f, index)
                                 : r.GetUInt32(message, f));
    case FieldDescriptor::CPPTYPE_UINT64:
      return fmt::to_string(item ? r.GetRepeatedUInt64(message, f, index)
                                 : r.GetUInt64(message, f));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::to_string(item ? r.GetRepeatedDouble(message, f, index)
                                 : r.GetDouble(message, f));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return fmt::to_string(item ? r.GetRepeatedFloat(message, f, index) : r.GetFloat(message, f));
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(item ? *r.GetRepeatedEnum(message, f, index) : *r.GetEnum(message, f));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(item ? r.GetRepeatedMessage(message, f, index) : r.GetMessage(message, f));
  }
  return "";
}

}  // namespace

std::string ToText(const pbuf::Message& message, const FieldDescriptor& field) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated())
    return reflection.HasField(message, &field) ? ItemText(message, field, -1) : "";
  std::string text;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i)
    text += (i > 0 ? ", " : "") + ItemText(message, field, i);
  return text;
}

std::string GroupedText(std::int64_t number) {
  std::string digits = fmt::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t end = digits.size(); end > first + 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string MoneyText(std::int64_t units, std::int32_t nanos, const std::string& currency) {
  std::string text = units == 0 && nanos < 0 ? "-0" : GroupedText(units);
  if (nanos != 0) {
    std::string fraction = fmt::format("{:09}", std::abs(nanos));
    while (fraction.size() > 2 && fraction.ends_with('0')) fraction.pop_back();
    text += "." + fraction;
  }
  return text + " " + currency;
}

std::string DurationText(std::int64_t seconds) {
  struct Unit {
    std::int64_t size;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits{{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const auto [size, name] = kUnits[i];
    if (seconds < size) continue;
    const std::string text = fmt::format("{} {}", GroupedText(seconds / size), name);
    if (i + 1 == kUnits.size()) return text;
    const std::int64_t rest = seconds % size / kUnits[i + 1].size;
    return rest == 0 ? text : fmt::format("{} {} {}", text, rest, kUnits[i + 1].name);
  }
  return fmt::format("{} s", seconds);
}

std::string EnumText(const pbuf::EnumValueDescriptor& value) {
  const std::string prefix = ToSnakeCase(value.type()->name()) + "_";
  const std::string name = ToLowerAscii(value.name());
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace lotura::api
