#include "libs/resource/plain_json.h"

#include <simdjson.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace lotura::resource {
namespace {

using Json = simdjson::dom::element;
using Field = pbuf::FieldDescriptor;

// The value, if the document has it in this form.
template <typename Value>
std::optional<Value> As(const Json& json) {
  Value value;
  return json.get(value) == simdjson::SUCCESS ? std::optional(value) : std::nullopt;
}

template <typename Integer>
std::optional<Integer> IntegerOf(const Json& json) {
  // 64 bits come as text, since JSON's numbers do not hold them.
  if (const auto text = As<std::string_view>(json)) {
    Integer value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    const bool is_whole = error == std::errc() && end == text->data() + text->size();
    return is_whole ? std::optional(value) : std::nullopt;
  }
  // A number between those of both signs is in either form.
  if (const auto value = As<std::uint64_t>(json)) {
    return std::in_range<Integer>(*value) ? std::optional(static_cast<Integer>(*value))
                                          : std::nullopt;
  }
  const auto value = As<std::int64_t>(json);
  return value.has_value() && std::in_range<Integer>(*value)
             ? std::optional(static_cast<Integer>(*value))
             : std::nullopt;
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
        const auto text = As<std::string_view>(json);
        // Bytes are in base 64.
        if (!text.has_value() || field_->type() != Field::TYPE_STRING) return false;
        return Put(std::string(*text), &pbuf::Reflection::SetString, &pbuf::Reflection::AddString);
      }
      case Field::CPPTYPE_BOOL: {
        const auto value = As<bool>(json);
        return value.has_value() &&
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
    const auto text = As<std::string_view>(json);
    if (!text.has_value()) return false;
    const auto* value = field_->enum_type()->FindValueByName(std::string(*text));
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
  const auto elements = As<simdjson::dom::array>(json);
  if (!elements.has_value()) return false;
  for (const Json element : *elements) {
    if (!place.Read(element)) return false;
  }
  return true;
}

bool ReadMessage(const Json& json, pbuf::Message& message) {
  const auto members = As<simdjson::dom::object>(json);
  if (!members.has_value()) return false;
  for (const auto& [key, value] : *members) {
    const Field* field = message.GetDescriptor()->FindFieldByName(std::string(key));
    if (field == nullptr || !ReadField(value, field, message)) return false;
  }
  return true;
}

}  // namespace

bool ReadPlainJson(std::string_view json, const Field* field, pbuf::Message& record) {
  if (json == "[]") return field->is_repeated();
  // Its memory serves one document after another.
  thread_local simdjson::dom::parser parser;
  Json parsed;
  const bool is_json = parser.parse(json.data(), json.size()).get(parsed) == simdjson::SUCCESS;
  if (is_json && ReadField(parsed, field, record)) return true;
  record.GetReflection()->ClearField(&record, field);
  return false;
}

}  // namespace lotura::resource
