#include "tools/lotura/importer/record_index.h"

namespace lotura::importer {

void RecordIndex::Add(const std::string& step, const std::string& key, Record record) {
  steps_[step].insert_or_assign(key, std::move(record));
}

void RecordIndex::Spoil(const std::string& step, const std::string& key, std::string why) {
  steps_[step][key].spoiled = std::move(why);
}

void RecordIndex::MarkMissing(const std::string& step, const std::string& key, std::string why) {
  steps_[step][key].missing = std::move(why);
}

const RecordIndex::Record* RecordIndex::Find(std::string_view step, std::string_view key) const {
  const auto records = steps_.find(step);
  if (records == steps_.end()) return nullptr;
  const auto found = records->second.find(key);
  return found == records->second.end() ? nullptr : &found->second;
}

}  // namespace lotura::importer
