#include "libs/resource/changed_paths.h"

#include <google/protobuf/util/message_differencer.h>

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

bool FieldEquals(const pbuf::Message& a, const pbuf::Message& b, const FieldDescriptor& field) {
  // The comparison of single fields takes one that is not set for its default.
  const bool presence = field.has_presence();
  if (presence && a.GetReflection()->HasField(a, &field) != b.GetReflection()->HasField(b, &field))
    return false;
  pbuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  pbuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  return differencer.CompareWithFields(a, b, {&field}, {&field});
}

bool IsDivisible(const FieldDescriptor& field) {
  return field.message_type() != nullptr && !field.is_repeated() &&
         !field.message_type()->full_name().starts_with("google.");
}

void CollectChanges(const pbuf::Message& before, const pbuf::Message& after,
                    const FieldDescriptor& field, const std::string& path,
                    std::vector<std::string>& changed) {
  if (FieldEquals(before, after, field)) return;
  const pbuf::Reflection& reflection = *before.GetReflection();
  if (!IsDivisible(field) || !reflection.HasField(before, &field) ||
      !reflection.HasField(after, &field)) {
    changed.push_back(path);
    return;
  }
  const pbuf::Message& old_value = reflection.GetMessage(before, &field);
  const pbuf::Message& new_value = reflection.GetMessage(after, &field);
  for (int i = 0; i < field.message_type()->field_count(); ++i) {
    const FieldDescriptor& below = *field.message_type()->field(i);
    CollectChanges(old_value, new_value, below, path + "." + below.name(), changed);
  }
}

}  // namespace

bool MessageEquals(const pbuf::Message& a, const pbuf::Message& b) {
  pbuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  pbuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  return differencer.Compare(a, b);
}

std::vector<std::string> ChangedPaths(const Declaration& declaration, const pbuf::Message& before,
                                      const pbuf::Message& after) {
  std::vector<std::string> changed;
  for (const Column& column : declaration.columns()) {
    CollectChanges(before, after, *column.field, column.name, changed);
  }
  return changed;
}

bool IsSet(const Column& column, const pbuf::Message& record) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  return column.field->is_repeated() ? reflection.FieldSize(record, column.field) > 0
                                     : reflection.HasField(record, column.field);
}

}  // namespace lotura::resource
