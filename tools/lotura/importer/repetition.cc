#include "tools/lotura/importer/repetition.h"

#include <google/api/field_behavior.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::importer {
namespace {

using pbuf::FieldDescriptor;

bool Has(const FieldDescriptor& field, google::api::FieldBehavior behavior) {
  const pbuf::FieldOptions& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

// Whether an update takes the field: the others stand in the record as they were created.
bool IsUpdatable(const FieldDescriptor& field) {
  return !Has(field, google::api::IMMUTABLE) && !Has(field, google::api::OUTPUT_ONLY);
}

// The field of the message that the path is or goes into.
const FieldDescriptor& FieldAt(const pbuf::Descriptor& message, const std::string& path) {
  return *message.FindFieldByName(path.substr(0, path.find('.')));
}

// Those that the row fills, in the order of the mapping.
std::vector<const FieldDescriptor*> FieldsOf(const pbuf::Descriptor& message,
                                             const PlannedRow& row) {
  std::vector<const FieldDescriptor*> fields;
  for (const std::string& path : row.paths) {
    const FieldDescriptor* field = &FieldAt(message, path);
    if (fields.empty() || fields.back() != field) fields.push_back(field);
  }
  return fields;
}

bool HasLaterCall(const std::vector<LaterSteps::Change>& changes) {
  return std::ranges::any_of(
      changes, [](const auto& change) { return change.step->action == Action::kCall; });
}

// Whether a later step gives the field another value. A call may change what no update can.
bool IsChangedLater(const std::vector<LaterSteps::Change>& changes, const FieldDescriptor& field) {
  if (!IsUpdatable(field) && HasLaterCall(changes)) return true;
  return std::ranges::any_of(changes, [&](const auto& change) {
    return std::ranges::any_of(change.row->paths, [&](const std::string& path) {
      return path.substr(0, path.find('.')) == field.name();
    });
  });
}

const pbuf::Message& WantedRecord(const StepContext& context, const PlannedRow& row) {
  return row.request->GetReflection()->GetMessage(
      *row.request, row.request->GetDescriptor()->FindFieldByName(context.step.type->singular));
}

// The record as it would be if the row were written into it; null if the service refuses that.
absl::StatusOr<std::unique_ptr<pbuf::Message>> TryOut(const StepContext& context,
                                                      const PlannedRow& row) {
  const api::ResourceType& type = *context.step.type;
  const auto method = type.Method(api::Verb::kUpdate);
  if (!method.ok()) return std::unique_ptr<pbuf::Message>();
  const auto request = api::NewMessage(*(*method)->input_type());
  const pbuf::Reflection& reflection = *request->GetReflection();
  const pbuf::Descriptor& descriptor = *request->GetDescriptor();
  const FieldDescriptor* validate_only = descriptor.FindFieldByName("validate_only");
  if (validate_only == nullptr) return std::unique_ptr<pbuf::Message>();
  reflection.SetBool(request.get(), validate_only, true);
  google::protobuf::FieldMask mask;
  for (const std::string& path : row.paths) {
    if (IsUpdatable(FieldAt(*type.message, path))) mask.add_paths(path);
  }
  if (mask.paths().empty()) return std::unique_ptr<pbuf::Message>();
  reflection.MutableMessage(request.get(), descriptor.FindFieldByName("update_mask"))
      ->CopyFrom(mask);
  pbuf::Message& record =
      *reflection.MutableMessage(request.get(), descriptor.FindFieldByName(type.singular));
  record.CopyFrom(WantedRecord(context, row));
  record.GetReflection()->SetString(&record, type.message->FindFieldByName("name"), row.name);
  auto answer = context.caller.Call(**method, *request);
  if (IsAboutRequest(answer.status())) return std::unique_ptr<pbuf::Message>();
  return answer;
}

bool Equal(const pbuf::Message& a, const pbuf::Message& b, const FieldDescriptor& field) {
  pbuf::util::MessageDifferencer differencer;
  // What a service adds inside a field, such as a line's defaults, is no difference.
  differencer.set_scope(pbuf::util::MessageDifferencer::PARTIAL);
  return differencer.CompareWithFields(a, b, {&field}, {&field});
}

bool IsSameType(const FieldDescriptor& a, const FieldDescriptor& b) {
  return a.type() == b.type() && a.is_repeated() == b.is_repeated() &&
         a.message_type() == b.message_type() && a.enum_type() == b.enum_type();
}

// The values of a field as text, whatever message it belongs to.
std::vector<std::string> ValuesOf(const pbuf::Message& message, const FieldDescriptor& field) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  const int count = field.is_repeated() ? reflection.FieldSize(message, &field) : 1;
  std::vector<std::string> values(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    pbuf::TextFormat::PrintFieldValueToString(message, &field, field.is_repeated() ? i : -1,
                                              &values[static_cast<std::size_t>(i)]);
  }
  return values;
}

bool Holds(const pbuf::Message& record, const pbuf::Message& request,
           const FieldDescriptor& field) {
  const pbuf::Descriptor& type = *record.GetDescriptor();
  const std::vector<std::string> values = ValuesOf(request, field);
  const auto fits = [&](const FieldDescriptor& other) {
    return IsSameType(field, other) && ValuesOf(record, other) == values;
  };
  if (const auto* namesake = type.FindFieldByName(field.name())) return fits(*namesake);
  for (int i = 0; i < type.field_count(); ++i) {
    if (fits(*type.field(i))) return true;
  }
  return false;
}

bool IsLeftBy(const PlannedRow& row, const pbuf::Message& record) {
  const auto fields = FieldsOf(*row.request->GetDescriptor(), row);
  return !fields.empty() && std::ranges::all_of(fields, [&](const FieldDescriptor* field) {
    return Holds(record, *row.request, *field);
  });
}

}  // namespace

absl::StatusOr<std::string> FirstDifference(const StepContext& context, const PlannedRow& row,
                                            const pbuf::Message& found) {
  const auto& changes = context.later.About(row.key);
  const pbuf::Message& wanted = WantedRecord(context, row);
  LOTURA_ASSIGN_OR_RETURN(const auto tried, TryOut(context, row));
  for (const FieldDescriptor* field : FieldsOf(*context.step.type->message, row)) {
    if (IsChangedLater(changes, *field)) continue;
    const bool is_tried = tried != nullptr && IsUpdatable(*field);
    if (!Equal(is_tried ? *tried : wanted, found, *field)) return field->name();
  }
  return std::string();
}

bool IsDone(const StepContext& context, const PlannedRow& row, const pbuf::Message& found) {
  if (IsLeftBy(row, found)) return true;
  return std::ranges::any_of(context.later.About(row.key), [&](const auto& change) {
    return change.step->action == Action::kCall && IsLeftBy(*change.row, found);
  });
}

}  // namespace lotura::importer
