#include "libs/testing/postgres.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

#include "libs/base/check.h"
#include "libs/testing/eventually.h"

namespace lotura::testing {
namespace {

constexpr char kBin[] = "/usr/lib/postgresql/15/bin/";

}  // namespace

PostgresServer::PostgresServer() {
  directory_.GiveToServerUser();
  const std::string log = directory_.path() + "/initdb.log";
  const int exit_code = RunCommand(
      {std::string(kBin) + "initdb", "--pgdata", directory_.path() + "/data", "--username",
       "lotura", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"},
      log);
  LOTURA_CHECK(exit_code == 0);
  Start();
}

void PostgresServer::Start() {
  server_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{std::string(kBin) + "postgres", "-D", directory_.path() + "/data",
                               "-k", directory_.path(), "-h", "", "-c", "fsync=off", "-c",
                               "full_page_writes=off", "-c", "max_connections=300", "-c",
                               "shared_buffers=64MB", "-c", "log_min_messages=fatal"},
      directory_.path() + "/postgres.log", SIGINT);
  LOTURA_CHECK(Eventually(
      [&] {
        pg::Database database({.conninfo = Conninfo("postgres"), .pool_size = 1});
        return database
            .Read(Deadline::After(std::chrono::seconds(2)),
                  [](pg::Tx& tx) {
                    tx.RunScript("SELECT 1");
                    return absl::OkStatus();
                  })
            .ok();
      },
      std::chrono::seconds(30)));
}

void PostgresServer::CrashAndRestart() {
  server_->Signal(SIGQUIT);
  server_->Wait();
  server_.reset();
  Start();
}

std::string PostgresServer::Conninfo(const std::string& database) const {
  return fmt::format("host={} user=lotura dbname={}", directory_.path(), database);
}

void PostgresServer::Execute(const std::string& statement) {
  pg::Database database({.conninfo = Conninfo("postgres"), .pool_size = 1});
  const absl::Status status =
      database.WriteOne(Deadline::After(std::chrono::seconds(30)), [&](pg::Tx& tx) {
        tx.RunScript(statement);
        return absl::OkStatus();
      });
  LOTURA_CHECK(status.ok());
}

std::string PostgresServer::NewDatabase(const std::string& name,
                                        const std::function<void(const std::string&)>& fill) {
  if (templates_.insert(name).second) {
    Execute(fmt::format("CREATE DATABASE template_{}", name));
    fill(Conninfo("template_" + name));
  }
  const std::string copy = fmt::format("test_{}", ++databases_);
  Execute(fmt::format("CREATE DATABASE {} TEMPLATE template_{}", copy, name));
  return Conninfo(copy);
}

std::string PostgresServer::NewDatabase() {
  const std::string name = fmt::format("test_{}", ++databases_);
  Execute("CREATE DATABASE " + name);
  return Conninfo(name);
}

PostgresServer& Postgres() {
  static PostgresServer server;
  return server;
}

}  // namespace lotura::testing
