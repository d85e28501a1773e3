// Bad input: verbs and queries, by what their requests declare of each field.
#include <fmt/format.h>
#include <google/type/date.pb.h>

#include "libs/resource/references.h"
#include "tests/component/bad_requests.h"

namespace lotura::component {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

// More than any list in a request of a verb may have.
constexpr int kManyItems = 1001;
constexpr int kPathDepthMax = 4;

void AddItem(pbuf::Message& message, const FieldDescriptor& field, int number) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    reflection.AddMessage(&message, &field);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    reflection.AddEnumValue(&message, &field, field.enum_type()->value(1)->number());
  } else {
    reflection.AddString(&message, &field, fmt::format("i{}", number));
  }
}

void PutText(pbuf::Message& message, const FieldDescriptor& field, const std::string& text) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  reflection.ClearField(&message, &field);
  field.is_repeated() ? reflection.AddString(&message, &field, text)
                      : reflection.SetString(&message, &field, text);
}

void PutEnum(pbuf::Message& message, const FieldDescriptor& field, int number) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  reflection.ClearField(&message, &field);
  field.is_repeated() ? reflection.AddEnumValue(&message, &field, number)
                      : reflection.SetEnumValue(&message, &field, number);
}

// An etag is compared, not read.
bool IsRead(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_STRING && field.name() != "etag";
}

}  // namespace

void BadRequests::AddVerb() {
  if (rpc_.kind != Kind::kVerb) return;
  AddFieldsOf(*rpc_.method->input_type(),
              {"", [](pbuf::Message& request) -> pbuf::Message& { return request; }});
}

void BadRequests::AddFieldsOf(const pbuf::Descriptor& type, const Place& place) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    AddField(*field, place);
    const bool has_fields = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                            std::ranges::count(place.prefix, '.') < kPathDepthMax;
    if (!has_fields) continue;
    const auto within = [this, place, field](pbuf::Message& request) -> pbuf::Message& {
      pbuf::Message& outer = place.in(request);
      pbuf::Message& inner =
          field->is_repeated() ? AddElement(outer, field->name()) : Mutable(outer, field->name());
      samples_.FillRequired(rpc_.Service(), inner);
      return inner;
    };
    AddFieldsOf(*field->message_type(),
                {place.prefix + field->name() + (field->is_repeated() ? "[0]." : "."), within});
  }
}

void BadRequests::AddField(const FieldDescriptor& field, const Place& place) {
  const std::string path = place.prefix + field.name();
  const std::string item = field.is_repeated() ? path + "[0]" : path;
  const auto add = [&](const char* what, const char* reason, const std::string& where,
                       const std::function<void(pbuf::Message&)>& spoil) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    spoil(place.in(*request));
    Add(fmt::format("{} ({})", what, path), *request, reason, where);
  };
  if (IsRequired(field)) {
    add("a missing field", "REQUIRED", path,
        [&](pbuf::Message& message) { message.GetReflection()->ClearField(&message, &field); });
  }
  if (IsRead(field)) {
    add("a NUL in a text", "NUL_CHARACTER", item,
        [&](pbuf::Message& message) { PutText(message, field, std::string("a\0b", 3)); });
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    add("an unknown value", "ENUM_UNKNOWN", item,
        [&](pbuf::Message& message) { PutEnum(message, field, 9999); });
  }
  if (field.is_repeated()) {
    add("too many items", "TOO_MANY", path, [&](pbuf::Message& message) {
      for (int i = 0; i < kManyItems; ++i) AddItem(message, field, i);
    });
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
      field.message_type() == google::type::Date::descriptor()) {
    add("a day without a month", "DATE_INVALID", path, [&](pbuf::Message& message) {
      static_cast<google::type::Date&>(Mutable(message, field.name())).set_year(2026);
    });
  }
  AddReference(field, place);
}

void BadRequests::AddReference(const FieldDescriptor& field, const Place& place) {
  const std::string type = ReferenceIn(field);
  const std::string path = place.prefix + field.name();
  // AddNames holds the name of the record that the verb is about.
  if (type.empty() || path == "name") return;
  const MessagePtr request = samples_.ValidRequest(rpc_);
  PutText(place.in(*request), field, "a name");
  Add(fmt::format("a reference that is no name ({})", path), *request, "NAME_INVALID", path);
  // A query about a record of another service answers that there is nothing.
  if (type == "*" || resource::ServiceOfType(type) != rpc_.Service()) return;
  PutText(place.in(*request), field, samples_.Missing(type));
  Add(*request, {.what = fmt::format("a reference to nothing ({})", path),
                 .code = absl::StatusCode::kFailedPrecondition,
                 .reason = "REFERENCE_NOT_FOUND",
                 .field = "field"});
}

}  // namespace lotura::component
