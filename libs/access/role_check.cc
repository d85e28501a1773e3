#include "libs/access/role_check.h"

#include <fmt/format.h>

#include <set>

#include "libs/access/reasons.h"
#include "libs/access/scopes.h"
#include "libs/access/vocabulary.h"

namespace lotura::access {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr char kAny[] = "*";

void Duplicate(const std::string& path, Violations& violations) {
  violations.Add(path, reasons::kDuplicate, "stands there twice");
}

void TypeUnknown(const std::string& path, const std::string& type, Violations& violations) {
  violations.Add(path, reasons::kTypeUnknown, fmt::format("there is no record type '{}'", type));
}

// The text of each item at most once, and only such that `is_known`.
template <typename IsKnown>
void CheckTexts(const Texts& texts, const char* field, const IsKnown& is_known,
                Violations& violations) {
  std::set<std::string_view> seen;
  for (int i = 0; i < texts.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", field, i);
    if (!seen.insert(texts[i]).second) Duplicate(path, violations);
    is_known(texts[i], path);
  }
}

// One record rule of a role.
class RecordRuleCheck {
 public:
  RecordRuleCheck(const EffectiveRole& role, const RecordRule& rule, std::string path,
                  Violations& violations)
      : role_(role), rule_(rule), path_(std::move(path)), violations_(violations) {}

  void Run() {
    if (rule_.scope() == RecordRule::SCOPE_UNSPECIFIED)
      violations_.Add(path_ + ".scope", "REQUIRED", "is missing");
    if (rule_.access() == RecordRule::ACCESS_UNSPECIFIED)
      violations_.Add(path_ + ".access", "REQUIRED", "is missing");
    if (rule_.record_type() == kAny) return CheckAnyType();
    const auto* declaration = Vocabulary::Linked().FindType(rule_.record_type());
    if (declaration == nullptr)
      return TypeUnknown(path_ + ".record_type", rule_.record_type(), violations_);
    if (rule_.scope() != RecordRule::SCOPE_UNSPECIFIED && !Supports(*declaration, rule_.scope())) {
      violations_.Add(path_ + ".scope", reasons::kScopeUnsupported,
                      fmt::format("{} has no field that says so", declaration->type()));
    }
    CheckFilter(*declaration);
  }

 private:
  void CheckAnyType() {
    if (rule_.filter().empty()) return;
    violations_.Add(path_ + ".filter", reasons::kFilterNeedsOneType,
                    "needs one record type, whose fields it names");
  }

  void CheckFilter(const resource::Declaration& declaration) {
    const auto filter = FilterOf(rule_, declaration);
    for (const FieldViolation& wrong : ViolationsOf(filter.status()))
      violations_.Add(path_ + ".filter", wrong.reason, wrong.description);
    if (!filter.ok()) return;
    const std::vector<resource::FieldAccess> fields = role_.FieldsOf(declaration);
    const resource::View view(
        declaration,
        {{.source = role_.name(), .access = resource::Access::kRead, .fields = fields}});
    const resource::Column* hidden = view.FindHidden(resource::ColumnsOf(*filter));
    if (hidden == nullptr) return;
    violations_.Add(path_ + ".filter", reasons::kFieldHidden,
                    fmt::format("'{}' may not be read with this role, and which records are seen "
                                "would tell it",
                                hidden->name));
  }

  const EffectiveRole& role_;
  const RecordRule& rule_;
  const std::string path_;
  Violations& violations_;
};

void CheckFieldRule(const FieldRule& rule, const std::string& path, Violations& violations) {
  if (rule.access() == FieldRule::ACCESS_UNSPECIFIED)
    violations.Add(path + ".access", "REQUIRED", "is missing");
  const auto* declaration = Vocabulary::Linked().FindType(rule.record_type());
  if (declaration == nullptr)
    return TypeUnknown(path + ".record_type", rule.record_type(), violations);
  const auto& columns = declaration->columns();
  const auto column = std::ranges::find(columns, rule.field(), &resource::Column::name);
  const bool masks = rule.access() == FieldRule::ACCESS_MASKED;
  if (column == columns.end() && rule.field() != kAny) {
    violations.Add(path + ".field", reasons::kFieldUnknown,
                   fmt::format("{} has no field '{}' that could be hidden", declaration->type(),
                               rule.field()));
  } else if (masks &&
             (column == columns.end() || column->masking == options::v1::MASKING_UNSPECIFIED)) {
    violations.Add(path + ".access", reasons::kMaskUnsupported,
                   "only an e-mail address or a telephone number can be masked");
  }
}

}  // namespace

void CheckPermissions(const Texts& permissions, const char* field, Violations& violations) {
  CheckTexts(
      permissions, field,
      [&](const std::string& permission, const std::string& path) {
        if (Vocabulary::Linked().KnowsPermission(permission)) return;
        violations.Add(path, reasons::kPermissionUnknown,
                       fmt::format("no call needs '{}'", permission));
      },
      violations);
}

void CheckRecordTypes(const Texts& types, Violations& violations) {
  CheckTexts(
      types, "record_types",
      [&](const std::string& type, const std::string& path) {
        if (Vocabulary::Linked().FindType(type) == nullptr) TypeUnknown(path, type, violations);
      },
      violations);
}

void CheckRecordRules(const Role& role, Violations& violations) {
  const EffectiveRole effective({&role}, {});
  for (int i = 0; i < role.record_rules_size(); ++i) {
    RecordRuleCheck(effective, role.record_rules(i), fmt::format("record_rules[{}]", i), violations)
        .Run();
  }
}

void CheckFieldRules(const Role& role, Violations& violations) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < role.field_rules_size(); ++i) {
    const FieldRule& rule = role.field_rules(i);
    const std::string path = fmt::format("field_rules[{}]", i);
    if (!seen.emplace(rule.record_type(), rule.field()).second) Duplicate(path, violations);
    CheckFieldRule(rule, path, violations);
  }
}

}  // namespace lotura::access
