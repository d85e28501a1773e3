#include "libs/resource/changed_paths.h"

#include <google/protobuf/util/message_differencer.h>

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

bool SlowlyEquals(const pbuf::Message& a, const pbuf::Message& b, const FieldDescriptor& field) {
  pbuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  pbuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  return differencer.CompareWithFields(a, b, {&field}, {&field});
}

// So are the messages then; those whose maps keep their entries in another order are not found.
bool BytesAreEqual(const pbuf::Message& a, const pbuf::Message& b, const FieldDescriptor& field) {
  const pbuf::Reflection& reflection = *a.GetReflection();
  if (!field.is_repeated()) {
    return reflection.GetMessage(a, &field).SerializeAsString() ==
           reflection.GetMessage(b, &field).SerializeAsString();
  }
  for (int i = 0; i < reflection.FieldSize(a, &field); ++i) {
    if (reflection.GetRepeatedMessage(a, &field, i).SerializeAsString() !=
        reflection.GetRepeatedMessage(b, &field, i).SerializeAsString())
      return false;
  }
  return true;
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

bool FieldEquals(const pbuf::Message& a, const pbuf::Message& b, const FieldDescriptor& field) {
  const pbuf::Reflection& reflection = *a.GetReflection();
  // The general comparison takes microseconds, and a field that is not set for its default.
  if (field.is_repeated()) {
    const int size = reflection.FieldSize(a, &field);
    if (size == 0 || size != reflection.FieldSize(b, &field))
      return size == reflection.FieldSize(b, &field);
  } else if (field.has_presence()) {
    const bool is_set = reflection.HasField(a, &field);
    if (!is_set || !reflection.HasField(b, &field)) return is_set == reflection.HasField(b, &field);
  }
  if (field.message_type() != nullptr && BytesAreEqual(a, b, field)) return true;
  if (field.is_repeated() || field.cpp_type() != FieldDescriptor::CPPTYPE_STRING)
    return SlowlyEquals(a, b, field);
  std::string scratch_a;
  std::string scratch_b;
  return reflection.GetStringReference(a, &field, &scratch_a) ==
         reflection.GetStringReference(b, &field, &scratch_b);
}

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
