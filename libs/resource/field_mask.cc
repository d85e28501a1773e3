#include "libs/resource/field_mask.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/resource/filter_path.h"
#include "libs/resource/map_entries.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

constexpr int kPathsMax = 200;
constexpr std::size_t kStepsMax = 20;

struct Step {
  std::string text;
  bool quoted = false;
};

// Splits at the dots outside of backticks; nothing if a backtick stands elsewhere than around a
// whole step.
std::optional<std::vector<Step>> SplitPath(std::string_view path) {
  std::vector<Step> steps;
  for (;;) {
    Step step;
    if (path.starts_with('`')) {
      const std::size_t end = path.find('`', 1);
      if (end == std::string_view::npos) return std::nullopt;
      step = {std::string(path.substr(1, end - 1)), true};
      path.remove_prefix(end + 1);
    } else {
      step.text = path.substr(0, path.find('.'));
      if (step.text.empty() || step.text.find('`') != std::string::npos) return std::nullopt;
      path.remove_prefix(step.text.size());
    }
    steps.push_back(std::move(step));
    if (path.empty()) return steps;
    if (path.front() != '.') return std::nullopt;
    path.remove_prefix(1);
  }
}

// Adds the paths of one mask to a tree.
class MaskReader {
 public:
  MaskReader(const pbuf::Descriptor& message, std::string_view request_field)
      : message_(message), request_field_(request_field) {}

  void Add(const std::string& path) {
    const auto steps = SplitPath(path);
    if (!steps.has_value() || steps->size() > kStepsMax) {
      return Refuse("MASK_INVALID", fmt::format("'{}' is no path", ShortForError(path)));
    }
    MaskNode* node = &root_;
    const pbuf::Descriptor* message = &message_;
    for (std::size_t i = 0; i < steps->size(); ++i) {
      const FieldDescriptor* field = message == nullptr || (*steps)[i].quoted
                                         ? nullptr
                                         : message->FindFieldByName((*steps)[i].text);
      if (field == nullptr) return Unknown(path, message);
      node = &node->fields[field];
      const bool last = i + 1 == steps->size();
      const FieldDescriptor* value = field;
      if (field->is_map() && !last) {
        const std::optional<std::string> key =
            ToMapKey(*field->message_type()->map_key(), (*steps)[++i].text);
        if (!key.has_value()) return Unknown(path, message);
        node = &node->entries[*key];
        value = field->message_type()->map_value();
      } else if (field->is_repeated() && !last) {
        return Refuse("MASK_INVALID",
                      fmt::format("'{}' goes into a repeated field, which is replaced as a whole",
                                  ShortForError(path)));
      }
      message = value->message_type();
    }
    node->whole = true;
  }

  absl::StatusOr<MaskNode> Take() {
    LOTURA_RETURN_IF_ERROR(violations_.ToStatus());
    return std::move(root_);
  }

 private:
  void Refuse(std::string reason, std::string description) {
    violations_.Add(std::string(request_field_), std::move(reason), std::move(description));
  }

  void Unknown(const std::string& path, const pbuf::Descriptor* message) {
    Refuse("MASK_UNKNOWN_FIELD",
           message == nullptr
               ? fmt::format("'{}' goes into a field that has none", ShortForError(path))
               : fmt::format("'{}' is not a field of {}", ShortForError(path), message->name()));
  }

  const pbuf::Descriptor& message_;
  std::string_view request_field_;
  MaskNode root_;
  Violations violations_;
};

void PruneMap(const MaskNode& mask, const FieldDescriptor& map, pbuf::Message& message) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  for (int i = reflection.FieldSize(message, &map) - 1; i >= 0; --i) {
    pbuf::Message& entry = *reflection.MutableRepeatedMessage(&message, &map, i);
    const auto named = mask.entries.find(MapKeyOf(entry));
    if (named == mask.entries.end()) {
      RemoveMapEntry(message, map, i);
    } else if (!named->second.whole) {
      const FieldDescriptor* value = map.message_type()->map_value();
      PruneToMask(named->second, *entry.GetReflection()->MutableMessage(&entry, value));
    }
  }
}

}  // namespace

absl::StatusOr<MaskNode> ParseMask(const pbuf::Descriptor& message, const pbuf::FieldMask& mask,
                                   std::string_view request_field) {
  if (mask.paths_size() == 1 && mask.paths(0) == "*") return MaskNode{.whole = true};
  if (mask.paths_size() > kPathsMax) {
    return InvalidArgument(std::string(request_field), "TOO_MANY",
                           fmt::format("has more than {} paths", kPathsMax));
  }
  MaskReader reader(message, request_field);
  for (const std::string& path : mask.paths()) reader.Add(path);
  return reader.Take();
}

void PruneToMask(const MaskNode& mask, pbuf::Message& message) {
  if (mask.whole) return;
  const pbuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const auto named = mask.fields.find(field);
    if (named == mask.fields.end()) {
      reflection.ClearField(&message, field);
    } else if (named->second.whole) {
      continue;
    } else if (field->is_map()) {
      PruneMap(named->second, *field, message);
    } else {
      PruneToMask(named->second, *reflection.MutableMessage(&message, field));
    }
  }
}

}  // namespace lotura::resource
