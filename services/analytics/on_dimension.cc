#include "services/analytics/on_dimension.h"

#include <fmt/format.h>

#include <map>

#include "libs/base/names.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/directory/v1/team.pb.h"
#include "lotura/directory/v1/user.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "services/analytics/queries.sql.h"

namespace lotura::analytics {
namespace {

using accounts::v1::Organization;
using directory::v1::Team;
using directory::v1::User;
using pg::Array;
using pg::Type;
using sales::v1::Product;
using sales::v1::Stage;

// Of a record of the event's service; empty for an empty name.
std::string FullName(const events::Event& event, std::string_view name) {
  return name.empty() ? "" : fmt::format("{}/{}", event.source, name);
}

// Columns of an upsert after the tenant: name, epoch and version, then those of the dimension.
class Rows {
 public:
  Rows(std::initializer_list<Type> types)
      : columns_{Array(Type::kText), Array(Type::kInt64), Array(Type::kInt64)} {
    for (const Type type : types) columns_.emplace_back(type);
  }

  // Values in binary format; text is itself.
  void Add(const events::Event& event, std::initializer_list<std::string> values) {
    columns_[0].Add(FullName(event, event.subject));
    columns_[1].Add(pg::binary::Int64(event.epoch()));
    columns_[2].Add(pg::binary::Int64(event.version()));
    std::size_t column = 3;
    for (const std::string& value : values) columns_[column++].Add(value);
  }

  [[nodiscard]] pg::Params ParamsFor(const TenantId& tenant) const {
    pg::Params params;
    params.Tenant(tenant);
    for (const Array& column : columns_) params.Add(column);
    return params;
  }

 private:
  std::vector<Array> columns_;
};

Rows RowsFor(const User* /*type*/) { return Rows({Type::kText, Type::kText}); }
Rows RowsFor(const Team* /*type*/) { return Rows({Type::kText, Type::kText}); }
Rows RowsFor(const Organization* /*type*/) { return Rows({Type::kText, Type::kText, Type::kText}); }
Rows RowsFor(const Product* /*type*/) { return Rows({Type::kText}); }
Rows RowsFor(const Stage* /*type*/) {
  return Rows({Type::kText, Type::kBool, Type::kText, Type::kInt64, Type::kText});
}

void AddTo(Rows& rows, const events::Event& event, const User& user) {
  rows.Add(event, {user.display_name(), FullName(event, user.team())});
}

void AddTo(Rows& rows, const events::Event& event, const Team& team) {
  rows.Add(event, {team.display_name(), team.region()});
}

void AddTo(Rows& rows, const events::Event& event, const Organization& organization) {
  rows.Add(event,
           {organization.display_name(), organization.sector(), organization.country_code()});
}

void AddTo(Rows& rows, const events::Event& event, const Product& product) {
  rows.Add(event, {product.display_name()});
}

const char* KindText(Stage::Kind kind) {
  if (kind == Stage::KIND_WON) return "WON";
  return kind == Stage::KIND_LOST ? "LOST" : "OPEN";
}

void AddTo(Rows& rows, const events::Event& event, const Stage& stage) {
  rows.Add(event,
           {FullName(event, ParentOf(stage.name())), pg::binary::Bool(stage.has_delete_time()),
            stage.display_name(), pg::binary::Int64(stage.position()), KindText(stage.kind())});
}

// Upserts the state of each record of one type, one statement for each tenant.
template <typename Record>
absl::Status ProjectType(pg::Tx& tx, std::span<const events::Event> events,
                         const pg::Query& upsert) {
  std::map<TenantId, Rows> tenants;
  for (const events::Event* event : events::NewestOf<Record>(events)) {
    LOTURA_ASSIGN_OR_RETURN(const Record record, event->After<Record>());
    const auto rows =
        tenants.try_emplace(event->tenant, RowsFor(static_cast<const Record*>(nullptr))).first;
    AddTo(rows->second, *event, record);
  }
  for (const auto& [tenant, rows] : tenants) tx.Run(upsert, rows.ParamsFor(tenant));
  return absl::OkStatus();
}

}  // namespace

absl::Status ProjectDimensions(pg::Tx& tx, std::span<const events::Event> events) {
  LOTURA_RETURN_IF_ERROR(ProjectType<User>(tx, events, sql::kUpsertUsers));
  LOTURA_RETURN_IF_ERROR(ProjectType<Team>(tx, events, sql::kUpsertTeams));
  LOTURA_RETURN_IF_ERROR(ProjectType<Organization>(tx, events, sql::kUpsertOrganizations));
  LOTURA_RETURN_IF_ERROR(ProjectType<Product>(tx, events, sql::kUpsertProducts));
  return ProjectType<Stage>(tx, events, sql::kUpsertStages);
}

}  // namespace lotura::analytics
