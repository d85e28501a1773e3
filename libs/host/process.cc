#include "libs/host/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "libs/base/files.h"
#include "libs/cache/redis_cache.h"
#include "libs/events/kafka_bus.h"
#include "libs/host/cache_metrics.h"
#include "libs/host/callers.h"
#include "libs/host/command_line.h"
#include "libs/host/kafka_acls.h"
#include "libs/host/parked.h"
#include "libs/host/replay_command.h"
#include "libs/observe/crash_report.h"
#include "libs/observe/http_endpoint.h"
#include "libs/quota/shared_quotas.h"
#include "libs/rpc/server.h"
#include "libs/rpc/service_principals.h"
#include "libs/rpc/shutdown_signal.h"
#include "libs/rpc/token_verifier.h"

namespace lotura::host {
namespace {

// The end of a process beyond the bounds of its drain.
constexpr std::chrono::seconds kExitMargin{15};
// Of the records that are read once in a while the cache keeps none (ADR 0011). Half a MiB.
constexpr std::size_t kDoorkeeperKeys = 131'072;
constexpr std::chrono::minutes kParkedBound{5};

// What an operator asks for instead of serving.
using OperatorCommand = std::variant<ParkedCommand, ReplayCommand, KafkaAclsCommand>;

absl::StatusOr<OperatorCommand> ReadWords(const std::vector<std::string>& words) {
  if (words.front() == "replay") return ReplayCommand::Parse(words);
  if (words.front() == "kafka-acls") return KafkaAclsCommand::Parse(words);
  return ParkedCommand::Parse(words);
}

// At once, so that whoever waits sees how far it is.
void PrintOut(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
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
  absl::Status Do(const KafkaAclsCommand& command);
  const observe::Log& log() const { return log_; }

 private:
  static std::string NameOf(const std::vector<ServiceSpec>& specs) {
    return specs.size() == 1 ? specs.front().name : "all";
  }
  absl::Status MakeEdge();
  absl::Status MakeIdentities();
  absl::Status MakeQuotas();
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
  // Nothing if nobody is known by his certificate.
  std::optional<rpc::ServicePrincipals> services_known_;
  std::optional<resource::PageTokens> page_tokens_;
  // Nothing if no reads are noted.
  std::optional<audit::ReadWitness> witness_;
  CacheMetrics cache_metrics_;
  std::unique_ptr<cache::RedisCache> cache_;
  // Nothing if callers may make as many calls as they like.
  std::unique_ptr<quota::SharedQuotas> quotas_;
  std::unique_ptr<events::KafkaBus> bus_;
  std::unique_ptr<rpc::Executor> executor_;
  access::Authority authority_;
  std::optional<Callers> callers_;
  std::unique_ptr<rpc::Door> door_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<feed::EventService> events_;
  std::unique_ptr<access::AccessService> access_;
  std::unique_ptr<audit::AuditService> audit_;
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
  LOTURA_ASSIGN_OR_RETURN(
      server_,
      rpc::Server::Start({.address = config_.grpc_listen,
                          .tls = {.certificate = config_.grpc_certificate_file,
                                  .key = config_.grpc_key_file,
                                  .authorities = config_.grpc_client_ca_file},
                          .tls_refresh = std::chrono::seconds(config_.grpc_certificate_seconds)},
                         *door_));
  callers_->Start();
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
  LOTURA_RETURN_IF_ERROR(MakeIdentities());
  cache::RedisOptions redis = config_.RedisOptions();
  redis.doorkeeper_keys = kDoorkeeperKeys;
  LOTURA_ASSIGN_OR_RETURN(cache_, cache::RedisCache::Create(redis, cache_metrics_));
  LOTURA_RETURN_IF_ERROR(MakeQuotas());
  bus_ = std::make_unique<events::KafkaBus>(config_.KafkaOptions(), log_);
  executor_ = std::make_unique<rpc::Executor>(
      rpc::ExecutorOptions{.threads = static_cast<std::size_t>(config_.executor_threads),
                           .queue_max = static_cast<std::size_t>(config_.executor_queue_max)},
      metrics_);
  if (config_.read_audit != "off")
    witness_.emplace(config_.read_audit == "all" ? audit::ReadWitness::Notes::kAll
                                                 : audit::ReadWitness::Notes::kPersonal,
                     clock_);
  callers_.emplace(Callers::Parts{*tokens_, authority_, *cache_, clock_}, metrics_, log_);
  const rpc::DoorOptions options{
      .pipeline = {.log_ok_every = static_cast<unsigned>(config_.log_ok_every)},
      .reflection =
          config_.reflection == "on" ? rpc::Reflection::kWithToken : rpc::Reflection::kOff};
  door_ = std::make_unique<rpc::Door>(
      options, rpc::PipelineParts{callers_->keys(), *executor_, clock_, log_, metrics_, &authority_,
                                  services_known_.has_value() ? &*services_known_ : nullptr,
                                  witness_.has_value() ? &*witness_ : nullptr,
                                  quotas_ != nullptr ? &quotas_->quotas() : nullptr});
  return absl::OkStatus();
}

absl::Status Process::MakeQuotas() {
  if (config_.quotas.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(quotas_, quota::SharedQuotas::Create({.file = {.path = config_.quotas},
                                                                .redis = config_.RedisOptions()},
                                                               log_, metrics_));
  return absl::OkStatus();
}

absl::Status Process::MakeIdentities() {
  LOTURA_ASSIGN_OR_RETURN(const std::string trusted, ReadFile(config_.token_issuers));
  LOTURA_ASSIGN_OR_RETURN(auto issuers, rpc::ParseIssuers(trusted));
  LOTURA_ASSIGN_OR_RETURN(
      tokens_, rpc::TokenVerifier::Create({.issuers = std::move(issuers)}, clock_, log_, metrics_));
  readiness_.Require("token_keys", [this] { return tokens_->Ready(); });
  if (config_.service_principals.empty()) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const std::string known, ReadFile(config_.service_principals));
  LOTURA_ASSIGN_OR_RETURN(auto services, rpc::ParseServicePrincipals(known));
  services_known_.emplace(std::move(services), metrics_);
  return absl::OkStatus();
}

absl::Status Process::MakeServices() {
  SharedParts shared{config_, clock_,  ids_,  log_,          metrics_,  readiness_,
                     *door_,  *cache_, *bus_, *page_tokens_, authority_};
  shared.witness = witness_.has_value() ? &*witness_ : nullptr;
  if (!config_.audit_key.empty()) {
    LOTURA_ASSIGN_OR_RETURN(const std::string pem, ReadFile(config_.audit_key));
    LOTURA_ASSIGN_OR_RETURN(shared.audit_key, SigningKey::FromPem(pem));
  }
  shared.moments = cache_.get();
  std::vector<std::string> packages{feed::kEventsPackage, access::kAccessPackage,
                                    audit::kAuditPackage};
  for (const ServiceSpec& spec : specs_) {
    LOTURA_ASSIGN_OR_RETURN(auto service, Service::Create(spec, shared));
    services_.push_back(std::move(service));
    packages.push_back(fmt::format("lotura.{}.v1", spec.name));
  }
  events_ = ServeEvents(services_, *door_);
  access_ = ServeAccess(services_, *door_);
  audit_ = ServeAudit(services_, *page_tokens_, *door_);
  if (witness_.has_value()) witness_->Prepare(door_->Services());
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

absl::Status Process::Do(const KafkaAclsCommand& command) {
  LOTURA_RETURN_IF_ERROR(MakeEdge());
  LOTURA_RETURN_IF_ERROR(MakeServices());
  for (const auto& service : services_) {
    for (const std::string& line : KafkaAcls(command, service->kafka_use())) PrintOut(line);
  }
  return absl::OkStatus();
}

void Process::Drain() {
  serving_ = false;
  if (server_ != nullptr) {
    server_->Drain({.announce = std::chrono::milliseconds(config_.drain_announce_ms),
                    .calls = std::chrono::milliseconds(config_.drain_calls_ms)});
  }
  callers_->Stop();
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
  observe::ReportCrashes();
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

}  // namespace lotura::host
