#include "libs/resource/codec.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include <charconv>

#include "libs/base/check.h"
#include "libs/resource/message_copy.h"
#include "libs/resource/plain_json.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

constexpr std::size_t kStandardColumns = 5;  // name, version, create_time, update_time, delete_time

pg::Type WireType(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return pg::Type::kInt64;
    case ColumnType::kDouble:
      return pg::Type::kFloat64;
    case ColumnType::kBool:
      return pg::Type::kBool;
    case ColumnType::kTimestamp:
      return pg::Type::kTimestamptz;
    case ColumnType::kDate:
      return pg::Type::kDate;
    case ColumnType::kJson:
      return pg::Type::kJsonb;
    case ColumnType::kText:
    case ColumnType::kEnum:
    case ColumnType::kMoney:
    case ColumnType::kTextArray:
      return pg::Type::kText;
  }
  LOTURA_CHECK(false);
}

std::int64_t IntegerOf(const pbuf::Message& record, const FieldDescriptor* field) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(record, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(record, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<std::int64_t>(reflection.GetUInt64(record, field));
    default:
      return reflection.GetInt64(record, field);
  }
}

void SetInteger(pbuf::Message& record, const FieldDescriptor* field, std::int64_t value) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&record, field, static_cast<std::int32_t>(value));
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&record, field, static_cast<std::uint32_t>(value));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&record, field, static_cast<std::uint64_t>(value));
    default:
      return reflection.SetInt64(&record, field, value);
  }
}

double DoubleOf(const pbuf::Message& record, const FieldDescriptor* field) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  return field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT
             ? static_cast<double>(reflection.GetFloat(record, field))
             : reflection.GetDouble(record, field);
}

std::string DateOf(const pbuf::Message& record, const FieldDescriptor* field) {
  const auto& date =
      static_cast<const google::type::Date&>(record.GetReflection()->GetMessage(record, field));
  return pg::binary::Date(
      std::chrono::sys_days{std::chrono::year{date.year()} / date.month() / date.day()});
}

std::string PrintJson(const pbuf::Message& message) {
  std::string json;
  if (AppendPlainJson(message, json)) return json;
  json.clear();
  pbuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  LOTURA_CHECK(pbuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

// proto3 JSON of a field that is no message: that of a record that has nothing else, without the
// braces and the name around it.
std::string JsonOfAny(const pbuf::Message& record, const FieldDescriptor* field) {
  const std::unique_ptr<pbuf::Message> only = CopyOf(record);
  std::vector<const FieldDescriptor*> fields;
  only->GetReflection()->ListFields(*only, &fields);
  for (const FieldDescriptor* other : fields) {
    if (other != field) only->GetReflection()->ClearField(only.get(), other);
  }
  const std::string json = PrintJson(*only);
  const std::size_t colon = json.find(':');
  return json.substr(colon + 1, json.size() - colon - 2);
}

// proto3 JSON of one field.
std::string JsonOf(const pbuf::Message& record, const FieldDescriptor* field) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (!field->is_repeated())
    return is_message ? PrintJson(reflection.GetMessage(record, field)) : JsonOfAny(record, field);
  const int size = reflection.FieldSize(record, field);
  if (size == 0) return field->is_map() ? "{}" : "[]";
  if (!is_message || field->is_map()) return JsonOfAny(record, field);
  std::string json = "[";
  for (int i = 0; i < size; ++i) {
    if (i > 0) json += ',';
    json += PrintJson(reflection.GetRepeatedMessage(record, field, i));
  }
  return json + ']';
}

// Whether a value was understood as a whole; what was not is written by a newer release.
enum class Understood { kNo, kYes };

Understood SetJson(pbuf::Message& record, const FieldDescriptor* field, std::string_view json) {
  if (ReadPlainJson(json, field, record)) return Understood::kYes;
  const std::unique_ptr<pbuf::Message> only(record.New());
  const std::string text = fmt::format("{{\"{}\":{}}}", field->name(), json);
  pbuf::util::JsonParseOptions options;
  const bool whole = pbuf::util::JsonStringToMessage(text, only.get(), options).ok();
  if (!whole) {
    options.ignore_unknown_fields = true;
    only->Clear();
    LOTURA_CHECK(pbuf::util::JsonStringToMessage(text, only.get(), options).ok());
  }
  record.MergeFrom(*only);
  return whole ? Understood::kYes : Understood::kNo;
}

Understood SetEnum(pbuf::Message& record, const FieldDescriptor* field, std::string_view text) {
  const std::optional<int> number = EnumNumber(*field->enum_type(), text);
  record.GetReflection()->SetEnumValue(&record, field, number.value_or(0));
  return number.has_value() ? Understood::kYes : Understood::kNo;
}

std::vector<std::string> TextsOf(const pbuf::Message& record, const FieldDescriptor* field) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  std::vector<std::string> texts;
  for (int i = 0; i < reflection.FieldSize(record, field); ++i)
    texts.push_back(reflection.GetRepeatedString(record, field, i));
  return texts;
}

const google::type::Money& MoneyOf(const pbuf::Message& record, const FieldDescriptor* field) {
  return static_cast<const google::type::Money&>(record.GetReflection()->GetMessage(record, field));
}

// Value of a field that is set, in the form of its array.
std::string Encode(const pbuf::Message& record, const TableColumn& column) {
  const FieldDescriptor* field = column.column->field;
  const pbuf::Reflection& reflection = *record.GetReflection();
  switch (column.column->type) {
    case ColumnType::kText:
      return reflection.GetString(record, field);
    case ColumnType::kInt64:
      return pg::binary::Int64(IntegerOf(record, field));
    case ColumnType::kDouble:
      return pg::binary::Float64(DoubleOf(record, field));
    case ColumnType::kBool:
      return pg::binary::Bool(reflection.GetBool(record, field));
    case ColumnType::kEnum:
      return EnumText(*field->enum_type(), reflection.GetEnumValue(record, field));
    case ColumnType::kTimestamp:
      return pg::binary::Timestamp(GetTimestamp(record, field));
    case ColumnType::kDate:
      return DateOf(record, field);
    case ColumnType::kMoney: {
      const google::type::Money& money = MoneyOf(record, field);
      return column.is_currency ? money.currency_code() : DecimalOf(money.units(), money.nanos());
    }
    case ColumnType::kTextArray:
      return pg::ArrayLiteral(TextsOf(record, field));
    case ColumnType::kJson:
      return pg::binary::Jsonb(JsonOf(record, field));
  }
  LOTURA_CHECK(false);
}

// The same in the type of the column itself.
std::string EncodeColumn(const pbuf::Message& record, const TableColumn& column) {
  if (column.column->type == ColumnType::kTextArray)
    return pg::binary::TextArray(TextsOf(record, column.column->field));
  std::string value = Encode(record, column);
  const bool is_amount = column.column->type == ColumnType::kMoney && !column.is_currency;
  return is_amount ? pg::binary::Numeric(value) : value;
}

bool IsUnset(const pbuf::Message& record, const Column& column) {
  if (!column.nullable) return false;
  const pbuf::Reflection& reflection = *record.GetReflection();
  if (column.field->has_presence()) return !reflection.HasField(record, column.field);
  return reflection.GetString(record, column.field).empty();
}

void SetDate(pbuf::Message& record, const FieldDescriptor* field, std::chrono::sys_days day) {
  auto* date =
      static_cast<google::type::Date*>(record.GetReflection()->MutableMessage(&record, field));
  const std::chrono::year_month_day civil(day);
  date->set_year(static_cast<int>(civil.year()));
  date->set_month(static_cast<int>(static_cast<unsigned>(civil.month())));
  date->set_day(static_cast<int>(static_cast<unsigned>(civil.day())));
}

void SetMoney(pbuf::Message& record, const FieldDescriptor* field, std::string_view decimal,
              std::string_view currency) {
  auto* money =
      static_cast<google::type::Money*>(record.GetReflection()->MutableMessage(&record, field));
  const bool negative = decimal.starts_with('-');
  const std::size_t point = decimal.find('.');
  std::int64_t units = 0;
  const std::string_view whole = decimal.substr(0, point);
  LOTURA_CHECK(std::from_chars(whole.data(), whole.data() + whole.size(), units).ec == std::errc());
  std::int32_t nanos = 0;
  for (std::size_t i = 1; point != std::string_view::npos && i <= 9; ++i) {
    nanos = nanos * 10 + (point + i < decimal.size() ? decimal[point + i] - '0' : 0);
  }
  money->set_units(units);
  money->set_nanos(negative ? -nanos : nanos);
  money->set_currency_code(std::string(currency));
}

// Values of types that never grow a new one.
void DecodePlain(const pg::Rows& rows, std::size_t row, std::size_t place,
                 const TableColumn& column, pbuf::Message& record) {
  const FieldDescriptor* field = column.column->field;
  const pbuf::Reflection& reflection = *record.GetReflection();
  switch (column.column->type) {
    case ColumnType::kText:
      return reflection.SetString(&record, field, rows.String(row, place));
    case ColumnType::kInt64:
      return SetInteger(record, field, rows.Int(row, place));
    case ColumnType::kDouble:
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
        return reflection.SetFloat(&record, field, static_cast<float>(rows.Double(row, place)));
      }
      return reflection.SetDouble(&record, field, rows.Double(row, place));
    case ColumnType::kBool:
      return reflection.SetBool(&record, field, rows.Bool(row, place));
    case ColumnType::kTimestamp:
      return SetTimestamp(record, field, rows.Time(row, place));
    case ColumnType::kDate:
      return SetDate(record, field, rows.Date(row, place));
    case ColumnType::kMoney:
      // The currency stands right after the amount.
      if (!column.is_currency)
        SetMoney(record, field, rows.Numeric(row, place), rows.Text(row, place + 1));
      return;
    case ColumnType::kTextArray:
      for (std::string& text : rows.Texts(row, place))
        reflection.AddString(&record, field, std::move(text));
      return;
    case ColumnType::kEnum:
    case ColumnType::kJson:
      LOTURA_CHECK(false);
  }
}

Understood Decode(const pg::Rows& rows, std::size_t row, std::size_t place,
                  const TableColumn& column, pbuf::Message& record) {
  const FieldDescriptor* field = column.column->field;
  if (column.column->type == ColumnType::kEnum)
    return SetEnum(record, field, rows.Text(row, place));
  if (column.column->type == ColumnType::kJson)
    return SetJson(record, field, rows.Text(row, place));
  DecodePlain(rows, row, place, column, record);
  return Understood::kYes;
}

}  // namespace

Codec::Codec(const Declaration& declaration) : declaration_(declaration) {
  for (const Column& column : declaration.columns()) {
    std::string cast;
    if (column.type == ColumnType::kMoney) cast = "::numeric";
    if (column.type == ColumnType::kTextArray) cast = "::text[]";
    columns_.push_back({&column, column.name, WireType(column.type), cast, false});
    if (column.type == ColumnType::kMoney)
      columns_.push_back({&column, column.CurrencyColumn(), pg::Type::kText, "", true});
  }
  select_list_ = declaration.soft_delete()
                     ? "name, version, create_time, update_time, delete_time"
                     : "name, version, create_time, update_time, NULL::timestamptz AS delete_time";
  for (const TableColumn& column : columns_) select_list_ += ", " + column.name;
}

void Codec::AppendRow(const pbuf::Message& record, std::vector<pg::Array>& arrays) const {
  LOTURA_CHECK(arrays.size() == columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (IsUnset(record, *columns_[i].column)) {
      arrays[i].AddNull();
    } else {
      arrays[i].Add(Encode(record, columns_[i]));
    }
  }
}

void Codec::AppendRow(const pbuf::Message& record, pg::CopyRows& rows) const {
  for (const TableColumn& column : columns_) {
    if (IsUnset(record, *column.column)) {
      rows.AddNull();
    } else {
      rows.Add(EncodeColumn(record, column));
    }
  }
}

Record Codec::ReadRow(const pg::Rows& rows, std::size_t row,
                      const std::shared_ptr<pbuf::Arena>& arena) const {
  const std::shared_ptr<pbuf::Message> message = declaration_.NewMessage(arena);
  const pbuf::Reflection& reflection = *message->GetReflection();
  Record record;
  record.version = rows.Int(row, 1);
  record.deleted = !rows.IsNull(row, 4);
  reflection.SetString(message.get(), declaration_.name_field(), rows.String(row, 0));
  reflection.SetString(message.get(), declaration_.etag_field(), EtagOf(record.version));
  SetTimestamp(*message, declaration_.create_time_field(), rows.Time(row, 2));
  SetTimestamp(*message, declaration_.update_time_field(), rows.Time(row, 3));
  if (record.deleted) SetTimestamp(*message, declaration_.delete_time_field(), rows.Time(row, 4));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t place = kStandardColumns + i;
    if (rows.IsNull(row, place)) continue;
    if (Decode(rows, row, place, columns_[i], *message) == Understood::kNo) record.newer = true;
  }
  record.message = message;
  return record;
}

}  // namespace lotura::resource
