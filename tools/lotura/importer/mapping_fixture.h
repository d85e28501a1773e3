// A directory for mapping files and tables of a test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tools/lotura/importer/mapping_reader.h"

namespace lotura::importer {

class MappingFixture : public ::testing::Test {
 protected:
  MappingFixture() {
    std::string pattern = std::filesystem::temp_directory_path() / "lotura_mapping_XXXXXX";
    const char* made = mkdtemp(pattern.data());
    EXPECT_NE(made, nullptr);
    directory_ = pattern;
  }
  ~MappingFixture() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }

  absl::StatusOr<Mapping> Read(const std::string& text) const {
    Write("mapping.yaml", text);
    return ReadMapping(directory_ / "mapping.yaml", model_);
  }

  const api::ResourceModel model_ = api::ResourceModel::OfLinkedProtos();
  std::filesystem::path directory_;
};

}  // namespace lotura::importer
