#include "tools/lotura/importer/mapping_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "libs/base/errors.h"

namespace lotura::importer {
namespace {

absl::Status Wrong(const std::string& file, const Step& step, std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "MAPPING_INVALID",
               fmt::format("{}:{}: step '{}': {}", file, step.line, step.name, what));
}

void Collect(const ValueRule& rule, std::vector<const ValueRule*>& rules) {
  rules.push_back(&rule);
  for (const ValueRule& choice : rule.first_of) Collect(choice, rules);
}

void Collect(const std::vector<FieldRule>& fields, std::vector<const ValueRule*>& rules) {
  for (const FieldRule& field : fields) {
    for (const FieldContent& content : field.contents) {
      if (const auto* value = std::get_if<ValueRule>(&content)) {
        Collect(*value, rules);
      } else {
        Collect(std::get<std::vector<FieldRule>>(content), rules);
      }
    }
  }
}

std::vector<const ValueRule*> RulesOf(const Step& step) {
  std::vector<const ValueRule*> rules;
  Collect(step.key, rules);
  if (step.action == Action::kCreate) Collect(step.id, rules);
  if (step.parent.has_value()) Collect(*step.parent, rules);
  Collect(step.fields, rules);
  return rules;
}

absl::Status CheckStep(const std::string& file, const Mapping& mapping, const Step& step) {
  const auto table = mapping.tables.find(step.table);
  if (table == mapping.tables.end())
    return Wrong(file, step, fmt::format("there is no file '{}'", step.table));
  std::vector<std::string> columns;
  if (!step.distinct.empty()) columns.push_back(step.distinct);
  for (const Condition& condition : step.when) columns.push_back(condition.column);
  for (const ValueRule* rule : RulesOf(step)) {
    std::ranges::copy(rule->text.Columns(), std::back_inserter(columns));
    if (!rule->map.empty() && !mapping.maps.contains(rule->map))
      return Wrong(file, step, fmt::format("there is no map '{}'", rule->map));
    if (rule->when_empty == WhenEmpty::kClear && step.action != Action::kUpdate)
      return Wrong(file, step, "only a step that updates has something to clear");
    const Step* made_by = mapping.FindStep(rule->record_of);
    if (!rule->record_of.empty() && (made_by == nullptr || made_by->action != Action::kCreate))
      return Wrong(file, step, fmt::format("no step '{}' creates records", rule->record_of));
  }
  for (const std::string& column : columns) {
    if (!table->second.FindColumn(column).has_value()) {
      return Wrong(file, step, fmt::format("{} has no column '{}'", table->second.file, column));
    }
  }
  for (const std::string& name : step.after) {
    if (mapping.FindStep(name) == nullptr)
      return Wrong(file, step, fmt::format("there is no step '{}'", name));
  }
  return absl::OkStatus();
}

// The steps that come before this one.
std::set<std::string> Requirements(const Step& step) {
  std::set<std::string> names(step.after.begin(), step.after.end());
  names.insert(step.record_step);
  for (const ValueRule* rule : RulesOf(step)) names.insert(rule->record_of);
  names.erase("");
  names.erase(step.name);
  return names;
}

}  // namespace

absl::Status CheckAndOrder(const std::string& file, Mapping& mapping) {
  for (const Step& step : mapping.steps) LOTURA_RETURN_IF_ERROR(CheckStep(file, mapping, step));
  std::vector<Step> ordered;
  std::set<std::string> done;
  while (!mapping.steps.empty()) {
    const auto next = std::ranges::find_if(mapping.steps, [&](const Step& step) {
      return std::ranges::includes(done, Requirements(step));
    });
    if (next == mapping.steps.end()) {
      std::vector<std::string> names;
      for (const Step& step : mapping.steps) names.push_back(step.name);
      return Wrong(file, mapping.steps.front(),
                   fmt::format("these steps wait for each other: {}", fmt::join(names, ", ")));
    }
    done.insert(next->name);
    ordered.push_back(std::move(*next));
    mapping.steps.erase(next);
  }
  mapping.steps = std::move(ordered);
  return absl::OkStatus();
}

}  // namespace lotura::importer
