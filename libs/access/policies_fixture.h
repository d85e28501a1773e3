// What directory has told a service of who may do what, on a real server.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/access/migrations.sql.h"
#include "libs/access/policies.h"
#include "libs/access/projection.h"
#include "libs/events/migrations.sql.h"
#include "libs/pg/migration.h"
#include "libs/resource/personal.h"
#include "libs/testing/fakes.h"
#include "libs/testing/postgres.h"
#include "libs/testing/status_matchers.h"
#include "libs/testing/tenant.h"

namespace lotura::access {

using directory::v1::RoleAssignment;
using directory::v1::User;
using testing::IsOk;
using testing::StatusIs;
using testing::TenantOf;

inline Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

class PoliciesFixture : public ::testing::Test {
 protected:
  PoliciesFixture() : database_({.conninfo = NewDatabase(), .schema = "sales", .pool_size = 4}) {}

  static std::string NewDatabase() {
    return testing::Postgres().NewDatabase("policies", [](const std::string& conninfo) {
      pg::Database database({.conninfo = conninfo, .schema = "sales", .pool_size = 2});
      const std::vector<pg::MigrationSet> sets = {{"events", &events::sql::kMigrations},
                                                  {"access", &sql::kMigrations}};
      const auto report = pg::Migrate(database, "sales", sets, Soon());
      if (!report.ok()) throw std::runtime_error(Message(report.status()));
    });
  }

  template <typename T>
  static events::Event EventOf(const T& record, std::int64_t version, std::uint8_t tenant = 1) {
    events::Event event;
    event.subject = record.name();
    event.tenant = TenantOf(tenant);
    event.change.set_resource_type(T::descriptor()->full_name());
    event.change.set_version(version);
    event.change.set_epoch(1);
    event.change.set_kind(events::v1::KIND_UPDATED);
    const resource::Parts parts = resource::Split(record);
    event.change.mutable_after()->set_plain(parts.plain);
    event.change.mutable_after()->set_personal(parts.personal);
    return event;
  }

  static void ProjectInto(pg::Database& database, const std::vector<events::Event>& events) {
    ASSERT_THAT(database.Write(Soon(), [&](pg::Tx& tx) { return ProjectPolicy(tx, events); }),
                IsOk());
  }
  void Project(const std::vector<events::Event>& events) { ProjectInto(database_, events); }

  static User Anna() {
    User user;
    user.set_name("users/anna");
    user.set_display_name("Anna");
    user.set_email("anna@example.com");
    return user;
  }

  static Role Seller(const std::string& permission) {
    Role role;
    role.set_name("roles/seller");
    role.add_permissions(permission);
    return role;
  }

  static RoleAssignment Assignment() {
    RoleAssignment assignment;
    assignment.set_name("roleAssignments/a");
    assignment.set_role("roles/seller");
    assignment.set_member("users/anna");
    return assignment;
  }

  std::vector<std::string> PermissionsOf(const std::string& user, std::uint8_t tenant = 1) {
    EXPECT_THAT(policies_.Refresh(Soon()), IsOk());
    const auto standing = policies_.Find(TenantOf(tenant), user);
    if (!standing.ok()) return {ReasonOf(standing.status())};
    return (*standing)->permissions();
  }

  using Texts = std::vector<std::string>;

  pg::Database database_;
  testing::FakeClock clock_;
  observe::Metrics metrics_{"sales"};
  Policies policies_{database_, clock_, metrics_};
};

}  // namespace lotura::access
