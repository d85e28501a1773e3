// The records that say who may do what, as a unit of work finds them, or as it leaves them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "libs/resource/changes.h"

namespace lotura::directory {

enum class Moment { kBefore, kAfter };

// Live records alone. Used by a rule, while the unit changes nothing more. Refers to `changes`.
class PolicyState {
 public:
  using Visit = resource::Changes::Visit;

  PolicyState(resource::Changes& changes, Moment moment) : changes_(changes), moment_(moment) {}

  template <typename T>
  absl::StatusOr<std::optional<resource::Record>> Find(const std::string& name) {
    if (const resource::RecordChange* change = ChangeOf(name)) return Live<T>(*change);
    absl::StatusOr<resource::Record> found = changes_.ReadFollowing<T>(name);
    if (found.ok()) return *std::move(found);
    if (resource::IsBadReference(found.status())) return std::nullopt;
    return found.status();
  }

  // All of them, or those whose field has the value. `visit` is given the record twice, as T and as
  // it was read, and returns as that of Changes::VisitFollowing.
  struct Having {
    std::string field;
    std::string value;
  };
  template <typename T, typename Each>
  absl::Status ForEach(const std::optional<Having>& having, const Each& visit) {
    for (const resource::RecordChange& change : changes_.changes()) {
      if (change.declaration->message() != T::descriptor()) continue;
      const std::optional<resource::Record> record = Live<T>(change);
      if (!record.has_value() || !Has(As<T>(*record), having)) continue;
      LOTURA_ASSIGN_OR_RETURN(const Visit next, visit(As<T>(*record), *record));
      if (next == Visit::kEnough) return absl::OkStatus();
    }
    const std::string filter =
        having.has_value() ? fmt::format("{} = \"{}\"", having->field, having->value) : "";
    return changes_.VisitFollowing<T>(filter,
                                      [&](const resource::Record& record) -> absl::StatusOr<Visit> {
                                        if (ChangeOf(As<T>(record).name()) != nullptr)
                                          return Visit::kOn;
                                        return visit(As<T>(record), record);
                                      });
  }

  template <typename T>
  static const T& As(const resource::Record& record) {
    return static_cast<const T&>(*record.message);
  }

 private:
  [[nodiscard]] const resource::RecordChange* ChangeOf(const std::string& name) const {
    if (!changes_.Touches(name)) return nullptr;
    const auto changes = changes_.changes();
    return &*std::ranges::find(changes, name, &resource::RecordChange::name);
  }

  template <typename T>
  [[nodiscard]] std::optional<resource::Record> Live(const resource::RecordChange& change) const {
    const auto& message = moment_ == Moment::kBefore ? change.before : change.after;
    if (message == nullptr || static_cast<const T&>(*message).has_delete_time())
      return std::nullopt;
    return resource::Record{.message = message, .version = change.version};
  }

  template <typename T>
  static bool Has(const T& record, const std::optional<Having>& having) {
    if (!having.has_value()) return true;
    const auto* field = T::descriptor()->FindFieldByName(having->field);
    return record.GetReflection()->GetString(record, field) == having->value;
  }

  resource::Changes& changes_;
  const Moment moment_;
};

}  // namespace lotura::directory
