// What a mapping file says: which rows become which records. README.md describes the file.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/lotura/api/resource_model.h"
#include "tools/lotura/importer/date_form.h"
#include "tools/lotura/importer/source_table.h"
#include "tools/lotura/importer/text_template.h"

namespace lotura::importer {

namespace pbuf = google::protobuf;

// What becomes of a text.
enum class TextForm { kAsIs, kSlug, kLower, kUpper };
// What becomes of a row whose text is not in the map, or names no record of the step.
enum class Otherwise { kReject, kEmpty, kKeep };
// What becomes of a field whose text is empty.
enum class WhenEmpty { kLeaveOut, kReject, kClear };

// Where a value comes from and what is done with it, in the order of the members.
struct ValueRule {
  TextTemplate text;
  // The first of these that is not empty, instead of a text.
  std::vector<ValueRule> first_of;
  WhenEmpty when_empty = WhenEmpty::kLeaveOut;
  TextForm form = TextForm::kAsIs;
  // Name of a map; empty: none.
  std::string map;
  Otherwise map_otherwise = Otherwise::kReject;
  // Name of a step, to one of whose records the text is the key; empty: none.
  std::string record_of;
  Otherwise record_otherwise = Otherwise::kReject;
  std::optional<DateForm> date;
  // The number is multiplied by it.
  std::optional<std::int64_t> scale;
  // Makes the number an amount of money.
  std::string currency;
};

struct FieldRule;

// One value, or the fields of a message.
using FieldContent = std::variant<ValueRule, std::vector<FieldRule>>;

// A field and what it is filled with; a repeated one has several contents.
struct FieldRule {
  const pbuf::FieldDescriptor* field = nullptr;
  std::vector<FieldContent> contents;
};

// The rows whose column has one of the values.
struct Condition {
  std::string column;
  std::vector<std::string> values;
};

// What a step does with a row.
enum class Action { kCreate, kUpdate, kCall };

struct Step {
  std::string name;
  // Of the mapping file.
  std::size_t line = 0;
  // Name of a table in Mapping::tables.
  std::string table;
  std::vector<Condition> when;
  // Of the rows with the same value in this column only the first counts; empty: all count.
  std::string distinct;

  Action action = Action::kCreate;
  // Whose records are created, updated or called upon.
  const api::ResourceType* type = nullptr;
  // What is called: BatchCreate, Update, or a verb by its own name.
  const pbuf::MethodDescriptor* method = nullptr;
  // The step that made the records which this one changes; for a step that creates, its own name.
  std::string record_step;
  // Tells the rows of a step apart, and finds the record that a row made.
  ValueRule key;
  // Only for a step that creates.
  ValueRule id;
  std::optional<ValueRule> parent;
  // Of the record, or of the call's request.
  std::vector<FieldRule> fields;
  // Steps that come before this one.
  std::vector<std::string> after;
};

struct Mapping {
  std::string name;
  // The file that it was read from.
  std::filesystem::path path;
  // By name, with everything mended that the mapping mends.
  std::map<std::string, SourceTable> tables;
  std::map<std::string, std::map<std::string, std::string>> maps;
  // What is odd about it but does not keep it from being used, for whoever wrote it.
  std::vector<std::string> notes;
  // In the order in which they run.
  std::vector<Step> steps;

  [[nodiscard]] const Step* FindStep(std::string_view step) const;
};

}  // namespace lotura::importer
