#include "libs/resource/reporting.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/errors.h"
#include "libs/resource/codec.h"
#include "libs/resource/queries.sql.h"

namespace lotura::resource {
namespace {

// Shared by the services of a database. A login without a row has no tenant, and sees nothing. It
// is the login that counts, which nobody but an administrator can change.
constexpr char kLogins[] = R"(
SELECT pg_advisory_xact_lock(hashtext('lotura_report'));
CREATE SCHEMA IF NOT EXISTS lotura_report;
CREATE TABLE IF NOT EXISTS lotura_report.login (role name PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE OR REPLACE FUNCTION lotura_report.tenant() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT l.tenant_id FROM lotura_report.login l WHERE l.role = session_user';
REVOKE ALL ON FUNCTION lotura_report.tenant() FROM PUBLIC;
)";

// A view whose columns do not go on where the old ones ended is made anew.
constexpr char kView[] = R"(
DO $view$ BEGIN
  CREATE OR REPLACE VIEW {0}_report.{1} WITH (security_barrier = true) AS {2};
EXCEPTION WHEN invalid_table_definition THEN
  DROP VIEW {0}_report.{1};
  CREATE VIEW {0}_report.{1} WITH (security_barrier = true) AS {2};
END $view$;
)";

bool IsPlainName(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() < 64 && !(name[0] >= '0' && name[0] <= '9') &&
         std::ranges::all_of(name, fits);
}

// What the view of a table shows of it, personal fields left out.
std::string RowsOf(const std::string& schema, const Declaration& declaration) {
  std::string columns = "name, create_time, update_time";
  if (declaration.pattern().HasParent()) columns += ", parent";
  const Codec codec(declaration);
  for (const TableColumn& column : codec.columns()) {
    if (!column.column->personal) columns += fmt::format(", {}", column.name);
  }
  return fmt::format("SELECT {} FROM {}.{} WHERE tenant_id = lotura_report.tenant(){}", columns,
                     schema, declaration.table(),
                     declaration.soft_delete() ? " AND delete_time IS NULL" : "");
}

std::string ScriptOf(const Catalog& catalog, const std::string& schema, const std::string& role) {
  std::string script = kLogins;
  // What is there of types that are gone, or are shown to nobody now, is not read any more.
  script += fmt::format(
      "CREATE SCHEMA IF NOT EXISTS {0}_report;\n"
      "REVOKE ALL ON ALL TABLES IN SCHEMA {0}_report FROM {1};\n"
      "GRANT USAGE ON SCHEMA lotura_report, {0}_report TO {1};\n"
      "GRANT EXECUTE ON FUNCTION lotura_report.tenant() TO {1};\n",
      schema, role);
  for (const RecordType& type : catalog.types()) {
    if (type.declaration->internal()) continue;
    const std::string& table = type.declaration->table();
    script += fmt::format(kView, schema, table, RowsOf(schema, *type.declaration));
    script += fmt::format("GRANT SELECT ON {}_report.{} TO {};\n", schema, table, role);
  }
  return script;
}

}  // namespace

absl::Status EnsureReporting(pg::Database& database, const Catalog& catalog,
                             const std::string& schema, const std::string& role,
                             Deadline deadline) {
  if (!IsPlainName(role))
    return InvalidArgument("reporting-role", "NAME_INVALID",
                           "is not made of lower-case letters, digits and underscores");
  const std::string script = ScriptOf(catalog, schema, role);
  return database.Write(deadline, [&](pg::Tx& tx) -> absl::Status {
    if (tx.Run(sql::kRoleExists, pg::Params().Text(role)).empty())
      return FailedPrecondition(
          "ROLE_MISSING", fmt::format("there is no role {}: CREATE ROLE {} NOLOGIN", role, role));
    tx.RunScript(script);
    return absl::OkStatus();
  });
}

}  // namespace lotura::resource
