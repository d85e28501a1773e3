#include "libs/resource/plain_json.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace lotura::resource {
namespace {

using Json = nlohmann::json;
using Field = pbuf::FieldDescriptor;

template <typename Integer>
std::optional<Integer> IntegerOf(const Json& json) {
  // 64 bits come as text, since JSON's numbers do not hold them.
  if (const auto* text = json.get_ptr<const std::string*>()) {
    Integer value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    const bool is_whole = error == std::errc() && end == text->data() + text->size();
    return is_whole ? std::optional(value) : std::nullopt;
  }
  if (const auto* value = json.get_ptr<const Json::number_unsigned_t*>()) {
    return std::in_range<Integer>(*value) ? std::optional(static_cast<Integer>(*value))
                                          : std::nullopt;
  }
  const auto* value = json.get_ptr<const Json::number_integer_t*>();
  if (value == nullptr || !std::in_range<Integer>(*value)) return std::nullopt;
  return static_cast<Integer>(*value);
}

bool ReadMessage(const Json& json, pbuf::Message& message);

// One value: that of a field, or one more of a list.
class Place {
 public:
  Place(pbuf::Message& message, const Field* field)
      : message_(message), field_(field), reflection_(*message.GetReflection()) {}

  bool Read(const Json& json) {
    switch (field_->cpp_type()) {
      case Field::CPPTYPE_STRING: {
        const auto* text = json.get_ptr<const std::string*>();
        // Bytes are in base 64.
        if (text == nullptr || field_->type() != Field::TYPE_STRING) return false;
        return Put(*text, &pbuf::Reflection::SetString, &pbuf::Reflection::AddString);
      }
      case Field::CPPTYPE_BOOL: {
        const auto* value = json.get_ptr<const bool*>();
        return value != nullptr &&
               Put(*value, &pbuf::Reflection::SetBool, &pbuf::Reflection::AddBool);
      }
      case Field::CPPTYPE_INT32:
        return PutInteger<std::int32_t>(json, &pbuf::Reflection::SetInt32,
                                        &pbuf::Reflection::AddInt32);
      case Field::CPPTYPE_UINT32:
        return PutInteger<std::uint32_t>(json, &pbuf::Reflection::SetUInt32,
                                         &pbuf::Reflection::AddUInt32);
      case Field::CPPTYPE_INT64:
        return PutInteger<std::int64_t>(json, &pbuf::Reflection::SetInt64,
                                        &pbuf::Reflection::AddInt64);
      case Field::CPPTYPE_UINT64:
        return PutInteger<std::uint64_t>(json, &pbuf::Reflection::SetUInt64,
                                         &pbuf::Reflection::AddUInt64);
      case Field::CPPTYPE_ENUM:
        return ReadEnum(json);
      case Field::CPPTYPE_MESSAGE:
        if (HasOwnJsonForm(*field_->message_type())) return false;
        return ReadMessage(json, field_->is_repeated()
                                     ? *reflection_.AddMessage(&message_, field_)
                                     : *reflection_.MutableMessage(&message_, field_));
      case Field::CPPTYPE_FLOAT:
      case Field::CPPTYPE_DOUBLE:
        return false;
    }
    return false;
  }

 private:
  template <typename Value, typename Set, typename Add>
  bool Put(Value value, Set set, Add add) {
    if (field_->is_repeated()) {
      (reflection_.*add)(&message_, field_, std::move(value));
    } else {
      (reflection_.*set)(&message_, field_, std::move(value));
    }
    return true;
  }

  template <typename Integer, typename Set, typename Add>
  bool PutInteger(const Json& json, Set set, Add add) {
    const auto value = IntegerOf<Integer>(json);
    return value.has_value() && Put(*value, set, add);
  }

  bool ReadEnum(const Json& json) {
    const auto* text = json.get_ptr<const std::string*>();
    if (text == nullptr) return false;
    const auto* value = field_->enum_type()->FindValueByName(*text);
    return value != nullptr && Put(value, &pbuf::Reflection::SetEnum, &pbuf::Reflection::AddEnum);
  }

  pbuf::Message& message_;
  const Field* const field_;
  const pbuf::Reflection& reflection_;
};

bool ReadField(const Json& json, const Field* field, pbuf::Message& message) {
  if (field->is_map() || field->is_extension()) return false;
  Place place(message, field);
  if (!field->is_repeated()) return place.Read(json);
  return json.is_array() &&
         std::ranges::all_of(json, [&](const Json& element) { return place.Read(element); });
}

bool ReadMessage(const Json& json, pbuf::Message& message) {
  if (!json.is_object()) return false;
  return std::ranges::all_of(json.items(), [&](const auto& item) {
    const Field* field = message.GetDescriptor()->FindFieldByName(item.key());
    return field != nullptr && ReadField(item.value(), field, message);
  });
}

}  // namespace

bool ReadPlainJson(std::string_view json, const Field* field, pbuf::Message& record) {
  if (json == "[]") return field->is_repeated();
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_discarded() && ReadField(parsed, field, record)) return true;
  record.GetReflection()->ClearField(&record, field);
  return false;
}

}  // namespace lotura::resource
