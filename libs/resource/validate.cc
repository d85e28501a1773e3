#include "libs/resource/validate.h"

#include <fmt/format.h>
#include <google/api/field_behavior.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include "libs/base/text.h"
#include "libs/resource/match_key.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, as google.protobuf.Timestamp has it.
constexpr std::int64_t kSecondsMin = -62'135'596'800;
constexpr std::int64_t kSecondsMax = 253'402'300'799;
constexpr std::int32_t kNanosMax = 999'999'999;
// As google.protobuf.Duration has it.
constexpr std::int64_t kDurationSecondsMax = 315'576'000'000;

void CheckText(const std::string& value, const std::string& path, std::size_t size_max,
               Violations& violations) {
  const auto size = Utf8Size(value);
  if (!size.has_value()) return violations.Add(path, "INVALID_UTF8", "is not valid UTF-8");
  if (HasNul(value)) return violations.Add(path, "NUL_CHARACTER", "contains the character NUL");
  if (*size > size_max)
    violations.Add(path, "TOO_LONG",
                   fmt::format("has {} characters, at most {} are allowed", *size, size_max));
}

void CheckTimestamp(const pbuf::Timestamp& time, const std::string& path, Violations& violations) {
  if (time.seconds() < kSecondsMin || time.seconds() > kSecondsMax || time.nanos() < 0 ||
      time.nanos() > kNanosMax) {
    violations.Add(path, "TIME_INVALID", "is not a time between the years 1 and 9999");
  }
}

void CheckDuration(const pbuf::Duration& span, const std::string& path, Violations& violations) {
  const bool opposite_signs =
      (span.seconds() > 0 && span.nanos() < 0) || (span.seconds() < 0 && span.nanos() > 0);
  if (span.seconds() < -kDurationSecondsMax || span.seconds() > kDurationSecondsMax ||
      span.nanos() < -kNanosMax || span.nanos() > kNanosMax || opposite_signs) {
    violations.Add(path, "DURATION_INVALID", "is not a span of at most 10,000 years");
  }
}

void CheckDate(const google::type::Date& date, const std::string& path, Violations& violations) {
  const std::chrono::year_month_day day(std::chrono::year{date.year()},
                                        std::chrono::month{static_cast<unsigned>(date.month())},
                                        std::chrono::day{static_cast<unsigned>(date.day())});
  if (date.year() < 1 || date.year() > 9999 || date.month() < 1 || date.day() < 1 || !day.ok()) {
    violations.Add(path, "DATE_INVALID", "is not a day with year, month and day");
  }
}

void CheckMoney(const google::type::Money& money, const std::string& path, Violations& violations) {
  const std::string& code = money.currency_code();
  if (code.size() != 3 || !std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    violations.Add(path + ".currency_code", "CURRENCY_INVALID",
                   "is not a currency code of three capital letters (ISO 4217)");
  }
  const bool opposite_signs =
      (money.units() > 0 && money.nanos() < 0) || (money.units() < 0 && money.nanos() > 0);
  if (money.nanos() < -kNanosMax || money.nanos() > kNanosMax || opposite_signs) {
    violations.Add(path + ".nanos", "MONEY_INVALID",
                   "units and nanos differ in sign, or nanos reach a whole unit");
  }
}

void CheckRange(const Column& column, double value, const std::string& path,
                Violations& violations) {
  if (!column.range.has_value() || (value >= column.range->min() && value <= column.range->max()))
    return;
  violations.Add(
      path, "OUT_OF_RANGE",
      fmt::format("must lie between {} and {}", column.range->min(), column.range->max()));
}

double NumberOf(const pbuf::Message& record, const FieldDescriptor* field) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(record, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(record, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<double>(reflection.GetInt64(record, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<double>(reflection.GetUInt64(record, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return static_cast<double>(reflection.GetFloat(record, field));
    default:
      return reflection.GetDouble(record, field);
  }
}

void CheckNested(const pbuf::Message& message, const std::string& path, std::size_t size_max,
                 int depth, Violations& violations);

// One value of a field: that of a single one, or an element of a repeated one.
struct Element {
  const pbuf::Message& message;
  const FieldDescriptor* field;
  int index = -1;
};

void CheckElement(const Element& element, const std::string& path, std::size_t size_max, int depth,
                  Violations& violations) {
  const auto& [message, field, index] = element;
  const pbuf::Reflection& reflection = *message.GetReflection();
  if (field->type() == FieldDescriptor::TYPE_STRING) {
    CheckText(index < 0 ? reflection.GetString(message, field)
                        : reflection.GetRepeatedString(message, field, index),
              path, size_max, violations);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    CheckNested(index < 0 ? reflection.GetMessage(message, field)
                          : reflection.GetRepeatedMessage(message, field, index),
                path, size_max, depth + 1, violations);
  }
}

bool IsRequired(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == google::api::REQUIRED) return true;
  }
  return false;
}

void CheckNested(const pbuf::Message& message, const std::string& path, std::size_t size_max,
                 int depth, Violations& violations) {
  if (depth > kDepthMax)
    return violations.Add(path, "TOO_DEEP", fmt::format("messages nest deeper than {}", kDepthMax));
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp")
    return CheckTimestamp(static_cast<const pbuf::Timestamp&>(message), path, violations);
  if (type == "google.protobuf.Duration")
    return CheckDuration(static_cast<const pbuf::Duration&>(message), path, violations);
  if (type == "google.type.Money")
    return CheckMoney(static_cast<const google::type::Money&>(message), path, violations);
  const pbuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    // Made only where it is needed: most fields are unset.
    const auto field_path = [&] { return fmt::format("{}.{}", path, field->name()); };
    if (field->is_repeated()) {
      for (int k = 0; k < reflection.FieldSize(message, field); ++k) {
        CheckElement({message, field, k}, fmt::format("{}[{}]", field_path(), k), size_max, depth,
                     violations);
      }
    } else if (reflection.HasField(message, field)) {
      CheckElement({message, field}, field_path(), size_max, depth, violations);
    } else if (IsRequired(*field)) {
      violations.Add(field_path(), "REQUIRED", "is missing");
    }
  }
}

void CheckEnum(const pbuf::Message& record, const Column& column, const std::string& path,
               Violations& violations) {
  const int number = record.GetReflection()->GetEnumValue(record, column.field);
  if (column.field->enum_type()->FindValueByNumber(number) == nullptr) {
    violations.Add(
        path, "ENUM_UNKNOWN",
        fmt::format("{} is not a value of {}", number, column.field->enum_type()->name()));
  }
}

bool IsMissing(const pbuf::Message& record, const Column& column) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  if (column.field->is_repeated()) return reflection.FieldSize(record, column.field) == 0;
  if (column.field->has_presence()) return !reflection.HasField(record, column.field);
  // Zero and false are values; an empty text and an unspecified enum are none.
  if (column.type == ColumnType::kText) {
    std::string scratch;
    return Trim(reflection.GetStringReference(record, column.field, &scratch)).empty();
  }
  return column.type == ColumnType::kEnum && reflection.GetEnumValue(record, column.field) == 0;
}

void CheckRepeated(const pbuf::Message& record, const Column& column, const std::string& path,
                   Violations& violations) {
  const int size = record.GetReflection()->FieldSize(record, column.field);
  if (static_cast<std::size_t>(size) > column.max_size) {
    return violations.Add(
        path, "TOO_MANY",
        fmt::format("has {} items, at most {} are allowed", size, column.max_size));
  }
  constexpr std::size_t kItemTextMax = 1000;
  for (int i = 0; i < size; ++i)
    CheckElement({record, column.field, i}, fmt::format("{}[{}]", path, i), kItemTextMax, 1,
                 violations);
}

void CheckReferenceForm(const std::string& value, const std::string& path, Violations& violations) {
  if (value.find_first_of(" \t\n") != std::string::npos)
    violations.Add(path, "NAME_INVALID", "is not the name of a record");
}

void CheckSingular(const pbuf::Message& record, const Column& column, const std::string& path,
                   Violations& violations) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  switch (column.type) {
    case ColumnType::kText: {
      std::string scratch;
      const std::string& value = reflection.GetStringReference(record, column.field, &scratch);
      CheckText(value, path, column.max_size, violations);
      if (!column.reference.empty()) CheckReferenceForm(value, path, violations);
      if (column.match_key != options::v1::MATCH_KEY_UNSPECIFIED &&
          !NormalizeMatchKey(column.match_key, value).has_value()) {
        violations.Add(path, "FORMAT_INVALID", "does not have the form that the field asks for");
      }
      return;
    }
    case ColumnType::kInt64:
    case ColumnType::kDouble:
      return CheckRange(column, NumberOf(record, column.field), path, violations);
    case ColumnType::kEnum:
      return CheckEnum(record, column, path, violations);
    case ColumnType::kDate:
      return CheckDate(
          static_cast<const google::type::Date&>(reflection.GetMessage(record, column.field)), path,
          violations);
    case ColumnType::kMoney: {
      const auto& money =
          static_cast<const google::type::Money&>(reflection.GetMessage(record, column.field));
      CheckMoney(money, path, violations);
      const double amount = static_cast<double>(money.units()) + money.nanos() * 1e-9;
      return CheckRange(column, amount, path + ".units", violations);
    }
    case ColumnType::kTimestamp:
    case ColumnType::kJson:
      return CheckNested(reflection.GetMessage(record, column.field), path,
                         std::max<std::size_t>(column.max_size, 1000), 1, violations);
    case ColumnType::kBool:
    case ColumnType::kTextArray:
      return;
  }
}

}  // namespace

void CheckFields(const Declaration& declaration, const pbuf::Message& record,
                 const std::string& prefix, Violations& violations) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  std::string path = prefix;
  for (const Column& column : declaration.columns()) {
    path.resize(prefix.size());
    path += column.name;
    if (IsMissing(record, column)) {
      if (column.required) violations.Add(path, "REQUIRED", "is missing");
    }
    if (column.field->is_repeated()) {
      CheckRepeated(record, column, path, violations);
    } else if (!column.field->has_presence() || reflection.HasField(record, column.field)) {
      CheckSingular(record, column, path, violations);
    }
  }
  if (record.ByteSizeLong() > kRecordSizeMax) {
    violations.Add(prefix.substr(0, prefix.size() - 1), "TOO_LARGE",
                   fmt::format("the record is larger than {} bytes", kRecordSizeMax));
  }
}

void NormalizeTimes(pbuf::Message& record) {
  if (auto* time = dynamic_cast<pbuf::Timestamp*>(&record)) {
    time->set_nanos(time->nanos() - time->nanos() % 1000);
    return;
  }
  const pbuf::Reflection& reflection = *record.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(record, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      NormalizeTimes(*reflection.MutableMessage(&record, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(record, field); ++i)
      NormalizeTimes(*reflection.MutableRepeatedMessage(&record, field, i));
  }
}

}  // namespace lotura::resource
