// lotura-bench-server: a server that has nothing to do, either bare or behind the whole door.
#include "libs/base/errors.h"
#include "libs/base/files.h"
#include "libs/base/options.h"
#include "libs/pg/database.h"
#include "libs/rpc/runtime.h"
#include "libs/rpc/server.h"
#include "libs/rpc/shutdown_signal.h"
#include "libs/rpc/token_verifier.h"
#include "libs/rpc/trusted_issuers.h"
#include "lotura/bench/v1/nothing.pb.h"
#include "tools/bench/program.h"
#include "tools/bench/server/bare_echo.h"
#include "tools/bench/server/queries.sql.h"

namespace lotura::bench {
namespace {

struct Settings {
  std::string listen;
  std::string kind;
  std::int64_t answer_bytes = 0;
  std::string token_issuers;
  std::int64_t log_ok_every = 100;
  std::int64_t threads = 1;
  std::string postgres;
  std::int64_t part_us = 2'000;

  void Declare(Options& options) {
    options.RequiredText({"listen", "where gRPC is served, as address:port"}, listen);
    kind = "bare";
    options.Choice({"kind", "what stands before nothing"}, kind, {"bare", "door"});
    options.Number({"answer-bytes", "bare: size of each answer", "bytes"}, answer_bytes,
                   {0, 4'000'000});
    options.Text({"token-issuers", "door: file that says whose tokens are accepted, in JSON"},
                 token_issuers);
    options.Number({"log-ok-every", "door: every how many calls one is logged"}, log_ok_every,
                   {0, 1'000'000});
    options.Number({"executor-threads", "door: calls handled at the same time"}, threads, {1, 256});
    options.Text({"postgres", "door: where each call waits for a statement; empty: nowhere"},
                 postgres);
    options.Number({"part-us", "door: how long the statement takes", "us"}, part_us,
                   {1, 1'000'000});
  }
};

using Nothing =
    std::function<absl::StatusOr<v1::DoNothingResponse>(const Call&, const v1::DoNothingRequest&)>;

// Answers at once, or after a statement that takes a known time on a connection of its own.
Nothing Handler(const Settings& settings, std::unique_ptr<pg::Database>& database) {
  if (settings.postgres.empty()) return [](auto&&...) { return v1::DoNothingResponse(); };
  database = std::make_unique<pg::Database>(pg::Options{
      .conninfo = settings.postgres, .pool_size = static_cast<std::size_t>(settings.threads)});
  return [&database, &settings](const Call& call,
                                const auto&) -> absl::StatusOr<v1::DoNothingResponse> {
    LOTURA_RETURN_IF_ERROR(database->Read(call.deadline, [&](pg::Tx& tx) {
      tx.Run(lotura::tools::bench::server::sql::kPart, pg::Params().Int(settings.part_us));
      return absl::OkStatus();
    }));
    return v1::DoNothingResponse();
  };
}

absl::Status ServeBare(const Settings& settings, rpc::ShutdownSignal& stop) {
  // It shall be as fast as gRPC can be.
  rpc::ConfigureRuntime();
  const auto echo =
      BareEcho::Start(settings.listen, static_cast<std::size_t>(settings.answer_bytes));
  if (echo == nullptr) return Unavailable("GRPC_PORT", "the address cannot be taken");
  stop.Wait();
  return absl::OkStatus();
}

absl::Status ServeDoor(const Settings& settings, rpc::ShutdownSignal& stop) {
  const SystemClock clock;
  const observe::Metrics metrics("bench");
  const observe::Log log({.service = "bench"}, metrics);
  LOTURA_ASSIGN_OR_RETURN(const std::string trusted, ReadFile(settings.token_issuers));
  LOTURA_ASSIGN_OR_RETURN(auto issuers, rpc::ParseIssuers(trusted));
  LOTURA_ASSIGN_OR_RETURN(
      const auto tokens,
      rpc::TokenVerifier::Create({.issuers = std::move(issuers)}, clock, log, metrics));
  rpc::Executor executor({.threads = static_cast<std::size_t>(settings.threads)}, metrics);
  rpc::Door door({.pipeline = {.log_ok_every = static_cast<unsigned>(settings.log_ok_every)}},
                 rpc::PipelineParts{*tokens, executor, clock, log, metrics});
  std::unique_ptr<pg::Database> database;
  door.Handle("lotura.bench.v1.NothingService/DoNothing",
              rpc::Bind<v1::DoNothingRequest, v1::DoNothingResponse>(Handler(settings, database)));
  LOTURA_ASSIGN_OR_RETURN(const auto server,
                          rpc::Server::Start({.address = settings.listen}, door));
  door.health().SetAll(rpc::Serving::kYes);
  stop.Wait();
  return absl::OkStatus();
}

absl::Status Run(const Settings& settings) {
  rpc::ShutdownSignal stop;
  return settings.kind == "bare" ? ServeBare(settings, stop) : ServeDoor(settings, stop);
}

}  // namespace
}  // namespace lotura::bench

int main(int argc, char** argv) {
  return lotura::bench::RunProgram<lotura::bench::Settings>("lotura-bench-server", argc, argv,
                                                            lotura::bench::Run);
}
