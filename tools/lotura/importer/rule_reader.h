// The part of a mapping file that says what fields are filled with.
#pragma once

#include <absl/status/statusor.h>
#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

#include "tools/lotura/importer/mapping.h"

namespace lotura::importer {

// A text is a template; a map names the source and what is done with it. Errors are
// MAPPING_INVALID with file and line.
absl::StatusOr<ValueRule> ReadValue(const std::string& file, const YAML::Node& node);

// Fields of a message of this type.
absl::StatusOr<std::vector<FieldRule>> ReadFields(const std::string& file, const YAML::Node& node,
                                                  const pbuf::Descriptor& message);

}  // namespace lotura::importer
