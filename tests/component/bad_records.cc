// Bad input: the fields of records, by what the declaration says of each.
#include <fmt/format.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include <functional>

#include "libs/resource/references.h"
#include "libs/resource/validate.h"
#include "tests/component/bad_requests.h"

namespace lotura::component {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;
using resource::ColumnType;

// More than any text of an element or of a nested message may have.
constexpr std::size_t kLongText = 20'001;

// One way to make a column wrong.
struct Spoil {
  std::string what;
  std::string reason;
  // After the path of the column.
  std::string suffix;
  std::function<void(pbuf::Message&)> apply;
};

Spoil TextSpoil(const Column& column, const char* what, const char* reason,
                const std::string& text) {
  return {what, reason, "", [&column, text](pbuf::Message& record) {
            record.GetReflection()->SetString(&record, column.field, text);
          }};
}

void AddTexts(const Column& column, std::vector<Spoil>& spoils) {
  spoils.push_back(
      TextSpoil(column, "a text too long", "TOO_LONG", std::string(column.max_size + 1, 'a')));
  spoils.push_back(TextSpoil(column, "a NUL in a text", "NUL_CHARACTER", std::string("a\0b", 3)));
  if (column.required) {
    spoils.push_back(TextSpoil(column, "a missing field", "REQUIRED", ""));
    if (column.reference.empty())
      spoils.push_back(TextSpoil(column, "nothing but space", "REQUIRED", "  "));
  }
  if (!column.reference.empty())
    spoils.push_back(TextSpoil(column, "a reference that is no name", "NAME_INVALID", "a name"));
  const bool has_form = column.match_key != options::v1::MATCH_KEY_UNSPECIFIED &&
                        column.match_key != options::v1::MATCH_KEY_EXACT;
  if (has_form) spoils.push_back(TextSpoil(column, "a wrong form", "FORMAT_INVALID", "(none)"));
}

void AddItems(const Column& column, std::vector<Spoil>& spoils) {
  const FieldDescriptor* field = column.field;
  const bool of_texts = column.type == ColumnType::kTextArray;
  spoils.push_back({"too many items", "TOO_MANY", "", [=, &column](pbuf::Message& record) {
                      for (std::size_t i = 0; i <= column.max_size; ++i) {
                        if (of_texts) {
                          record.GetReflection()->AddString(&record, field, fmt::format("i{}", i));
                        } else {
                          record.GetReflection()->AddMessage(&record, field);
                        }
                      }
                    }});
  if (!of_texts) return;
  const auto add = [&](const char* what, const char* reason, const std::string& text) {
    spoils.push_back({what, reason, "[0]", [=](pbuf::Message& record) {
                        record.GetReflection()->ClearField(&record, field);
                        record.GetReflection()->AddString(&record, field, text);
                      }});
  };
  add("an item too long", "TOO_LONG", std::string(kLongText, 'a'));
  add("a NUL in an item", "NUL_CHARACTER", std::string("a\0b", 3));
}

// Texts within a message, or within the first of several.
void AddNested(const Column& column, std::vector<Spoil>& spoils) {
  const FieldDescriptor* field = column.field;
  const std::string place = field->is_repeated() ? "[0]." : ".";
  for (int i = 0; !field->is_map() && i < field->message_type()->field_count(); ++i) {
    const FieldDescriptor* inner = field->message_type()->field(i);
    if (inner->type() != FieldDescriptor::TYPE_STRING || inner->is_repeated()) continue;
    const auto add = [&](const char* what, const char* reason, const std::string& text) {
      spoils.push_back({what, reason, place + inner->name(), [=](pbuf::Message& record) {
                          const pbuf::Reflection& reflection = *record.GetReflection();
                          reflection.ClearField(&record, field);
                          pbuf::Message* message = field->is_repeated()
                                                       ? reflection.AddMessage(&record, field)
                                                       : reflection.MutableMessage(&record, field);
                          message->GetReflection()->SetString(message, inner, text);
                        }});
    };
    add("a nested text too long", "TOO_LONG", std::string(kLongText, 'a'));
    add("a NUL in a nested text", "NUL_CHARACTER", std::string("a\0b", 3));
  }
}

void AddMoney(const Column& column, std::vector<Spoil>& spoils) {
  const FieldDescriptor* field = column.field;
  const auto add = [&](const char* what, const char* reason, const char* suffix,
                       const google::type::Money& money) {
    spoils.push_back({what, reason, suffix, [=](pbuf::Message& record) {
                        Mutable(record, field->name()).CopyFrom(money);
                      }});
  };
  google::type::Money money;
  money.set_currency_code("euro");
  add("a currency that is none", "CURRENCY_INVALID", ".currency_code", money);
  money.set_currency_code("USD");
  money.set_nanos(2'000'000'000);
  add("more nanos than a unit has", "MONEY_INVALID", ".nanos", money);
  if (!column.range.has_value()) return;
  money.set_nanos(0);
  money.set_units(static_cast<std::int64_t>(column.range->max()) + 1);
  add("an amount out of range", "OUT_OF_RANGE", ".units", money);
}

void AddNumbers(const Column& column, std::vector<Spoil>& spoils) {
  if (!column.range.has_value()) return;
  const double value = column.range->max() + 1;
  spoils.push_back(
      {"a number out of range", "OUT_OF_RANGE", "",
       [=, &column](pbuf::Message& record) { SetNumber(record, column.field, value); }});
}

std::vector<Spoil> SpoilsOf(const Column& column) {
  std::vector<Spoil> spoils;
  const FieldDescriptor* field = column.field;
  switch (column.type) {
    case ColumnType::kText:
      AddTexts(column, spoils);
      break;
    case ColumnType::kTextArray:
      AddItems(column, spoils);
      break;
    case ColumnType::kInt64:
    case ColumnType::kDouble:
      AddNumbers(column, spoils);
      break;
    case ColumnType::kEnum:
      spoils.push_back({"an unknown value", "ENUM_UNKNOWN", "", [=](pbuf::Message& record) {
                          record.GetReflection()->SetEnumValue(&record, field, 9999);
                        }});
      break;
    case ColumnType::kTimestamp:
      spoils.push_back(
          {"a time beyond the calendar", "TIME_INVALID", "", [=](pbuf::Message& record) {
             static_cast<pbuf::Timestamp&>(Mutable(record, field->name()))
                 .set_seconds(1'000'000'000'000'000);
           }});
      break;
    case ColumnType::kDate:
      spoils.push_back({"a day without a month", "DATE_INVALID", "", [=](pbuf::Message& record) {
                          auto& date =
                              static_cast<google::type::Date&>(Mutable(record, field->name()));
                          date.Clear();
                          date.set_year(2026);
                        }});
      break;
    case ColumnType::kMoney:
      AddMoney(column, spoils);
      break;
    case ColumnType::kJson:
      if (field->is_repeated()) AddItems(column, spoils);
      AddNested(column, spoils);
      break;
    case ColumnType::kBool:
      break;
  }
  // Zero and false are values.
  const bool can_miss =
      field->has_presence() || field->is_repeated() || column.type == ColumnType::kEnum;
  if (column.required && can_miss) {
    spoils.push_back({"a missing field", "REQUIRED", "", [=](pbuf::Message& record) {
                        record.GetReflection()->ClearField(&record, field);
                      }});
  }
  return spoils;
}

void SetMask(pbuf::Message& request, const std::vector<std::string>& paths) {
  auto& mask = static_cast<pbuf::FieldMask&>(Mutable(request, "update_mask"));
  mask.clear_paths();
  for (const std::string& path : paths) mask.add_paths(path);
}

bool IsUpdate(Kind kind) { return kind == Kind::kUpdate || kind == Kind::kBatchUpdate; }
bool IsCreate(Kind kind) { return kind == Kind::kCreate || kind == Kind::kBatchCreate; }

}  // namespace

void BadRequests::AddRecords() {
  if (!IsCreate(rpc_.kind) && !IsUpdate(rpc_.kind)) return;
  for (const Column& column : rpc_.declaration->columns()) {
    if (!column.output_only) AddColumn(column);
  }
  AddWholeRecord();
  AddIds();
}

void BadRequests::AddColumn(const Column& column) {
  const std::string path = fmt::format("{}.{}", RecordPath(), column.name);
  const auto mask = [&](pbuf::Message& request) {
    if (rpc_.kind == Kind::kUpdate) SetMask(request, {column.name});
    if (rpc_.kind != Kind::kBatchUpdate) return;
    const auto* requests = request.GetDescriptor()->FindFieldByName("requests");
    SetMask(*request.GetReflection()->MutableRepeatedMessage(&request, requests, 0), {column.name});
  };
  // Whatever the new value, the field keeps the one that it has.
  const bool fixed = IsUpdate(rpc_.kind) && column.immutable;
  for (const Spoil& spoil : SpoilsOf(column)) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    spoil.apply(RecordOf(*request));
    mask(*request);
    if (fixed) {
      Add("a change of what cannot change", *request, "IMMUTABLE", path);
      return;
    }
    Add(fmt::format("{} ({})", spoil.what, column.name), *request, spoil.reason,
        path + spoil.suffix);
  }
  if (column.reference.empty() || column.reference == "*" || column.type != ColumnType::kText ||
      fixed)
    return;
  const MessagePtr request = samples_.ValidRequest(rpc_);
  pbuf::Message& record = RecordOf(*request);
  const bool own = column.reference.starts_with(rpc_.declaration->service() + ".");
  const std::string missing = samples_.Missing(column.reference);
  record.GetReflection()->SetString(
      &record, column.field,
      own ? missing
          : fmt::format("//{}/{}", column.reference.substr(0, column.reference.find('/')),
                        missing));
  mask(*request);
  Add(*request, {.what = fmt::format("a reference to nothing ({})", column.name),
                 .code = absl::StatusCode::kFailedPrecondition,
                 .reason = "REFERENCE_NOT_FOUND",
                 .field = "field"});
}

void BadRequests::AddWholeRecord() {
  const auto* record = rpc_.declaration->message();
  if (rpc_.kind == Kind::kCreate || rpc_.kind == Kind::kUpdate) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    request->GetReflection()->ClearField(
        request.get(), request->GetDescriptor()->FindFieldByName(rpc_.declaration->singular()));
    Add("a request without the record", *request, "REQUIRED", RecordPath());
  }
  for (const Column& column : rpc_.declaration->columns()) {
    if (column.type != ColumnType::kText || column.output_only || column.immutable) continue;
    const MessagePtr request = samples_.ValidRequest(rpc_);
    RecordOf(*request).GetReflection()->SetString(&RecordOf(*request),
                                                  record->FindFieldByName(column.name),
                                                  std::string(resource::kRecordSizeMax + 1, 'a'));
    Add("a record too large", *request, "TOO_LARGE", RecordPath());
    break;
  }
  if (rpc_.kind != Kind::kUpdate) return;
  const std::vector<std::pair<std::vector<std::string>, const char*>> masks = {
      {{"no_such_field"}, "MASK_UNKNOWN_FIELD"},
      {{"create_time", "no_such_field"}, "MASK_UNKNOWN_FIELD"},
      {{"name.part"}, "MASK_UNKNOWN_FIELD"},
      {{""}, "MASK_INVALID"},
      {{"*", "name"}, "MASK_UNKNOWN_FIELD"},
      {{std::string(10'000, 'x')}, "MASK_UNKNOWN_FIELD"},
      {std::vector<std::string>(10'000, "name"), "TOO_MANY"}};
  for (const auto& [paths, reason] : masks) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    SetMask(*request, paths);
    Add(fmt::format("the mask '{:.40}'", paths.back()), *request, reason, "update_mask");
  }
}

void BadRequests::AddIds() {
  if (rpc_.kind != Kind::kCreate) return;
  const std::string id_field = rpc_.declaration->singular() + "_id";
  for (const std::string& id :
       {std::string("Upper"), std::string("1first"), std::string("last-"), std::string("a/b"),
        std::string("a b"), std::string("a\0b", 3), std::string(64, 'a'), std::string("ä")}) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    SetText(*request, id_field, id);
    Add(fmt::format("the id '{}'", id), *request, "ID_INVALID", id_field);
  }
  const bool has_references =
      rpc_.declaration->pattern().HasParent() ||
      !resource::ReferencesOf(RecordOf(*samples_.ValidRequest(rpc_))).empty();
  if (has_references) {
    Add(*samples_.ValidRequest(rpc_), {.what = "references to records of another tenant",
                                       .code = absl::StatusCode::kFailedPrecondition,
                                       .reason = "REFERENCE_NOT_FOUND",
                                       .field = "field",
                                       .caller = {.tenant = 2}});
  }
  if (!rpc_.declaration->pattern().HasParent()) return;
  for (const char* parent : {"", "x", "strangers/x", "strangers/-", "/"}) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    SetText(*request, "parent", parent);
    Add(fmt::format("the parent '{}'", parent), *request, "PARENT_INVALID", "parent");
  }
  const MessagePtr request = samples_.ValidRequest(rpc_);
  const std::string parent = samples_.ParentOf(*rpc_.declaration);
  SetText(*request, "parent", parent.substr(0, parent.rfind('/')) + "/nobody");
  Add(*request, {.what = "a parent that is not there",
                 .code = absl::StatusCode::kFailedPrecondition,
                 .reason = "REFERENCE_NOT_FOUND",
                 .field = "field"});
}

}  // namespace lotura::component
