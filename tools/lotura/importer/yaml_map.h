// YAML read with errors that name the place, and without exceptions.
#pragma once

#include <absl/status/statusor.h>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <vector>

namespace lotura::importer {

// MAPPING_INVALID saying "mapping.yaml:12: ...".
absl::Status MappingError(const std::string& file, const YAML::Node& node, std::string_view what);

// INVALID_ARGUMENT MAPPING_INVALID if the text is not YAML.
absl::StatusOr<YAML::Node> ParseYaml(const std::string& file, const std::string& text);

// The items of a list; a node that is no list is the only item.
std::vector<YAML::Node> ItemsOf(const YAML::Node& node);

// A map whose keys are taken one by one, so that a misspelled one is found.
class YamlMap {
 public:
  // Error if the node is no map, or has a key twice. `file` outlives the map.
  static absl::StatusOr<YamlMap> Of(const std::string& file, const YAML::Node& node);

  [[nodiscard]] bool Has(const std::string& key) const { return entries_.contains(key); }
  std::optional<YAML::Node> Take(const std::string& key);
  // Errors if the key is missing, or its value is no text.
  absl::StatusOr<std::string> TakeText(const std::string& key);
  absl::StatusOr<std::string> TakeTextOr(const std::string& key, std::string otherwise);
  // The keys that were not taken, with their nodes, in alphabetical order.
  std::map<std::string, YAML::Node> TakeRest();
  // Error naming a key that nobody took.
  [[nodiscard]] absl::Status Finish() const;
  [[nodiscard]] absl::Status Error(std::string_view what) const {
    return MappingError(file_, node_, what);
  }
  [[nodiscard]] const YAML::Node& node() const { return node_; }

 private:
  YamlMap(const std::string& file, const YAML::Node& node) : file_(file), node_(node) {}

  const std::string& file_;
  YAML::Node node_;
  std::map<std::string, YAML::Node> entries_;
};

}  // namespace lotura::importer
