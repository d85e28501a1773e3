// Rights that a test writes down.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/check.h"
#include "libs/resource/rights.h"

namespace lotura::resource {

// What one grant allows; without a filter with all records, without fields with all of them,
// without a type with all types that have these fields.
struct Given {
  Access access = Access::kRead;
  std::string filter;
  // What no entry names is hidden.
  std::map<std::string, FieldAccess> fields = {};
  // "sales.lotura/Opportunity".
  std::string type = {};
};

class FixedRights final : public RecordRights {
 public:
  explicit FixedRights(std::vector<Given> given) : given_(std::move(given)) {}

  [[nodiscard]] ViewPtr ViewOf(const Declaration& declaration) const override {
    std::vector<Grant> grants;
    for (const Given& given : given_) {
      if (!given.type.empty() && given.type != declaration.type()) continue;
      auto records = CompileFilter(given.filter, declaration, std::nullopt);
      LOTURA_CHECK(records.ok());
      grants.push_back({.source = "test",
                        .access = given.access,
                        .records = *std::move(records),
                        .fields = FieldsOf(given, declaration)});
    }
    return std::make_shared<const View>(declaration, std::move(grants));
  }
  [[nodiscard]] absl::Status CheckPermission(std::string_view /*permission*/) const override {
    return absl::OkStatus();
  }
  [[nodiscard]] bool ReadsAll() const override { return false; }

 private:
  static std::vector<FieldAccess> FieldsOf(const Given& given, const Declaration& declaration) {
    std::vector<FieldAccess> fields;
    if (given.fields.empty()) return fields;
    for (const Column& column : declaration.columns()) {
      const auto field = given.fields.find(column.name);
      fields.push_back(field == given.fields.end() ? FieldAccess::kHidden : field->second);
    }
    return fields;
  }

  std::vector<Given> given_;
};

}  // namespace lotura::resource
