#include "tools/lotura/api/field_text.h"

#include <fmt/format.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/time_util.h>

#include <charconv>
#include <cmath>

#include "libs/base/calendar.h"
#include "libs/base/errors.h"
#include "libs/base/money.h"
#include "libs/base/text.h"
#include "tools/lotura/api/json.h"

namespace lotura::api {
namespace {

using pbuf::FieldDescriptor;

absl::Status Malformed(const FieldDescriptor& field, const std::string& text,
                       std::string_view expected) {
  return InvalidArgument(field.name(), "VALUE_MALFORMED",
                         fmt::format("'{}' is not {}", text, expected));
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The value whose full or short name this is, in upper or lower case.
const pbuf::EnumValueDescriptor* FindValue(const pbuf::EnumDescriptor& type,
                                           const std::string& text) {
  const std::string wanted = ToLowerAscii(text);
  for (int i = 0; i < type.value_count(); ++i) {
    const pbuf::EnumValueDescriptor* value = type.value(i);
    if (ToLowerAscii(value->name()) == wanted || EnumText(*value) == wanted) return value;
  }
  return nullptr;
}

absl::StatusOr<google::type::Money> ParseMoney(const FieldDescriptor& field,
                                               const std::string& text) {
  const auto parts = Split(Trim(text), ' ');
  if (parts.size() != 2 || parts[1].size() != 3)
    return Malformed(field, text, "an amount and its currency, such as '12.50 EUR'");
  std::string_view digits = parts[0];
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const std::size_t point = digits.find('.');
  const std::string_view whole = digits.substr(0, point);
  std::string fraction(point == std::string_view::npos ? "" : digits.substr(point + 1));
  const bool fraction_fits = point == std::string_view::npos || !fraction.empty();
  fraction.resize(std::max<std::size_t>(fraction.size(), 9), '0');
  const auto units = ParseNumber<std::uint64_t>(whole);
  const auto nanos = ParseNumber<std::uint32_t>(fraction);
  if (!units || !nanos || !fraction_fits || fraction.size() > 9 || *units > 1'000'000'000'000'000)
    return Malformed(field, text, "an amount of money with at most nine decimal places");
  google::type::Money money;
  const auto signed_units = static_cast<std::int64_t>(*units);
  const auto signed_nanos = static_cast<std::int32_t>(*nanos);
  money.set_units(negative ? -signed_units : signed_units);
  money.set_nanos(negative ? -signed_nanos : signed_nanos);
  money.set_currency_code(std::string(parts[1]));
  return money;
}

absl::StatusOr<google::type::Date> ParseDate(const FieldDescriptor& field,
                                             const std::string& text) {
  const auto parts = Split(text, '-');
  google::type::Date date;
  if (text.size() == 10 && parts.size() == 3 && parts[0].size() == 4 && parts[1].size() == 2) {
    date.set_year(ParseNumber<int>(parts[0]).value_or(0));
    date.set_month(ParseNumber<int>(parts[1]).value_or(0));
    date.set_day(ParseNumber<int>(parts[2]).value_or(0));
  }
  if (!ToDay(date).has_value()) return Malformed(field, text, "a day such as 2017-03-01");
  return date;
}

absl::Status AssignMessage(pbuf::Message& target, const FieldDescriptor& field,
                           const std::string& text) {
  const std::string& type = field.message_type()->full_name();
  if (type == "google.type.Money") {
    LOTURA_ASSIGN_OR_RETURN(const google::type::Money money, ParseMoney(field, text));
    target.CopyFrom(money);
  } else if (type == "google.type.Date") {
    LOTURA_ASSIGN_OR_RETURN(const google::type::Date date, ParseDate(field, text));
    target.CopyFrom(date);
  } else if (type == "google.protobuf.Timestamp") {
    google::protobuf::Timestamp time;
    const std::string full = text.size() == 10 ? text + "T00:00:00Z" : text;
    if (!pbuf::util::TimeUtil::FromString(full, &time))
      return Malformed(field, text, "a time such as 2017-03-01 or 2017-03-01T09:30:00Z");
    target.CopyFrom(time);
  } else if (type == "google.protobuf.Duration") {
    google::protobuf::Duration span;
    if (!pbuf::util::TimeUtil::FromString(text, &span))
      return Malformed(field, text, "a span of time such as 90s");
    target.CopyFrom(span);
  } else {
    return FromJson(text, target);
  }
  return absl::OkStatus();
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

absl::Status AssignEnum(pbuf::Message& message, const FieldDescriptor& field,
                        const std::string& text) {
  const pbuf::EnumValueDescriptor* value = FindValue(*field.enum_type(), text);
  if (value == nullptr) {
    std::string values;
    for (int i = 1; i < field.enum_type()->value_count(); ++i)
      values += (i > 1 ? ", " : "") + EnumText(*field.enum_type()->value(i));
    return Malformed(field, text, "one of " + values);
  }
  if (field.is_repeated()) {
    message.GetReflection()->AddEnum(&message, &field, value);
  } else {
    message.GetReflection()->SetEnum(&message, &field, value);
  }
  return absl::OkStatus();
}

absl::Status SetRepeated(pbuf::Message& message, const FieldDescriptor& field,
                         const std::string& text) {
  if (text.starts_with('[')) {
    // The whole list goes through the JSON of its message, so that items of any type are read.
    const auto holder = std::unique_ptr<pbuf::Message>(message.New());
    LOTURA_RETURN_IF_ERROR(FromJson(fmt::format("{{\"{}\": {}}}", field.name(), text), *holder));
    message.MergeFrom(*holder);
    return absl::OkStatus();
  }
  for (const std::string_view item : Split(text, ','))
    LOTURA_RETURN_IF_ERROR(AssignText(message, field, std::string(Trim(item))));
  return absl::OkStatus();
}

}  // namespace

absl::Status AssignText(pbuf::Message& message, const FieldDescriptor& field,
                        const std::string& text) {
  using R = pbuf::Reflection;
  // `set` and `add` are the two functions of the reflection for fields of the value's type.
  const auto put = [&](auto value, auto set, auto add, std::string_view expected) -> absl::Status {
    if (!value.has_value()) return Malformed(field, text, expected);
    const R* reflection = message.GetReflection();
    if (field.is_repeated()) {
      (reflection->*add)(&message, &field, std::move(*value));
    } else {
      (reflection->*set)(&message, &field, std::move(*value));
    }
    return absl::OkStatus();
  };
  constexpr std::string_view kWhole = "a whole number in range";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return put(std::optional(text), &R::SetString, &R::AddString, "text");
    case FieldDescriptor::CPPTYPE_BOOL:
      return put(ParseBool(text), &R::SetBool, &R::AddBool, "true or false");
    case FieldDescriptor::CPPTYPE_INT32:
      return put(ParseNumber<std::int32_t>(text), &R::SetInt32, &R::AddInt32, kWhole);
    case FieldDescriptor::CPPTYPE_INT64:
      return put(ParseNumber<std::int64_t>(text), &R::SetInt64, &R::AddInt64, kWhole);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(ParseNumber<std::uint32_t>(text), &R::SetUInt32, &R::AddUInt32, kWhole);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(ParseNumber<std::uint64_t>(text), &R::SetUInt64, &R::AddUInt64, kWhole);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put(ParseNumber<double>(text), &R::SetDouble, &R::AddDouble, "a number");
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put(ParseNumber<float>(text), &R::SetFloat, &R::AddFloat, "a number");
    case FieldDescriptor::CPPTYPE_ENUM:
      return AssignEnum(message, field, text);
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      pbuf::Message* target = field.is_repeated()
                                  ? message.GetReflection()->AddMessage(&message, &field)
                                  : message.GetReflection()->MutableMessage(&message, &field);
      return AssignMessage(*target, field, text);
    }
  }
  return Malformed(field, text, "of a type that can be set");
}

absl::Status SetPath(pbuf::Message& message, std::string_view path, const std::string& text) {
  const std::size_t dot = path.find('.');
  const std::string first(path.substr(0, dot));
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(first);
  if (field == nullptr) {
    return InvalidArgument(
        first, "FIELD_UNKNOWN",
        fmt::format("{} has no field of this name", message.GetDescriptor()->name()));
  }
  const pbuf::Reflection* reflection = message.GetReflection();
  if (dot != std::string_view::npos) {
    if (field->message_type() == nullptr || field->is_repeated())
      return InvalidArgument(std::string(path), "FIELD_UNKNOWN", "nothing lies below this field");
    return SetPath(*reflection->MutableMessage(&message, field), path.substr(dot + 1), text);
  }
  reflection->ClearField(&message, field);
  if (text.empty()) return absl::OkStatus();
  return field->is_repeated() ? SetRepeated(message, *field, text)
                              : AssignText(message, *field, text);
}

}  // namespace lotura::api
