#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "libs/resource/plain_json.h"

namespace lotura::resource {
namespace {

using Field = pbuf::FieldDescriptor;

// Text that is valid UTF-8 needs no other escapes (RFC 8259, section 7).
void AppendText(std::string_view text, std::string& json) {
  json += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      json += c;
    }
  }
  json += '"';
}

// JSON's numbers do not hold 64 bits.
template <typename Integer>
void AppendInteger(Integer value, std::string& json) {
  const char* quote = sizeof(Integer) > 4 ? "\"" : "";
  fmt::format_to(std::back_inserter(json), "{0}{1}{0}", quote, value);
}

// A value of a field: the only one, or an element of a list.
class Value {
 public:
  Value(const pbuf::Message& message, const Field* field, int index)
      : message_(message), field_(field), index_(index), reflection_(*message.GetReflection()) {}

  bool Append(std::string& json) const {
    using R = pbuf::Reflection;
    switch (field_->cpp_type()) {
      case Field::CPPTYPE_STRING:
        return field_->type() == Field::TYPE_STRING && AppendString(json);
      case Field::CPPTYPE_BOOL:
        json += Get(&R::GetBool, &R::GetRepeatedBool) ? "true" : "false";
        return true;
      case Field::CPPTYPE_INT32:
        return AppendInteger(Get(&R::GetInt32, &R::GetRepeatedInt32), json), true;
      case Field::CPPTYPE_UINT32:
        return AppendInteger(Get(&R::GetUInt32, &R::GetRepeatedUInt32), json), true;
      case Field::CPPTYPE_INT64:
        return AppendInteger(Get(&R::GetInt64, &R::GetRepeatedInt64), json), true;
      case Field::CPPTYPE_UINT64:
        return AppendInteger(Get(&R::GetUInt64, &R::GetRepeatedUInt64), json), true;
      case Field::CPPTYPE_ENUM: {
        const auto* value =
            field_->enum_type()->FindValueByNumber(Get(&R::GetEnumValue, &R::GetRepeatedEnumValue));
        if (value != nullptr) AppendText(value->name(), json);
        return value != nullptr;
      }
      case Field::CPPTYPE_MESSAGE:
        return AppendPlainJson(index_ < 0
                                   ? reflection_.GetMessage(message_, field_)
                                   : reflection_.GetRepeatedMessage(message_, field_, index_),
                               json);
      case Field::CPPTYPE_FLOAT:
      case Field::CPPTYPE_DOUBLE:
        return false;
    }
    return false;
  }

 private:
  template <typename Result>
  using Single = Result (pbuf::Reflection::*)(const pbuf::Message&, const Field*) const;
  template <typename Result>
  using Repeated = Result (pbuf::Reflection::*)(const pbuf::Message&, const Field*, int) const;

  template <typename Result>
  Result Get(Single<Result> single, Repeated<Result> repeated) const {
    return index_ < 0 ? (reflection_.*single)(message_, field_)
                      : (reflection_.*repeated)(message_, field_, index_);
  }

  bool AppendString(std::string& json) const {
    std::string scratch;
    AppendText(index_ < 0
                   ? reflection_.GetStringReference(message_, field_, &scratch)
                   : reflection_.GetRepeatedStringReference(message_, field_, index_, &scratch),
               json);
    return true;
  }

  const pbuf::Message& message_;
  const Field* const field_;
  const int index_;  // negative for a single value
  const pbuf::Reflection& reflection_;
};

bool AppendField(const pbuf::Message& message, const Field* field, std::string& json) {
  if (field->is_map() || field->is_extension()) return false;
  if (!field->is_repeated()) return Value(message, field, -1).Append(json);
  json += '[';
  for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
    if (i > 0) json += ',';
    if (!Value(message, field, i).Append(json)) return false;
  }
  json += ']';
  return true;
}

}  // namespace

bool AppendPlainJson(const pbuf::Message& message, std::string& json) {
  if (HasOwnJsonForm(*message.GetDescriptor())) return false;
  std::vector<const Field*> fields;
  message.GetReflection()->ListFields(message, &fields);
  json += '{';
  for (const Field* field : fields) {
    if (json.back() != '{') json += ',';
    AppendText(field->name(), json);
    json += ':';
    if (!AppendField(message, field, json)) return false;
  }
  json += '}';
  return true;
}

}  // namespace lotura::resource
