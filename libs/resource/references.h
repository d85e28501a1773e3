// Names in a record that must be those of other records.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "libs/events/event.h"
#include "libs/pg/database.h"
#include "libs/resource/catalog.h"

namespace lotura::resource {

// Records of other services, as far as their events have told. Thread-safe.
class ForeignRecords {
 public:
  virtual ~ForeignRecords() = default;
  // Those of `names` ("//accounts.lotura/organizations/acme") that are not known as live records of
  // the tenant.
  virtual absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId& tenant,
                                                               std::span<const std::string> names,
                                                               Deadline deadline) const = 0;
};

class PgForeignRecords final : public ForeignRecords {
 public:
  explicit PgForeignRecords(pg::Database& database) : database_(database) {}
  absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId& tenant,
                                                       std::span<const std::string> names,
                                                       Deadline deadline) const override;

 private:
  pg::Database& database_;
};

// A reference to a record of any type in any service, which is not looked for.
inline constexpr char kAnyType[] = "*";

// One reference as a record holds it.
struct Reference {
  // Path within the record, "lines[2].product".
  std::string path;
  // "sales.lotura/Product", or "*" for a record of any type in any service.
  std::string type;
  std::string name;
  // It stands in a field that rules alone decide.
  bool derived = false;
};

// The types that a field may name, "*" for any; empty if it is no reference.
std::vector<std::string> ReferenceTypesOf(const pbuf::FieldDescriptor& field);

// All references that are set, those in nested messages included.
std::vector<Reference> ReferencesOf(const pbuf::Message& record);
// Those in one of its fields.
std::vector<Reference> ReferencesIn(const pbuf::Message& record,
                                    const pbuf::FieldDescriptor& field);

// Types that fields of the message may refer to, those of nested messages included.
std::set<std::string> ReferenceTypesOf(const pbuf::Descriptor& message);

// Takes from events of other services which records exist, in any order and as often as they come.
absl::Status ProjectForeignRecords(pg::Tx& tx, std::span<const events::Event> events);

// "organizations/{organization}" of "accounts.lotura/Organization"; empty for a type that no linked
// proto declares.
std::string PatternOf(std::string_view type);
// "accounts" of "accounts.lotura/Organization".
std::string ServiceOfType(std::string_view type);
// "//directory.lotura/users/anna": how other services name a record.
std::string FullNameOf(std::string_view service, std::string_view name);
// True for "//accounts.lotura/organizations/acme".
bool IsFullName(std::string_view name);

}  // namespace lotura::resource
