#include "libs/host/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "libs/cache/redis_cache.h"
#include "libs/events/kafka_bus.h"
#include "libs/host/cache_metrics.h"
#include "libs/host/parked.h"
#include "libs/host/replay_command.h"
#include "libs/observe/http_endpoint.h"
#include "libs/rpc/server.h"
#include "libs/rpc/shutdown_signal.h"
#include "libs/rpc/token_verifier.h"

namespace lotura::host {
namespace {

constexpr int kExitWrongSettings = 2;
// The end of a process beyond the bounds of its drain.
constexpr std::chrono::seconds kExitMargin{15};
// Of the records that are read once in a while the cache keeps none (ADR 0011). Half a MiB.
constexpr std::size_t kDoorkeeperKeys = 131'072;
constexpr std::chrono::minutes kParkedBound{5};

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

int Refuse(const char* program, const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", program, Message(status).c_str());
  for (const FieldViolation& violation : ViolationsOf(status)) {
    std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
  }
  return kExitWrongSettings;
}

// A command line: words that say what to do, then settings.
struct CommandLine {
  const char* program;
  std::vector<std::string> words;
  std::vector<std::string> settings;

  CommandLine(int argc, char** argv) : program(argv[0]), settings(argv + 1, argv + argc) {
    const auto first = std::ranges::find_if(
        settings, [](const std::string& argument) { return argument.starts_with("--"); });
    words.assign(settings.begin(), first);
    settings.erase(settings.begin(), first);
  }
};

// What an operator asks for instead of serving.
using OperatorCommand = std::variant<ParkedCommand, ReplayCommand>;

absl::StatusOr<OperatorCommand> ReadWords(const std::vector<std::string>& words) {
  if (words.front() == "replay") return ReplayCommand::Parse(words);
  return ParkedCommand::Parse(words);
}

// At once, so that whoever waits sees how far it is.
void PrintOut(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

// What Main should do after the settings were read: go on, or end with this code.
std::optional<int> ReadSettings(const CommandLine& line, Options& options,
                                const std::function<absl::Status()>& validate) {
  const auto verb = options.Parse(line.settings, Environment());
  if (!verb.ok()) return Refuse(line.program, verb.status());
  if (*verb == OptionsVerb::kRun || *verb == OptionsVerb::kCheck) {
    if (const absl::Status valid = validate(); !valid.ok()) return Refuse(line.program, valid);
  }
  switch (*verb) {
    case OptionsVerb::kRun:
      return std::nullopt;
    case OptionsVerb::kCheck:
      std::puts("the settings are valid");
      return 0;
    case OptionsVerb::kHelp:
    case OptionsVerb::kPrintDocs:
      std::fputs(options.Docs().c_str(), stdout);
      return 0;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Unavailable("FILE_UNREADABLE", fmt::format("{} cannot be read", path));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Everything of one process, in the order in which it depends on each other.
class Process {
 public:
  Process(const Config& config, const std::vector<ServiceSpec>& specs, int log_descriptor)
      : config_(config),
        specs_(specs),
        ids_(clock_),
        metrics_(NameOf(specs)),
        log_({.service = NameOf(specs),
              .level = *observe::ParseLevel(config.log_level),
              .descriptor = log_descriptor},
             metrics_),
        cache_metrics_(metrics_) {}

  absl::Status Start();
  void Drain();
  // Beside the process that serves; these start nothing.
  absl::Status Do(const ParkedCommand& command);
  absl::Status Do(const ReplayCommand& command);
  const observe::Log& log() const { return log_; }

 private:
  static std::string NameOf(const std::vector<ServiceSpec>& specs) {
    return specs.size() == 1 ? specs.front().name : "all";
  }
  absl::Status MakeEdge();
  absl::Status MakeServices();
  absl::StatusOr<Service*> MakeAndFind(const std::string& service);

  const Config& config_;
  const std::vector<ServiceSpec>& specs_;
  const SystemClock clock_;
  RandomIds ids_;
  observe::Metrics metrics_;
  observe::Log log_;
  observe::Readiness readiness_;
  std::atomic<bool> serving_ = false;
  std::unique_ptr<rpc::TokenVerifier> tokens_;
  std::optional<resource::PageTokens> page_tokens_;
  CacheMetrics cache_metrics_;
  std::unique_ptr<cache::RedisCache> cache_;
  std::unique_ptr<events::KafkaBus> bus_;
  std::unique_ptr<rpc::Executor> executor_;
  std::unique_ptr<rpc::Door> door_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<feed::EventService> events_;
  std::unique_ptr<rpc::Server> server_;
  // Last, so that it ends before anything that its probes ask.
  std::unique_ptr<observe::HttpEndpoint> http_;
};

absl::Status Process::Start() {
  LOTURA_RETURN_IF_ERROR(MakeEdge());
  LOTURA_ASSIGN_OR_RETURN(
      http_, observe::HttpEndpoint::Start({.address = config_.http_listen}, metrics_, readiness_));
  LOTURA_RETURN_IF_ERROR(MakeServices());
  for (const auto& service : services_) LOTURA_RETURN_IF_ERROR(service->Start());
  LOTURA_ASSIGN_OR_RETURN(server_, rpc::Server::Start({.address = config_.grpc_listen}, *door_));
  door_->health().SetAll(rpc::Serving::kYes);
  serving_ = true;
  log_.Info("serving", {observe::Fields::kAddress(config_.grpc_listen),
                        observe::Fields::kPort(server_->port())});
  return absl::OkStatus();
}

absl::Status Process::MakeEdge() {
  readiness_.Require("serving", [this] {
    return serving_ ? absl::OkStatus() : Unavailable("NOT_SERVING", "the process starts or stops");
  });
  LOTURA_ASSIGN_OR_RETURN(const std::string keys, ReadFile(config_.page_token_keys));
  LOTURA_ASSIGN_OR_RETURN(page_tokens_, resource::PageTokens::FromText(keys));
  LOTURA_ASSIGN_OR_RETURN(const std::string trusted, ReadFile(config_.token_issuers));
  LOTURA_ASSIGN_OR_RETURN(auto issuers, rpc::ParseIssuers(trusted));
  LOTURA_ASSIGN_OR_RETURN(
      tokens_, rpc::TokenVerifier::Create({.issuers = std::move(issuers)}, clock_, log_, metrics_));
  readiness_.Require("token_keys", [this] { return tokens_->Ready(); });
  cache::RedisOptions redis;
  redis.address = config_.redis;
  redis.password = config_.redis_password;
  redis.doorkeeper_keys = kDoorkeeperKeys;
  redis.ttl_max = std::chrono::seconds(config_.cache_seconds);
  if (config_.redis_plain_tcp == "allowed") redis.plain_tcp = cache::PlainTcp::kAllowed;
  LOTURA_ASSIGN_OR_RETURN(cache_, cache::RedisCache::Create(redis, cache_metrics_));
  bus_ = std::make_unique<events::KafkaBus>(
      events::KafkaOptions{.brokers = config_.kafka_brokers, .security = config_.KafkaSecurity()},
      log_);
  executor_ = std::make_unique<rpc::Executor>(
      rpc::ExecutorOptions{.threads = static_cast<std::size_t>(config_.executor_threads),
                           .queue_max = static_cast<std::size_t>(config_.executor_queue_max)},
      metrics_);
  const rpc::DoorOptions options{
      .pipeline = {.log_ok_every = static_cast<unsigned>(config_.log_ok_every)},
      .reflection =
          config_.reflection == "on" ? rpc::Reflection::kWithToken : rpc::Reflection::kOff};
  door_ = std::make_unique<rpc::Door>(
      options, rpc::PipelineParts{*tokens_, *executor_, clock_, log_, metrics_});
  return absl::OkStatus();
}

absl::Status Process::MakeServices() {
  const SharedParts shared{config_,    clock_, ids_,    log_,  metrics_,
                           readiness_, *door_, *cache_, *bus_, *page_tokens_};
  std::vector<std::string> packages{feed::kEventsPackage};
  for (const ServiceSpec& spec : specs_) {
    LOTURA_ASSIGN_OR_RETURN(auto service, Service::Create(spec, shared));
    services_.push_back(std::move(service));
    packages.push_back(fmt::format("lotura.{}.v1", spec.name));
  }
  events_ = ServeEvents(services_, *door_);
  return door_->CheckComplete(packages);
}

absl::StatusOr<Service*> Process::MakeAndFind(const std::string& service) {
  LOTURA_RETURN_IF_ERROR(MakeEdge());
  LOTURA_RETURN_IF_ERROR(MakeServices());
  const auto found =
      std::ranges::find_if(services_, [&](const auto& one) { return one->name() == service; });
  if (found == services_.end()) return NotFound("service", service);
  return found->get();
}

absl::Status Process::Do(const ParkedCommand& command) {
  LOTURA_ASSIGN_OR_RETURN(Service* const service, MakeAndFind(command.service));
  LOTURA_ASSIGN_OR_RETURN(events::Parking parking, service->ParkingOf(command.consumer));
  LOTURA_ASSIGN_OR_RETURN(const std::vector<std::string> lines,
                          RunParked(command, parking, Deadline::After(kParkedBound)));
  for (const std::string& line : lines) PrintOut(line);
  return absl::OkStatus();
}

absl::Status Process::Do(const ReplayCommand& command) {
  LOTURA_ASSIGN_OR_RETURN(Service* const service, MakeAndFind(command.service));
  if (command.target == ReplayCommand::Target::kTopic)
    return ReplayIntoTopic(command, service->journal(), *bus_, PrintOut);
  LOTURA_ASSIGN_OR_RETURN(const auto rebuild,
                          service->RebuildOf(command.consumer, command.from, services_));
  return ReplayIntoProjection(command, *rebuild, PrintOut);
}

void Process::Drain() {
  serving_ = false;
  if (server_ != nullptr) {
    server_->Drain({.announce = std::chrono::milliseconds(config_.drain_announce_ms),
                    .calls = std::chrono::milliseconds(config_.drain_calls_ms)});
  }
  for (const auto& service : services_) service->RequestStop();
  for (const auto& service : services_) service->Stop();
}

int Serve(const Config& config, const std::vector<ServiceSpec>& services) {
  // Before any thread.
  rpc::ShutdownSignal shutdown;
  auto process = std::make_unique<Process>(config, services, STDOUT_FILENO);
  if (const absl::Status started = process->Start(); !started.ok()) {
    process->log().Error("could not start",
                         {observe::Fields::kReason(ReasonOf(started)),
                          observe::Fields::kError(observe::Redacted(Message(started)))});
    process->log().Flush();
    return 1;
  }
  const int signal = shutdown.Wait();
  process->log().Info("stopping",
                      {observe::Fields::kSignal(signal == SIGTERM ? "SIGTERM" : "SIGINT")});
  rpc::ExitGuard guard(std::chrono::milliseconds(config.drain_announce_ms + config.drain_calls_ms) +
                       kExitMargin);
  process->Drain();
  guard.MarkSafe();
  process->log().Info("stopped");
  process->log().Flush();
  process.reset();
  return 0;
}

int Do(const Config& config, const std::vector<ServiceSpec>& services,
       const OperatorCommand& command, const char* program) {
  Process process(config, services, STDERR_FILENO);
  const absl::Status done = std::visit([&](const auto& one) { return process.Do(one); }, command);
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s: %s %s\n", program, ReasonOf(done).c_str(), Message(done).c_str());
  return 1;
}

}  // namespace

int Main(int argc, char** argv, const std::vector<ServiceSpec>& services) {
  const CommandLine line(argc, argv);
  std::optional<OperatorCommand> operators;
  if (!line.words.empty()) {
    auto command = ReadWords(line.words);
    if (!command.ok()) return Refuse(line.program, command.status());
    operators = *std::move(command);
  }
  Config config;
  Options options;
  config.Declare(options);
  const auto exit_code = ReadSettings(line, options, [&] { return config.Validate(); });
  if (exit_code.has_value()) return *exit_code;
  return operators.has_value() ? Do(config, services, *operators, line.program)
                               : Serve(config, services);
}

int MigrateMain(int argc, char** argv, const std::vector<ServiceSpec>& services) {
  std::string postgres;
  std::int64_t timeout_s = 600;
  Options options(UnknownVariables::kIgnored);
  options.RequiredText(
      {"postgres", "PostgreSQL, as a libpq connection string of the role that owns the schemas", "",
       Secret::kYes},
      postgres);
  options.Number({"timeout-s", "longest time for all migrations", "s"}, timeout_s, {1, 86'400});
  const auto exit_code =
      ReadSettings(CommandLine(argc, argv), options, [] { return absl::OkStatus(); });
  if (exit_code.has_value()) return *exit_code;
  for (const ServiceSpec& spec : services) {
    pg::Options pool{.conninfo = postgres,
                     .schema = spec.name,
                     .application_name = "lotura-migrate",
                     .pool_size = 2};
    pool.statement_timeout = std::chrono::seconds(timeout_s);
    pg::Database database(pool);
    const auto report = pg::Migrate(database, spec.name, MigrationsOf(spec),
                                    Deadline::After(std::chrono::seconds(timeout_s)));
    if (!report.ok()) {
      std::fprintf(stderr, "lotura-migrate: %s: %s %s\n", spec.name.c_str(),
                   ReasonOf(report.status()).c_str(), Message(report.status()).c_str());
      return 1;
    }
    for (const std::string& applied : report->applied)
      std::printf("%s: applied %s\n", spec.name.c_str(), applied.c_str());
    if (report->applied.empty()) std::printf("%s: up to date\n", spec.name.c_str());
  }
  return 0;
}

}  // namespace lotura::host
