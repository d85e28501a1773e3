// A PostgreSQL of the test binary's own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/pg/database.h"
#include "libs/testing/process.h"

namespace lotura::testing {

// One cluster on a unix socket in a temporary directory.
class PostgresServer {
 public:
  PostgresServer();

  // Makes a database that is a copy of the template `name`; `fill` makes the template's content
  // when it is first asked for.
  std::string NewDatabase(const std::string& name,
                          const std::function<void(const std::string& conninfo)>& fill);
  // An empty database.
  std::string NewDatabase();
  // Kills and starts the server again, as after a crash.
  void CrashAndRestart();
  [[nodiscard]] pid_t pid() const { return server_->pid(); }
  [[nodiscard]] const std::string& socket_dir() const { return directory_.path(); }
  [[nodiscard]] std::string Conninfo(const std::string& database) const;

 private:
  void Start();
  void Execute(const std::string& statement);

  TempDir directory_;
  std::unique_ptr<ChildProcess> server_;
  std::set<std::string> templates_;
  int databases_ = 0;
};

// The cluster that all tests of this binary share; started on first use.
PostgresServer& Postgres();

}  // namespace lotura::testing
