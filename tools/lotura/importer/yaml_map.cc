#include "tools/lotura/importer/yaml_map.h"

#include <fmt/format.h>

#include "libs/base/errors.h"

namespace lotura::importer {

absl::Status MappingError(const std::string& file, const YAML::Node& node, std::string_view what) {
  return lotura::Error(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID",
                       fmt::format("{}:{}: {}", file, node.Mark().line + 1, what));
}

absl::StatusOr<YAML::Node> ParseYaml(const std::string& file, const std::string& text) {
  // The only calls of the library that can throw; nodes are asked for their kind before they are
  // read.
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    return lotura::Error(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID",
                         fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
  }
}

std::vector<YAML::Node> ItemsOf(const YAML::Node& node) {
  std::vector<YAML::Node> items;
  if (!node.IsSequence()) {
    items.push_back(node);
    return items;
  }
  for (const YAML::Node& item : node) items.push_back(item);
  return items;
}

absl::StatusOr<YamlMap> YamlMap::Of(const std::string& file, const YAML::Node& node) {
  if (!node.IsMap()) return MappingError(file, node, "expected keys and values");
  YamlMap map(file, node);
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return MappingError(file, entry.first, "a key is no text");
    if (!map.entries_.emplace(entry.first.Scalar(), entry.second).second)
      return MappingError(file, entry.first,
                          fmt::format("'{}' stands here twice", entry.first.Scalar()));
  }
  return map;
}

std::optional<YAML::Node> YamlMap::Take(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  YAML::Node node = found->second;
  entries_.erase(found);
  return node;
}

absl::StatusOr<std::string> YamlMap::TakeText(const std::string& key) {
  const auto node = Take(key);
  if (!node.has_value()) return Error(fmt::format("'{}' is missing", key));
  if (!node->IsScalar()) return MappingError(file_, *node, fmt::format("'{}' is no text", key));
  return node->Scalar();
}

absl::StatusOr<std::string> YamlMap::TakeTextOr(const std::string& key, std::string otherwise) {
  if (!Has(key)) return otherwise;
  return TakeText(key);
}

std::map<std::string, YAML::Node> YamlMap::TakeRest() { return std::exchange(entries_, {}); }

absl::Status YamlMap::Finish() const {
  if (entries_.empty()) return absl::OkStatus();
  const auto& [key, node] = *entries_.begin();
  return MappingError(file_, node, fmt::format("'{}' is not known here", key));
}

}  // namespace lotura::importer
