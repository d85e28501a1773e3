// What the rules of a step make of one row.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/lotura/importer/mapping.h"
#include "tools/lotura/importer/record_index.h"
#include "tools/lotura/importer/slug.h"

namespace lotura::importer {

// Lives no longer than what it was made of. A row that a rule rejects is an INVALID_ARGUMENT with
// one of the reasons VALUE_EMPTY, VALUE_NOT_MAPPED, VALUE_MALFORMED, DATE_MALFORMED,
// NUMBER_MALFORMED, RECORD_UNKNOWN and RECORD_REJECTED.
class RowValues {
 public:
  RowValues(const Mapping& mapping, const Step& step, const RecordIndex& index,
            const SlugMaker& slugs, const SourceRow& row)
      : mapping_(mapping),
        step_(step),
        index_(index),
        slugs_(slugs),
        table_(mapping.tables.at(step.table)),
        row_(row) {}

  // Empty for no value.
  absl::StatusOr<std::string> Value(const ValueRule& rule);
  // Fills the fields that have a value and leaves the others alone. Returns the paths of those that
  // it filled and of those that are to be cleared; a repeated field has one path.
  absl::StatusOr<std::vector<std::string>> Fill(const std::vector<FieldRule>& rules,
                                                pbuf::Message& message);
  // Whether all conditions of the step hold.
  [[nodiscard]] bool Applies() const;
  // Keys of records of this very step that the values refer to.
  [[nodiscard]] const std::set<std::string>& own_references() const { return own_references_; }

 private:
  [[nodiscard]] std::string_view Cell(const std::string& column) const;
  absl::StatusOr<std::string> Mapped(const ValueRule& rule, std::string text) const;
  absl::StatusOr<std::string> RecordName(const ValueRule& rule, const std::string& key);
  [[nodiscard]] absl::StatusOr<std::string> Converted(const ValueRule& rule,
                                                      std::string text) const;
  absl::StatusOr<std::vector<std::string>> FillContent(const FieldRule& rule,
                                                       const FieldContent& content,
                                                       pbuf::Message& message);
  absl::StatusOr<std::vector<std::string>> FillMessage(const FieldRule& rule,
                                                       const std::vector<FieldRule>& fields,
                                                       pbuf::Message& message);

  const Mapping& mapping_;
  const Step& step_;
  const RecordIndex& index_;
  const SlugMaker& slugs_;
  const SourceTable& table_;
  const SourceRow& row_;
  std::set<std::string> own_references_;
};

}  // namespace lotura::importer
