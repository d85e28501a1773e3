// The records that an import made, found by the keys of the rows that they came from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tools/lotura/api/resource_model.h"

namespace lotura::importer {

// Filled step by step by one thread.
class RecordIndex {
 public:
  struct Record {
    const api::ResourceType* type = nullptr;
    // Without the host.
    std::string name;
    // Why it is not there, or why later steps must leave it alone; empty if all is well.
    std::string missing;
    std::string spoiled;
  };

  // A record that the step makes, or fails to make for the reason `missing`.
  void Add(const std::string& step, const std::string& key, Record record);
  // The record of this key exists, but a row that was to change it was rejected.
  void Spoil(const std::string& step, const std::string& key, std::string why);
  void MarkMissing(const std::string& step, const std::string& key, std::string why);
  // Null if no row of the step has this key.
  [[nodiscard]] const Record* Find(std::string_view step, std::string_view key) const;

 private:
  std::map<std::string, std::map<std::string, Record, std::less<>>, std::less<>> steps_;
};

}  // namespace lotura::importer
