// A directory for mapping files and tables of a test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "libs/testing/process.h"
#include "tools/lotura/importer/mapping_reader.h"

namespace lotura::importer {

class MappingFixture : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }

  absl::StatusOr<Mapping> Read(const std::string& text) const {
    Write("mapping.yaml", text);
    return ReadMapping(directory_ / "mapping.yaml", model_);
  }

  const api::ResourceModel model_ = api::ResourceModel::OfLinkedProtos();
  const testing::TempDir temporary_;
  const std::filesystem::path directory_ = temporary_.path();
};

}  // namespace lotura::importer
