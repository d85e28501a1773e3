#include <cstdio>

#include "libs/host/command_line.h"
#include "libs/host/process.h"
#include "libs/resource/reporting.h"

namespace lotura::host {
namespace {

absl::Status MakeReporting(pg::Database& database, const ServiceSpec& spec, const std::string& role,
                           Deadline deadline) {
  resource::Catalog catalog;
  if (spec.declare) LOTURA_RETURN_IF_ERROR(spec.declare(catalog));
  return resource::EnsureReporting(database, catalog, spec.name, role, deadline);
}

int MigrationFailed(const ServiceSpec& spec, const absl::Status& status) {
  std::fprintf(stderr, "lotura-migrate: %s: %s %s\n", spec.name.c_str(), ReasonOf(status).c_str(),
               Message(status).c_str());
  return 1;
}

}  // namespace

int MigrateMain(int argc, char** argv, const std::vector<ServiceSpec>& services) {
  Secret postgres;
  Secret password;
  std::string reporting_role;
  std::int64_t timeout_s = 600;
  Options options(UnknownVariables::kIgnored);
  options.RequiredConfidential(
      {"postgres", "PostgreSQL, as a libpq connection string of the role that owns the schemas"},
      postgres);
  options.Confidential({"postgres-password", "password of the role, if that string has none"},
                       password);
  options.Text(
      {"reporting-role",
       "role of people with BI tools; they get views of all records of their tenants, without "
       "personal data"},
      reporting_role);
  options.Number({"timeout-s", "longest time for all migrations", "s"}, timeout_s, {1, 86'400});
  const auto exit_code =
      ReadSettings(CommandLine(argc, argv), options, [] { return absl::OkStatus(); });
  if (exit_code.has_value()) return *exit_code;
  for (const ServiceSpec& spec : services) {
    pg::Options pool{.conninfo = postgres,
                     .password = password,
                     .schema = spec.name,
                     .application_name = "lotura-migrate",
                     .pool_size = 2};
    pool.statement_timeout = std::chrono::seconds(timeout_s);
    pg::Database database(pool);
    const auto report = pg::Migrate(database, spec.name, MigrationsOf(spec),
                                    Deadline::After(std::chrono::seconds(timeout_s)));
    if (!report.ok()) return MigrationFailed(spec, report.status());
    for (const std::string& applied : report->applied)
      std::printf("%s: applied %s\n", spec.name.c_str(), applied.c_str());
    if (report->applied.empty()) std::printf("%s: up to date\n", spec.name.c_str());
    if (reporting_role.empty()) continue;
    const absl::Status reporting = MakeReporting(database, spec, reporting_role,
                                                 Deadline::After(std::chrono::seconds(timeout_s)));
    if (!reporting.ok()) return MigrationFailed(spec, reporting);
    std::printf("%s: views for %s\n", spec.name.c_str(), reporting_role.c_str());
  }
  return 0;
}

}  // namespace lotura::host
