// The record types of one service.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "libs/resource/record_type.h"

namespace lotura::resource {

// Filled at start-up, then immutable and shared by all threads.
class Catalog {
 public:
  // INTERNAL with what is wrong with the declaration.
  template <typename T>
  absl::Status Add(Rules<T> rules = {}) {
    return AddType(T::descriptor(), Erase(std::move(rules)));
  }

  // What must hold of all that a unit changes together: asked when the use case has returned,
  // before anything is written, of every unit of the service. It may load other records, and rely
  // on them.
  using UnitRule = std::function<absl::Status(Changes& changes)>;
  void AddUnitRule(UnitRule rule) { unit_rules_.push_back(std::move(rule)); }
  [[nodiscard]] const std::vector<UnitRule>& unit_rules() const { return unit_rules_; }

  // The type of a message, or null if it is not a record of this service.
  [[nodiscard]] const RecordType* Find(const pbuf::Descriptor* message) const;
  // By "sales.lotura/Opportunity".
  [[nodiscard]] const RecordType* FindByType(std::string_view type) const;
  // Whether `name` ("//accounts.lotura/organizations/acme") may be that of a record of this type of
  // another service, which a declared one refers to. "*" is any type.
  [[nodiscard]] bool IsNameOf(std::string_view type, std::string_view name) const;
  [[nodiscard]] const std::deque<RecordType>& types() const { return types_; }
  [[nodiscard]] std::vector<const Declaration*> Declarations() const;

 private:
  absl::Status AddType(const pbuf::Descriptor* message, AnyRules rules);
  absl::Status AddForeignPatterns(const Declaration& declaration);

  std::deque<RecordType> types_;
  std::vector<UnitRule> unit_rules_;
  std::map<const pbuf::Descriptor*, const RecordType*> by_message_;
  std::map<std::string, const RecordType*, std::less<>> by_type_;  // types are no tenant's
  // Of the types of other services, what their names look like: no tenant's.
  std::map<std::string, NamePattern, std::less<>> foreign_patterns_;
};

}  // namespace lotura::resource
