#include "libs/resource/field_mask.h"

#include <fmt/format.h>

#include "libs/base/errors.h"
#include "libs/base/text.h"

namespace lotura::resource {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;
// From the record to a field, through single messages.
using Path = std::vector<const FieldDescriptor*>;

constexpr int kPathsMax = 200;

void Wrong(Violations& violations, std::string reason, std::string description) {
  violations.Add("update_mask", std::move(reason), std::move(description));
}

// Splits at dots outside of backticks, which quote the key of a map.
std::vector<std::string> Steps(std::string_view path) {
  std::vector<std::string> steps(1);
  bool quoted = false;
  for (const char c : path) {
    if (c == '`') quoted = !quoted;
    if (c == '.' && !quoted) {
      steps.emplace_back();
    } else {
      steps.back() += c;
    }
  }
  return steps;
}

std::optional<Path> Resolve(const pbuf::Descriptor* message, const std::string& text, Violations& violations) {
  Path path;
  for (const std::string& step : Steps(text)) {
    if (!path.empty() && (path.back()->is_repeated() || path.back()->message_type() == nullptr)) {
      Wrong(violations, "MASK_INVALID", fmt::format("'{}' goes into a field that can only be replaced as a whole", text));
      return std::nullopt;
    }
    const pbuf::Descriptor* inside = path.empty() ? message : path.back()->message_type();
    const FieldDescriptor* field = inside->FindFieldByName(step);
    if (field == nullptr) {
      Wrong(violations, "MASK_UNKNOWN_FIELD", fmt::format("'{}' is not a field of {}", text, message->name()));
      return std::nullopt;
    }
    path.push_back(field);
  }
  return path;
}

void CopyField(const pbuf::Message& from, const FieldDescriptor* field, pbuf::Message& to) {
  const pbuf::Reflection& reflection = *to.GetReflection();
  reflection.ClearField(&to, field);
  const bool is_set = field->is_repeated() ? reflection.FieldSize(from, field) > 0 : reflection.HasField(from, field);
  if (!is_set) return;
  // A message with this field alone, merged over the cleared one.
  const std::unique_ptr<pbuf::Message> only(from.New());
  only->CopyFrom(from);
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*only, &fields);
  for (const FieldDescriptor* other : fields) {
    if (other != field) reflection.ClearField(only.get(), other);
  }
  to.MergeFrom(*only);
}

void CopyPath(const pbuf::Message& from, std::span<const FieldDescriptor* const> path, pbuf::Message& to) {
  if (path.size() == 1) return CopyField(from, path.front(), to);
  const bool nothing_there = !from.GetReflection()->HasField(from, path.front()) && !to.GetReflection()->HasField(to, path.front());
  if (nothing_there) return;
  CopyPath(from.GetReflection()->GetMessage(from, path.front()), path.subspan(1), *to.GetReflection()->MutableMessage(&to, path.front()));
}

bool IsCallers(const Declaration& declaration, const FieldDescriptor* field) {
  const Column* column = declaration.FindColumn(field->name());
  return column != nullptr && !column->output_only;
}

std::vector<Path> EveryField(const Declaration& declaration) {
  std::vector<Path> paths;
  for (const Column& column : declaration.columns()) paths.push_back({column.field});
  return paths;
}

std::vector<Path> SetFields(const pbuf::Message& patch) {
  std::vector<const FieldDescriptor*> fields;
  patch.GetReflection()->ListFields(patch, &fields);
  std::vector<Path> paths;
  for (const FieldDescriptor* field : fields) paths.push_back({field});
  return paths;
}

absl::StatusOr<std::vector<Path>> PathsOf(const Declaration& declaration, const pbuf::Message& patch, const pbuf::FieldMask& mask) {
  if (mask.paths_size() == 0) return SetFields(patch);
  if (mask.paths_size() == 1 && mask.paths(0) == "*") return EveryField(declaration);
  if (mask.paths_size() > kPathsMax) return InvalidArgument("update_mask", "TOO_MANY", fmt::format("has more than {} paths", kPathsMax));
  Violations violations;
  std::vector<Path> paths;
  for (const std::string& text : mask.paths()) {
    auto path = Resolve(declaration.message(), text, violations);
    if (path.has_value()) paths.push_back(std::move(*path));
  }
  LOTURA_RETURN_IF_ERROR(violations.ToStatus());
  return paths;
}

}  // namespace

absl::StatusOr<std::unique_ptr<pbuf::Message>> MergeByMask(const Declaration& declaration, const pbuf::Message& current,
                                                           const pbuf::Message& patch, const pbuf::FieldMask& mask) {
  LOTURA_ASSIGN_OR_RETURN(const std::vector<Path> paths, PathsOf(declaration, patch, mask));
  std::unique_ptr<pbuf::Message> merged(current.New());
  merged->CopyFrom(current);
  for (const Path& path : paths) {
    if (IsCallers(declaration, path.front())) CopyPath(patch, path, *merged);
  }
  return merged;
}

}  // namespace lotura::resource
