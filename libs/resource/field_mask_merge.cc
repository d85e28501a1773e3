// Updates by mask: what the caller named, and only what callers decide, is taken over.
#include <google/api/field_behavior.pb.h>

#include <set>

#include "libs/base/errors.h"
#include "libs/resource/changed_paths.h"
#include "libs/resource/field_mask.h"
#include "libs/resource/map_entries.h"
#include "libs/resource/message_copy.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

bool IsOutputOnly(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == google::api::OUTPUT_ONLY)
      return true;
  }
  return false;
}

// The fields of a record that its caller decides.
bool IsCallers(const Declaration& declaration, const FieldDescriptor& field) {
  const Column* column = declaration.FindColumn(field.name());
  return column != nullptr && !column->output_only && &field != declaration.name_field();
}

// True if a field of the message, or of one within it, is output-only. `seen` stops at messages
// that hold themselves.
bool HoldsOutputOnly(const pbuf::Descriptor& message, std::set<const pbuf::Descriptor*>& seen) {
  if (!seen.insert(&message).second) return false;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (IsOutputOnly(field)) return true;
    if (field.message_type() != nullptr && HoldsOutputOnly(*field.message_type(), seen))
      return true;
  }
  return false;
}

// Gives what replaces a message the output-only fields of that message, whatever it brought along
// itself.
class OutputOnlyKeeper {
 public:
  static void KeepInField(const pbuf::Message& old, pbuf::Message& fresh,
                          const FieldDescriptor& field) {
    std::set<const pbuf::Descriptor*> seen;
    if (field.message_type() == nullptr || !HoldsOutputOnly(*field.message_type(), seen)) return;
    const pbuf::Reflection& reflection = *fresh.GetReflection();
    if (field.is_repeated()) return KeepInElements(old, fresh, field);
    if (!reflection.HasField(fresh, &field)) return;
    Keep(reflection.GetMessage(old, &field), *reflection.MutableMessage(&fresh, &field));
  }

 private:
  static void Keep(const pbuf::Message& old, pbuf::Message& fresh) {
    std::vector<const FieldDescriptor*> decided;
    for (int i = 0; i < fresh.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = fresh.GetDescriptor()->field(i);
      if (IsOutputOnly(*field)) {
        decided.push_back(field);
      } else {
        KeepInField(old, fresh, *field);
      }
    }
    if (decided.empty()) return;
    const std::unique_ptr<pbuf::Message> copy = CopyOf(old);
    fresh.GetReflection()->SwapFields(copy.get(), &fresh, decided);
  }

  // An element continues the old one with the same content, an entry of a map the one with the same
  // key.
  static void KeepInElements(const pbuf::Message& old, pbuf::Message& fresh,
                             const FieldDescriptor& field) {
    const pbuf::Reflection& reflection = *fresh.GetReflection();
    const int old_size = reflection.FieldSize(old, &field);
    for (int i = 0; i < reflection.FieldSize(fresh, &field); ++i) {
      pbuf::Message& element = *reflection.MutableRepeatedMessage(&fresh, &field, i);
      const std::unique_ptr<pbuf::Message> nothing(element.New());
      Keep(*nothing, element);
      // Most lists keep their order, so the element at the same place is tried first.
      for (int k = 0; k < old_size; ++k) {
        const pbuf::Message& candidate =
            reflection.GetRepeatedMessage(old, &field, (i + k) % old_size);
        const bool continued = field.is_map() ? MapKeyOf(candidate) == MapKeyOf(element)
                                              : SameContent(candidate, element);
        if (!continued) continue;
        Keep(candidate, element);
        break;
      }
    }
  }

  static bool SameContent(const pbuf::Message& old, const pbuf::Message& stripped) {
    const std::unique_ptr<pbuf::Message> content = CopyOf(old);
    const std::unique_ptr<pbuf::Message> nothing(old.New());
    Keep(*nothing, *content);
    return MessageEquals(*content, stripped);
  }
};

// Moves what the mask names out of a copy of the patch into the record.
class Merger {
 public:
  static void Merge(const MaskNode& mask, pbuf::Message& patch, pbuf::Message& record) {
    for (const auto& [field, node] : mask.fields) {
      if (IsOutputOnly(*field)) continue;
      if (node.whole) {
        Replace(*field, patch, record);
      } else if (field->is_map()) {
        for (const auto& [key, entry] : node.entries) MergeEntry(*field, key, entry, patch, record);
      } else {
        MergeMessage(*field, node, patch, record);
      }
    }
  }

 private:
  static void Replace(const FieldDescriptor& field, pbuf::Message& patch, pbuf::Message& record) {
    const pbuf::Reflection& reflection = *record.GetReflection();
    if (field.has_presence() && !reflection.HasField(patch, &field)) {
      return reflection.ClearField(&record, &field);
    }
    OutputOnlyKeeper::KeepInField(record, patch, field);
    reflection.SwapFields(&patch, &record, {&field});
  }

  static void MergeMessage(const FieldDescriptor& field, const MaskNode& node, pbuf::Message& patch,
                           pbuf::Message& record) {
    const pbuf::Reflection& reflection = *record.GetReflection();
    // Nothing there to clear: no empty message is made.
    if (!reflection.HasField(patch, &field) && !reflection.HasField(record, &field)) return;
    Merge(node, *reflection.MutableMessage(&patch, &field),
          *reflection.MutableMessage(&record, &field));
  }

  static void MergeEntry(const FieldDescriptor& map, const std::string& key, const MaskNode& node,
                         pbuf::Message& patch, pbuf::Message& record) {
    const pbuf::Reflection& reflection = *record.GetReflection();
    const int from = FindMapEntry(patch, map, key);
    const int to = FindMapEntry(record, map, key);
    if (from < 0 && to < 0) return;
    if (from < 0 && node.whole) return RemoveMapEntry(record, map, to);
    if (to < 0) {
      // The new entry begins with its key alone; what the mask names of its value follows.
      pbuf::Message& made = *reflection.AddMessage(&record, &map);
      made.CopyFrom(reflection.GetRepeatedMessage(patch, &map, from));
      made.GetReflection()->ClearField(&made, map.message_type()->map_value());
    }
    pbuf::Message& entry =
        *reflection.MutableRepeatedMessage(&record, &map, FindMapEntry(record, map, key));
    MaskNode value;
    value.fields[map.message_type()->map_value()] = node;
    if (from >= 0)
      return Merge(value, *reflection.MutableRepeatedMessage(&patch, &map, from), entry);
    const std::unique_ptr<pbuf::Message> nothing(entry.New());
    Merge(value, *nothing, entry);
  }
};

// Which of the caller's fields the mask of an update means.
absl::StatusOr<MaskNode> UpdateMask(const Declaration& declaration, const pbuf::Message& patch,
                                    const pbuf::FieldMask& mask) {
  LOTURA_ASSIGN_OR_RETURN(MaskNode node, ParseMask(*declaration.message(), mask, "update_mask"));
  if (node.whole) {
    for (const Column& column : declaration.columns()) node.fields[column.field].whole = true;
  } else if (mask.paths().empty()) {
    std::vector<const FieldDescriptor*> fields;
    patch.GetReflection()->ListFields(patch, &fields);
    for (const FieldDescriptor* field : fields) node.fields[field].whole = true;
  }
  std::erase_if(node.fields,
                [&](const auto& named) { return !IsCallers(declaration, *named.first); });
  return node;
}

}  // namespace

absl::StatusOr<std::unique_ptr<pbuf::Message>> MergeByMask(const Declaration& declaration,
                                                           const pbuf::Message& current,
                                                           const pbuf::Message& patch,
                                                           const pbuf::FieldMask& mask) {
  LOTURA_ASSIGN_OR_RETURN(const MaskNode node, UpdateMask(declaration, patch, mask));
  std::unique_ptr<pbuf::Message> merged = CopyOf(current);
  const std::unique_ptr<pbuf::Message> source = CopyOf(patch);
  Merger::Merge(node, *source, *merged);
  return merged;
}

}  // namespace lotura::resource
