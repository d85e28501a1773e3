// Records with values at random, from few enough values that filters meet them often.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "libs/base/check.h"
#include "libs/resource/declaration.h"

namespace lotura::resource {

// Numbers from a seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  // From 0 to end - 1.
  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  bool OneIn(std::size_t chances) { return Below(chances) == 0; }
  template <typename Pool>
  const auto& Pick(const Pool& pool) {
    return pool[Below(std::size(pool))];
  }

 private:
  std::mt19937_64 random_;
};

inline constexpr std::string_view kTexts[] = {
    "",   "a",    "A",    "ab",  "aB", "b%", "x_y", "a*b", "a\\b", "ä",
    "Ä1", "Z",    "zz",   "'",   "\"", ":",  "a b", "(x)", "true", "1",
    "é",  "日本", "a\nb", "AND", "*",  "-1", "a.b", "US",  "DE",   "\U0001F600"};
inline constexpr std::string_view kKeys[] = {"a", "b", "a b", "a.b", "", "'", "\"", "*", "ä", "US"};
inline constexpr std::int64_t kIntegers[] = {
    0, 0, 1, -1, 2, 7, 42, 100, 2'147'483'647, -2'147'483'648};
inline constexpr std::int64_t kLongs[] = {9'007'199'254'740'993,
                                          std::numeric_limits<std::int64_t>::max(),
                                          std::numeric_limits<std::int64_t>::min()};
inline constexpr double kDoubles[] = {0,   -0.0,  1,      1.5,        -2.25,
                                      0.1, 1e300, 5e-324, 16'777'217, 3.4e38};
inline constexpr double kFloats[] = {0, -0.0, 1, 1.5, -2.25, 0.1, 1e-45, 3.4e38};
inline constexpr std::int64_t kSeconds[] = {
    0, -1, 1'768'478'400, 1'768'478'399, 951'782'400, -62'135'596'800, 253'402'300'799};
inline constexpr std::int32_t kNanos[] = {0,     0,   1'000,       123'456'000, 123'456'789, 500,
                                          1'500, 499, 999'999'999, 999'999'499, 500'000'000};

// Fills messages through reflection.
class RecordMaker {
 public:
  RecordMaker(Dice& dice, const Declaration& declaration)
      : dice_(dice), declaration_(declaration) {}

  std::unique_ptr<pbuf::Message> Make(int number) {
    std::unique_ptr<pbuf::Message> record = declaration_.NewMessage();
    for (const Column& column : declaration_.columns()) FillField(*record, *column.field, 0);
    const std::string name = fmt::format("{}/r{}", declaration_.pattern().Collection(), number);
    record->GetReflection()->SetString(record.get(), declaration_.name_field(), name);
    FillTime(
        *record->GetReflection()->MutableMessage(record.get(), declaration_.create_time_field()));
    FillTime(
        *record->GetReflection()->MutableMessage(record.get(), declaration_.update_time_field()));
    if (declaration_.delete_time_field() != nullptr && dice_.OneIn(3)) {
      FillTime(
          *record->GetReflection()->MutableMessage(record.get(), declaration_.delete_time_field()));
    }
    // Entries of maps were added as elements; only a message that was read has each key once.
    LOTURA_CHECK(record->ParseFromString(record->SerializeAsString()));
    return record;
  }

 private:
  static constexpr int kDepthMax = 2;

  void Fill(pbuf::Message& message, int depth) {
    const std::string& type = message.GetDescriptor()->full_name();
    if (type == "google.protobuf.Timestamp") return FillTime(message);
    if (type == "google.protobuf.Duration")
      return FillDuration(static_cast<pbuf::Duration&>(message));
    if (type == "google.type.Date")
      return FillDate(static_cast<google::type::Date&>(message), depth);
    if (type == "google.type.Money") return FillMoney(static_cast<google::type::Money&>(message));
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i)
      FillField(message, *message.GetDescriptor()->field(i), depth);
  }

  void FillField(pbuf::Message& message, const pbuf::FieldDescriptor& field, int depth) {
    if (dice_.OneIn(3)) return;
    const bool plain =
        field.message_type() == nullptr || field.message_type()->full_name().starts_with("google.");
    if (!plain && depth >= kDepthMax) return;
    if (!field.is_repeated()) return FillValue(message, field, depth);
    for (std::size_t left = dice_.Below(4); left > 0; --left) FillValue(message, field, depth);
  }

  // Sets the field, or adds an element to it.
  void FillValue(pbuf::Message& message, const pbuf::FieldDescriptor& field, int depth) {
    const pbuf::Reflection& reflection = *message.GetReflection();
    const bool add = field.is_repeated();
    const auto set = [&](auto adder, auto setter, auto value) {
      add ? (reflection.*adder)(&message, &field, value)
          : (reflection.*setter)(&message, &field, value);
    };
    using R = pbuf::Reflection;
    switch (field.cpp_type()) {
      case pbuf::FieldDescriptor::CPPTYPE_INT32:
        return set(&R::AddInt32, &R::SetInt32, static_cast<std::int32_t>(Integer()));
      case pbuf::FieldDescriptor::CPPTYPE_UINT32:
        return set(&R::AddUInt32, &R::SetUInt32, static_cast<std::uint32_t>(Integer()));
      case pbuf::FieldDescriptor::CPPTYPE_INT64:
        return set(&R::AddInt64, &R::SetInt64, Long());
      // Beyond the signed numbers only within documents: a column is a bigint.
      case pbuf::FieldDescriptor::CPPTYPE_UINT64:
        return set(&R::AddUInt64, &R::SetUInt64,
                   static_cast<std::uint64_t>(depth == 0 ? std::abs(Integer()) : Long()));
      case pbuf::FieldDescriptor::CPPTYPE_DOUBLE:
        return set(&R::AddDouble, &R::SetDouble, Double());
      case pbuf::FieldDescriptor::CPPTYPE_FLOAT:
        return set(&R::AddFloat, &R::SetFloat,
                   static_cast<float>(dice_.OneIn(12) ? std::nan("") : dice_.Pick(kFloats)));
      case pbuf::FieldDescriptor::CPPTYPE_BOOL:
        return set(&R::AddBool, &R::SetBool, dice_.OneIn(2));
      case pbuf::FieldDescriptor::CPPTYPE_ENUM: {
        const int values = field.enum_type()->value_count();
        const int number =
            field.enum_type()
                ->value(static_cast<int>(dice_.Below(static_cast<std::size_t>(values))))
                ->number();
        return set(&R::AddEnumValue, &R::SetEnumValue, number);
      }
      case pbuf::FieldDescriptor::CPPTYPE_STRING: {
        const bool key = field.containing_type()->options().map_entry() && field.number() == 1;
        return set(&R::AddString, &R::SetString,
                   std::string(key ? dice_.Pick(kKeys) : dice_.Pick(kTexts)));
      }
      case pbuf::FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    Fill(add ? *reflection.AddMessage(&message, &field)
             : *reflection.MutableMessage(&message, &field),
         depth + 1);
  }

  std::int64_t Integer() { return dice_.Pick(kIntegers); }
  std::int64_t Long() { return dice_.OneIn(4) ? dice_.Pick(kLongs) : Integer(); }

  double Double() {
    if (dice_.OneIn(12)) return std::numeric_limits<double>::quiet_NaN();
    if (dice_.OneIn(12))
      return dice_.OneIn(2) ? std::numeric_limits<double>::infinity()
                            : -std::numeric_limits<double>::infinity();
    return dice_.Pick(kDoubles);
  }

  void FillTime(pbuf::Message& message) {
    auto& time = static_cast<pbuf::Timestamp&>(message);
    time.set_seconds(dice_.Pick(kSeconds));
    time.set_nanos(dice_.Pick(kNanos));
  }

  void FillDuration(pbuf::Duration& duration) {
    const int sign = dice_.OneIn(3) ? -1 : 1;
    duration.set_seconds(sign * static_cast<std::int64_t>(dice_.Below(3)));
    duration.set_nanos(sign * dice_.Pick(kNanos));
  }

  // A column holds days that exist; documents hold parts of days as well.
  void FillDate(google::type::Date& date, int depth) {
    date.set_year(dice_.OneIn(2) ? 2024 : 1990 + static_cast<int>(dice_.Below(3)));
    date.set_month(2);
    date.set_day(static_cast<int>(dice_.Below(28)) + 1);
    if (depth > 1 && dice_.OneIn(3)) date.clear_day();
    if (depth > 1 && dice_.OneIn(5)) date.clear_year();
  }

  void FillMoney(google::type::Money& money) {
    const int sign = dice_.OneIn(3) ? -1 : 1;
    money.set_units(sign * static_cast<std::int64_t>(dice_.Below(3) * 50));
    money.set_nanos(sign * dice_.Pick(kNanos));
    if (!dice_.OneIn(4)) money.set_currency_code(dice_.OneIn(2) ? "EUR" : "USD");
  }

  Dice& dice_;
  const Declaration& declaration_;
};

}  // namespace lotura::resource
