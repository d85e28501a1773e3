#include "tools/lotura/importer/plan.h"

#include <fmt/format.h>
#include <google/protobuf/field_mask.pb.h>

#include <algorithm>
#include <deque>
#include <map>

#include "libs/base/check.h"
#include "libs/base/errors.h"
#include "libs/base/names.h"
#include "libs/base/text.h"
#include "tools/lotura/importer/row_values.h"

namespace lotura::importer {
namespace {

// Whether the text names a record below which records of the type lie.
bool IsParentOf(const api::ResourceType& type, const std::string& text) {
  const auto parts = Split(text, '/');
  if (parts.size() != 2 * (type.collections.size() - 1)) return false;
  for (std::size_t i = 0; i < parts.size(); i += 2) {
    if (parts[i] != type.collections[i / 2] || !IsWellFormedId(parts[i + 1])) return false;
  }
  return true;
}

const pbuf::FieldDescriptor& FieldOf(const pbuf::Message& message, const std::string& name) {
  const pbuf::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  LOTURA_CHECK(field != nullptr);
  return *field;
}

void SetText(pbuf::Message& message, const std::string& field, const std::string& text) {
  message.GetReflection()->SetString(&message, &FieldOf(message, field), text);
}

pbuf::Message& Inner(pbuf::Message& message, const std::string& field) {
  return *message.GetReflection()->MutableMessage(&message, &FieldOf(message, field));
}

class StepPlanner {
 public:
  StepPlanner(const Mapping& mapping, const Step& step, const SlugMaker& slugs, RecordIndex& index)
      : mapping_(mapping),
        step_(step),
        slugs_(slugs),
        index_(index),
        table_(mapping.tables.at(step.table)) {}

  StepPlan Plan() {
    plan_.rows_total = table_.rows.size();
    for (const SourceRow& row : table_.rows) Identify(row);
    // Only now are all records of the step known, so that rows can refer to later ones.
    for (; !identified_.empty(); identified_.pop_front()) Fill(std::move(identified_.front()));
    for (const auto& [value, rows] : repeated_) plan_.left_out += rows.size();
    // A row that stands in for a rejected one was filled after the others.
    std::ranges::sort(plan_.rows, {}, &PlannedRow::row);
    OrderWaves();
    return std::move(plan_);
  }

 private:
  void Reject(const SourceRow& row, const std::string& key, const absl::Status& why) {
    plan_.rejections.push_back({&row, key, ReasonOf(why), Message(why)});
    if (key.empty()) return;
    const std::string place =
        fmt::format("{}:{} was rejected ({})", table_.file, row.line, ReasonOf(why));
    if (step_.action == Action::kCreate) {
      index_.Add(step_.name, key, {.type = step_.type, .missing = place});
    } else if (index_.Find(step_.record_step, key) != nullptr) {
      index_.Spoil(step_.record_step, key, place);
    }
  }

  absl::Status CheckText(const SourceRow& row) const {
    if (row.cells.size() != table_.columns.size()) {
      return Error(absl::StatusCode::kInvalidArgument, "COLUMN_COUNT",
                   fmt::format("the row has {} fields, the file {} columns", row.cells.size(),
                               table_.columns.size()));
    }
    const bool valid = std::ranges::all_of(row.cells, [](const std::string& cell) {
      return Utf8Size(cell).has_value() && !HasNul(cell);
    });
    if (valid) return absl::OkStatus();
    return Error(absl::StatusCode::kInvalidArgument, "TEXT_INVALID", "the row is not UTF-8 text");
  }

  // The value that must be distinct.
  [[nodiscard]] std::string ValueOf(const SourceRow& row) const {
    return std::string(Trim(row.cells[*table_.FindColumn(step_.distinct)]));
  }

  // Whether an earlier row stands for the same value in the column that must be distinct.
  bool IsRepeated(const SourceRow& row) {
    if (step_.distinct.empty()) return false;
    const auto claimed = repeated_.find(ValueOf(row));
    if (claimed == repeated_.end()) return false;
    claimed->second.push_back(&row);
    return true;
  }

  // Finds out which record a row is about.
  void Identify(const SourceRow& row) {
    if (const absl::Status text = CheckText(row); !text.ok()) return Reject(row, "", text);
    RowValues values(mapping_, step_, index_, slugs_, row);
    if (!values.Applies()) {
      ++plan_.left_out;
      return;
    }
    if (IsRepeated(row)) return;
    const auto key = values.Value(step_.key);
    if (!key.ok()) return Reject(row, "", key.status());
    if (key->empty()) {
      return Reject(row, "",
                    Error(absl::StatusCode::kInvalidArgument, "KEY_EMPTY",
                          "the value that tells the rows apart is empty"));
    }
    if (const auto first = lines_.find(*key); first != lines_.end()) {
      // A row whose key is taken must not spoil what the first one made.
      plan_.rejections.push_back(
          {&row, *key, "KEY_TAKEN",
           fmt::format("line {} has the same key '{}'", first->second, *key)});
      return;
    }
    auto name = NameOf(values, *key);
    if (!name.ok()) return Reject(row, *key, name.status());
    if (step_.action == Action::kCreate)
      index_.Add(step_.name, *key, {.type = step_.type, .name = *name});
    lines_.emplace(*key, row.line);
    if (!step_.distinct.empty()) repeated_.try_emplace(ValueOf(row));
    identified_.push_back({.row = &row, .key = *key, .name = *std::move(name)});
  }

  absl::StatusOr<std::string> NameOf(RowValues& values, const std::string& key) {
    if (step_.action != Action::kCreate) return NameOfExisting(key);
    LOTURA_ASSIGN_OR_RETURN(const std::string id, values.Value(step_.id));
    std::string parent;
    if (step_.parent.has_value()) {
      LOTURA_ASSIGN_OR_RETURN(parent, values.Value(*step_.parent));
      if (!IsParentOf(*step_.type, parent)) {
        return Error(absl::StatusCode::kInvalidArgument, "PARENT_INVALID",
                     fmt::format("'{}' is not the name of a parent: names look like {}", parent,
                                 step_.type->Pattern()));
      }
    }
    if (!IsWellFormedId(id)) {
      return Error(absl::StatusCode::kInvalidArgument, "ID_INVALID",
                   fmt::format("'{}' is no id: lower-case letters, digits and hyphens, at most "
                               "63, a letter first, no hyphen last",
                               id));
    }
    std::string name =
        fmt::format("{}{}{}/{}", parent, parent.empty() ? "" : "/", step_.type->Collection(), id);
    const auto [first, is_new] = keys_by_name_.emplace(name, key);
    if (is_new) return name;
    return Error(absl::StatusCode::kInvalidArgument, "ID_TAKEN",
                 fmt::format("'{}' has the same id '{}'", first->second, id));
  }

  absl::StatusOr<std::string> NameOfExisting(const std::string& key) const {
    const RecordIndex::Record* record = index_.Find(step_.record_step, key);
    if (record == nullptr) {
      return Error(absl::StatusCode::kInvalidArgument, "RECORD_UNKNOWN",
                   fmt::format("no row of step '{}' has the key '{}'", step_.record_step, key));
    }
    const std::string& trouble = record->missing.empty() ? record->spoiled : record->missing;
    if (trouble.empty()) return record->name;
    return Error(absl::StatusCode::kInvalidArgument, "EARLIER_STEP_REJECTED", trouble);
  }

  void Fill(PlannedRow planned) {
    RowValues values(mapping_, step_, index_, slugs_, *planned.row);
    auto request = Request(values, planned.name, planned.paths);
    if (!request.ok()) return RejectFilled(planned, request.status());
    planned.request = *std::move(request);
    planned.references = values.own_references();
    plan_.rows.push_back(std::move(planned));
  }

  void RejectFilled(const PlannedRow& planned, const absl::Status& why) {
    if (!HandOver(planned)) return Reject(*planned.row, planned.key, why);
    plan_.rejections.push_back({planned.row, planned.key, ReasonOf(why), Message(why)});
  }

  // Lets the next row with the same distinct value have its turn; true if one now stands for the
  // same key.
  bool HandOver(const PlannedRow& planned) {
    if (step_.distinct.empty()) return false;
    const auto others = repeated_.extract(ValueOf(*planned.row));
    lines_.erase(planned.key);
    keys_by_name_.erase(planned.name);
    for (const SourceRow* other : others.mapped()) Identify(*other);
    return lines_.contains(planned.key);
  }

  absl::StatusOr<std::unique_ptr<pbuf::Message>> Request(RowValues& values, const std::string& name,
                                                         std::vector<std::string>& paths) const {
    const std::string& singular = step_.type->singular;
    switch (step_.action) {
      case Action::kCreate: {
        auto request = api::NewMessage(*CreateMethod().input_type());
        LOTURA_ASSIGN_OR_RETURN(paths, values.Fill(step_.fields, Inner(*request, singular)));
        const std::size_t id = name.rfind('/');
        SetText(*request, singular + "_id", name.substr(id + 1));
        if (step_.type->HasParent()) SetText(*request, "parent", std::string(ParentOf(name)));
        return request;
      }
      case Action::kUpdate: {
        auto request = api::NewMessage(*step_.method->input_type());
        pbuf::Message& record = Inner(*request, singular);
        LOTURA_ASSIGN_OR_RETURN(paths, values.Fill(step_.fields, record));
        SetText(record, "name", name);
        google::protobuf::FieldMask mask;
        for (const std::string& path : paths) mask.add_paths(path);
        Inner(*request, "update_mask").CopyFrom(mask);
        return request;
      }
      case Action::kCall: {
        auto request = api::NewMessage(*step_.method->input_type());
        LOTURA_ASSIGN_OR_RETURN(paths, values.Fill(step_.fields, *request));
        SetText(*request, "name", name);
        return request;
      }
    }
    return Internal("unknown action");
  }

  [[nodiscard]] const pbuf::MethodDescriptor& CreateMethod() const {
    const auto method = step_.type->Method(api::Verb::kCreate);
    LOTURA_CHECK(method.ok());
    return **method;
  }

  // Puts each row into the wave after those that it refers to, until no row moves any more.
  void OrderWaves() {
    std::map<std::string, std::size_t> waves;
    std::vector<PlannedRow> waiting = std::exchange(plan_.rows, {});
    for (std::size_t wave = 0; !waiting.empty(); ++wave) {
      const auto is_ready = [&](const PlannedRow& planned) {
        return std::ranges::all_of(planned.references, [&](const std::string& key) {
          const auto found = waves.find(key);
          // A rejected row has no wave: whoever refers to it is rejected when its turn comes.
          return key == planned.key ? false : found != waves.end() || IsMissing(key);
        });
      };
      const auto later = std::stable_partition(waiting.begin(), waiting.end(), is_ready);
      if (later == waiting.begin()) break;
      for (auto planned = waiting.begin(); planned != later; ++planned) {
        planned->wave = wave;
        waves[planned->key] = wave;
        plan_.rows.push_back(std::move(*planned));
      }
      waiting.erase(waiting.begin(), later);
      plan_.waves = wave + 1;
    }
    for (const PlannedRow& planned : waiting) {
      Reject(*planned.row, planned.key,
             Error(absl::StatusCode::kInvalidArgument, "REFERENCE_CYCLE",
                   "the record would come before itself"));
    }
  }

  [[nodiscard]] bool IsMissing(const std::string& key) const {
    const RecordIndex::Record* record = index_.Find(step_.name, key);
    return record == nullptr || !record->missing.empty();
  }

  const Mapping& mapping_;
  const Step& step_;
  const SlugMaker& slugs_;
  RecordIndex& index_;
  const SourceTable& table_;
  StepPlan plan_;
  // What is known of the rows that are still to be filled.
  std::deque<PlannedRow> identified_;
  // By distinct value for which a row stands: the rows after it.
  std::map<std::string, std::vector<const SourceRow*>> repeated_;
  std::map<std::string, std::size_t> lines_;
  std::map<std::string, std::string> keys_by_name_;
};

}  // namespace

StepPlan PlanStep(const Mapping& mapping, const Step& step, const SlugMaker& slugs,
                  RecordIndex& index) {
  return StepPlanner(mapping, step, slugs, index).Plan();
}

}  // namespace lotura::importer
