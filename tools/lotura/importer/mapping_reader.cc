#include "tools/lotura/importer/mapping_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "tools/lotura/api/text_file.h"
#include "tools/lotura/importer/mapping_check.h"
#include "tools/lotura/importer/rule_reader.h"
#include "tools/lotura/importer/yaml_map.h"

namespace lotura::importer {
namespace {

// Reads one file; members are what has been read so far.
class MappingReader {
 public:
  MappingReader(const std::filesystem::path& path, const api::ResourceModel& model)
      : path_(path), file_(path.filename().string()), model_(model) {}

  absl::StatusOr<Mapping> Read() {
    LOTURA_ASSIGN_OR_RETURN(const std::string text, api::ReadTextFile(path_));
    LOTURA_ASSIGN_OR_RETURN(const YAML::Node root, ParseYaml(file_, text));
    LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file_, root));
    mapping_.path = path_;
    LOTURA_ASSIGN_OR_RETURN(mapping_.name, map.TakeText("mapping"));
    if (const auto files = map.Take("files")) LOTURA_RETURN_IF_ERROR(ReadTables(*files));
    if (const auto maps = map.Take("maps")) LOTURA_RETURN_IF_ERROR(ReadMaps(*maps));
    const auto steps = map.Take("steps");
    if (!steps.has_value() || !steps->IsSequence()) return map.Error("'steps' is a list of steps");
    LOTURA_RETURN_IF_ERROR(map.Finish());
    for (const YAML::Node& step : *steps) LOTURA_RETURN_IF_ERROR(ReadStep(step));
    LOTURA_RETURN_IF_ERROR(FinishSteps());
    LOTURA_RETURN_IF_ERROR(CheckAndOrder(file_, mapping_));
    return std::move(mapping_);
  }

 private:
  // What can be read only when all steps are known.
  struct Pending {
    YAML::Node node;
    YAML::Node fields;
    std::string verb;
  };

  absl::Status ReadTables(const YAML::Node& node) {
    LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file_, node));
    for (const auto& [name, entry] : map.TakeRest()) {
      LOTURA_ASSIGN_OR_RETURN(YamlMap table_map, YamlMap::Of(file_, entry));
      LOTURA_ASSIGN_OR_RETURN(const std::string path, table_map.TakeText("path"));
      LOTURA_ASSIGN_OR_RETURN(SourceTable table, ReadCsv(path_.parent_path() / path));
      if (const auto mend = table_map.Take("mend")) LOTURA_RETURN_IF_ERROR(Mend(*mend, table));
      LOTURA_RETURN_IF_ERROR(table_map.Finish());
      mapping_.tables.emplace(name, std::move(table));
    }
    return absl::OkStatus();
  }

  absl::Status Mend(const YAML::Node& node, SourceTable& table) {
    LOTURA_ASSIGN_OR_RETURN(YamlMap columns, YamlMap::Of(file_, node));
    for (const auto& [name, entry] : columns.TakeRest()) {
      const auto column = table.FindColumn(name);
      if (!column.has_value())
        return MappingError(file_, entry, fmt::format("{} has no column '{}'", table.file, name));
      LOTURA_ASSIGN_OR_RETURN(const auto mended, ReadTexts(entry));
      std::map<std::string, std::string> unused = mended;
      for (SourceRow& row : table.rows) {
        if (row.cells.size() <= *column) continue;
        const auto found = mended.find(std::string(Trim(row.cells[*column])));
        if (found == mended.end()) continue;
        row.cells[*column] = found->second;
        unused.erase(found->first);
      }
      for (const auto& [wrong, right] : unused) {
        mapping_.notes.push_back(fmt::format("{}:{}: {} has no '{}' in column '{}' to mend", file_,
                                             entry.Mark().line + 1, table.file, wrong, name));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::map<std::string, std::string>> ReadTexts(const YAML::Node& node) {
    LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file_, node));
    std::map<std::string, std::string> texts;
    for (const auto& [from, to] : map.TakeRest()) {
      if (!to.IsScalar()) return MappingError(file_, to, fmt::format("'{}' is no text", from));
      texts.emplace(Trim(from), to.Scalar());
    }
    return texts;
  }

  absl::Status ReadMaps(const YAML::Node& node) {
    LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file_, node));
    for (const auto& [name, entry] : map.TakeRest()) {
      LOTURA_ASSIGN_OR_RETURN(YamlMap keys, YamlMap::Of(file_, entry));
      const bool from_table = keys.Has("file") && keys.Has("from") && keys.Has("to");
      LOTURA_ASSIGN_OR_RETURN(auto texts, from_table ? ReadTableMap(keys) : ReadTexts(entry));
      mapping_.maps.emplace(name, std::move(texts));
    }
    return absl::OkStatus();
  }

  // One column of a table to another one.
  absl::StatusOr<std::map<std::string, std::string>> ReadTableMap(YamlMap& keys) {
    LOTURA_ASSIGN_OR_RETURN(const std::string name, keys.TakeText("file"));
    LOTURA_ASSIGN_OR_RETURN(const std::string from_name, keys.TakeText("from"));
    LOTURA_ASSIGN_OR_RETURN(const std::string to_name, keys.TakeText("to"));
    LOTURA_RETURN_IF_ERROR(keys.Finish());
    const auto found = mapping_.tables.find(name);
    if (found == mapping_.tables.end())
      return keys.Error(fmt::format("there is no file '{}'", name));
    const SourceTable& table = found->second;
    const auto from = table.FindColumn(from_name);
    const auto to = table.FindColumn(to_name);
    if (!from.has_value() || !to.has_value())
      return keys.Error(fmt::format("{} lacks '{}' or '{}'", table.file, from_name, to_name));
    std::map<std::string, std::string> texts;
    for (const SourceRow& row : table.rows) {
      if (row.cells.size() != table.columns.size()) continue;
      const std::string_view text = Trim(row.cells[*from]);
      if (!texts.emplace(text, Trim(row.cells[*to])).second)
        return keys.Error(fmt::format("{}:{} maps '{}' a second time", table.file, row.line, text));
    }
    return texts;
  }

  absl::Status ReadStep(const YAML::Node& node) {
    LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file_, node));
    Step step;
    LOTURA_ASSIGN_OR_RETURN(step.name, map.TakeText("step"));
    step.line = static_cast<std::size_t>(node.Mark().line) + 1;
    if (mapping_.FindStep(step.name) != nullptr)
      return map.Error(fmt::format("there are two steps '{}'", step.name));
    LOTURA_RETURN_IF_ERROR(ReadRows(map, step));
    LOTURA_ASSIGN_OR_RETURN(step.distinct, map.TakeTextOr("distinct", ""));
    if (const auto when = map.Take("when")) LOTURA_RETURN_IF_ERROR(ReadWhen(*when, step));
    if (const auto after = map.Take("after")) {
      for (const YAML::Node& name : ItemsOf(*after)) {
        if (!name.IsScalar()) return map.Error("'after' is a list of steps");
        step.after.push_back(name.Scalar());
      }
    }
    const auto key = map.Take("key");
    if (!key.has_value()) return map.Error("'key' is missing: it tells the rows of a step apart");
    LOTURA_ASSIGN_OR_RETURN(step.key, ReadValue(file_, *key));
    Pending pending{.node = node};
    LOTURA_RETURN_IF_ERROR(ReadAction(map, step, pending));
    const auto fields = map.Take("fields");
    if (!fields.has_value()) return map.Error("'fields' is missing");
    pending.fields = *fields;
    LOTURA_RETURN_IF_ERROR(map.Finish());
    mapping_.steps.push_back(std::move(step));
    pending_.push_back(std::move(pending));
    return absl::OkStatus();
  }

  absl::Status ReadAction(YamlMap& map, Step& step, Pending& pending) {
    if (static_cast<int>(map.Has("create")) + static_cast<int>(map.Has("update")) +
            static_cast<int>(map.Has("call")) !=
        1) {
      return map.Error("a step has just one of 'create', 'update' and 'call'");
    }
    if (map.Has("create")) return ReadCreate(map, step);
    if (map.Has("update")) {
      step.action = Action::kUpdate;
      LOTURA_ASSIGN_OR_RETURN(step.record_step, map.TakeText("update"));
      return absl::OkStatus();
    }
    step.action = Action::kCall;
    LOTURA_ASSIGN_OR_RETURN(pending.verb, map.TakeText("call"));
    LOTURA_ASSIGN_OR_RETURN(step.record_step, map.TakeText("record"));
    return absl::OkStatus();
  }

  absl::Status ReadCreate(YamlMap& map, Step& step) {
    step.action = Action::kCreate;
    step.record_step = step.name;
    LOTURA_ASSIGN_OR_RETURN(const std::string collection, map.TakeText("create"));
    const auto found = model_.FindCollection(collection);
    if (!found.ok()) return map.Error(Message(found.status()));
    step.type = found->type;
    const auto method = step.type->Method(api::Verb::kBatchCreate);
    if (!method.ok()) return map.Error(Message(method.status()));
    step.method = *method;
    step.id = step.key;
    step.id.form = TextForm::kSlug;
    if (const auto id = map.Take("id")) {
      LOTURA_ASSIGN_OR_RETURN(step.id, ReadValue(file_, *id));
    }
    if (const auto parent = map.Take("parent")) {
      LOTURA_ASSIGN_OR_RETURN(step.parent, ReadValue(file_, *parent));
    }
    if (step.parent.has_value() != step.type->HasParent())
      return map.Error(step.type->HasParent() ? "'parent' is missing" : "there is no parent");
    return absl::OkStatus();
  }

  absl::Status ReadRows(YamlMap& map, Step& step) {
    if (map.Has("file") == map.Has("rows")) return map.Error("a step has either 'file' or 'rows'");
    if (map.Has("file")) {
      LOTURA_ASSIGN_OR_RETURN(step.table, map.TakeText("file"));
      return absl::OkStatus();
    }
    const YAML::Node rows = *map.Take("rows");
    SourceTable table{.file = file_};
    std::vector<std::map<std::string, std::string>> read;
    for (const YAML::Node& row : ItemsOf(rows)) {
      LOTURA_ASSIGN_OR_RETURN(auto texts, ReadTexts(row));
      for (const auto& [column, text] : texts) {
        if (!table.FindColumn(column).has_value()) table.columns.push_back(column);
      }
      table.rows.push_back({.line = static_cast<std::size_t>(row.Mark().line) + 1});
      read.push_back(std::move(texts));
    }
    for (std::size_t i = 0; i < read.size(); ++i) {
      for (const std::string& column : table.columns)
        table.rows[i].cells.push_back(read[i][column]);
      table.rows[i].text = CsvLine(table.rows[i].cells);
    }
    step.table = "rows of " + step.name;
    mapping_.tables.emplace(step.table, std::move(table));
    return absl::OkStatus();
  }

  absl::Status ReadWhen(const YAML::Node& node, Step& step) {
    LOTURA_ASSIGN_OR_RETURN(YamlMap map, YamlMap::Of(file_, node));
    for (const auto& [column, values] : map.TakeRest()) {
      Condition condition{.column = column};
      for (const YAML::Node& value : ItemsOf(values)) {
        if (!value.IsScalar()) return map.Error("'when' has a text or a list of texts");
        condition.values.push_back(value.Scalar());
      }
      step.when.push_back(std::move(condition));
    }
    return absl::OkStatus();
  }

  // Types, methods and fields of the steps that change what others created.
  absl::Status FinishSteps() {
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      Step& step = mapping_.steps[i];
      const Pending& pending = pending_[i];
      const Step* creator = mapping_.FindStep(step.record_step);
      if (creator == nullptr || creator->action != Action::kCreate) {
        return MappingError(file_, pending.node,
                            fmt::format("no step '{}' creates records", step.record_step));
      }
      step.type = creator->type;
      if (step.action == Action::kUpdate) {
        const auto method = step.type->Method(api::Verb::kUpdate);
        if (!method.ok()) return MappingError(file_, pending.node, Message(method.status()));
        step.method = *method;
      } else if (step.action == Action::kCall) {
        step.method = step.type->FindMethod(pending.verb);
        if (step.method == nullptr) {
          return MappingError(
              file_, pending.node,
              fmt::format("{} has no call '{}'", step.type->Collection(), pending.verb));
        }
      }
      const pbuf::Descriptor& filled =
          step.action == Action::kCall ? *step.method->input_type() : *step.type->message;
      LOTURA_ASSIGN_OR_RETURN(step.fields, ReadFields(file_, pending.fields, filled));
    }
    return absl::OkStatus();
  }

  const std::filesystem::path& path_;
  const std::string file_;
  const api::ResourceModel& model_;
  Mapping mapping_;
  std::vector<Pending> pending_;
};

}  // namespace

const Step* Mapping::FindStep(std::string_view step) const {
  const auto found = std::ranges::find(steps, step, &Step::name);
  return found == steps.end() ? nullptr : &*found;
}

absl::StatusOr<Mapping> ReadMapping(const std::filesystem::path& path,
                                    const api::ResourceModel& model) {
  return MappingReader(path, model).Read();
}

}  // namespace lotura::importer
