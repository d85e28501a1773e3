// A store with one record type, in memory or in PostgreSQL, and calls upon it.
#pragma once

#include <memory>
#include <string>

#include "libs/events/migrations.sql.h"
#include "libs/pg/migration.h"
#include "libs/resource/catalog.h"
#include "libs/resource/memory_store.h"
#include "libs/resource/migrations.sql.h"
#include "libs/resource/periods.h"
#include "libs/resource/pg_store.h"
#include "libs/resource/testdata/widget.pb.h"
#include "libs/testing/fakes.h"
#include "libs/testing/postgres.h"
#include "libs/testing/tenant.h"

namespace lotura::resource::testdata {

namespace v1 = ::lotura::testdata::v1;

inline const std::vector<pg::Migration> kWidgetMigrations = {{1, "widget", R"(
CREATE TABLE widget (
  tenant_id uuid NOT NULL, name text COLLATE "C" NOT NULL, version bigint NOT NULL, create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL, delete_time timestamptz, display_name text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL,
  amount numeric, amount_currency text COLLATE "C", part_of text COLLATE "C", tags text[] COLLATE "C" NOT NULL, due_date date,
  origin text COLLATE "C" NOT NULL, score bigint NOT NULL, verdict text COLLATE "C" NOT NULL, owner text COLLATE "C",
  readers text[] COLLATE "C" NOT NULL DEFAULT '{}', PRIMARY KEY (tenant_id, name), FOREIGN KEY (tenant_id, part_of) REFERENCES widget (tenant_id, name));
CREATE INDEX widget_amount_idx ON widget (tenant_id, coalesce(amount, 0::numeric), name) WHERE delete_time IS NULL;
CREATE INDEX widget_display_name_idx ON widget (tenant_id, display_name, name) WHERE delete_time IS NULL;
CREATE INDEX widget_owner_amount_idx ON widget (tenant_id, owner, coalesce(amount, 0::numeric), name) WHERE delete_time IS NULL;
CREATE INDEX widget_lookup_idx ON widget (tenant_id, display_name, name);
CREATE INDEX widget_owner_idx ON widget (tenant_id, owner, name);
CREATE INDEX widget_readers_idx ON widget USING gin (tenant_id, readers) WHERE readers <> '{}'::text[];
)"}};

inline std::string NewWidgetDatabase() {
  return testing::Postgres().NewDatabase("widget", [](const std::string& conninfo) {
    pg::Database database({.conninfo = conninfo, .schema = "testdata", .pool_size = 2});
    const std::vector<pg::MigrationSet> sets = {{"events", &events::sql::kMigrations},
                                                {"resource", &resource::sql::kMigrations},
                                                {"testdata", &kWidgetMigrations}};
    const auto report =
        pg::Migrate(database, "testdata", sets, Deadline::After(std::chrono::seconds(60)));
    if (!report.ok()) throw std::runtime_error(Message(report.status()));
    const Instant today = SystemClock().Now();
    const auto made = database.WriteOne(Deadline::After(std::chrono::seconds(60)), [&](pg::Tx& tx) {
      tx.RunScript(PartitionScript(today));
      tx.RunScript(PartitionScript(testing::FakeClock().Now()));
      return absl::OkStatus();
    });
    if (!made.ok()) throw std::runtime_error(Message(made));
  });
}

inline Catalog WidgetCatalog(Rules<v1::Widget> rules = {}) {
  Catalog catalog;
  const absl::Status added = catalog.Add<v1::Widget>(std::move(rules));
  if (!added.ok()) throw std::runtime_error(Message(added));
  return catalog;
}

using testing::TenantOf;

inline Call CallAs(std::uint8_t tenant, std::string user = "users/anna") {
  return {.principal = {TenantOf(tenant), std::move(user), {"*"}, Grounds::kToken},
          .method = "lotura.testdata.v1.WidgetService/CreateWidget",
          .deadline = Deadline::After(std::chrono::seconds(30)),
          .trace = {},
          .now = testing::FakeClock().Now(),
          .cause = ""};
}

}  // namespace lotura::resource::testdata
