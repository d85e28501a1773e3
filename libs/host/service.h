// One service within a process: its schema, its record types, its methods, its events.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/access/access_service.h"
#include "libs/access/authority.h"
#include "libs/audit/audit_service.h"
#include "libs/audit/read_witness.h"
#include "libs/base/ed25519.h"
#include "libs/cache/cache.h"
#include "libs/events/bus.h"
#include "libs/events/event_handler.h"
#include "libs/events/parking.h"
#include "libs/events/projection_rebuild.h"
#include "libs/events/step_thread.h"
#include "libs/feed/event_service.h"
#include "libs/host/config.h"
#include "libs/host/query_context.h"
#include "libs/host/read_metrics.h"
#include "libs/host/write_metrics.h"
#include "libs/observe/log.h"
#include "libs/observe/metrics.h"
#include "libs/observe/readiness.h"
#include "libs/pg/database.h"
#include "libs/pg/migration.h"
#include "libs/resource/imports.h"
#include "libs/resource/standard_methods.h"
#include "libs/rpc/door.h"

namespace lotura::host {

class Service;
struct KafkaUse;

// What makes a service; services/<name>/app.cc holds one.
struct ServiceSpec {
  // Also the name of its schema, of its package "lotura.<name>.v1" and of its topic
  // "lotura.<name>.v1".
  std::string name;
  const std::vector<pg::Migration>* migrations = nullptr;
  // Adds its record types.
  std::function<absl::Status(resource::Catalog&)> declare;
  // Adds its verbs and consumers; may be empty.
  std::function<absl::Status(Service&)> serve;
};

// The platform's migrations and the service's own, in the order in which they are applied.
std::vector<pg::MigrationSet> MigrationsOf(const ServiceSpec& spec);

// What several services of one process share; everything outlives them.
struct SharedParts {
  const Config& config;
  const Clock& clock;
  IdSource& ids;
  observe::Log log;
  observe::Metrics metrics;
  observe::Readiness& readiness;
  rpc::Door& door;
  cache::Cache& cache;
  events::Bus& bus;
  const resource::PageTokens& page_tokens;
  // Where services say what callers may do.
  access::Authority& authority;
  // Of seals; without it the journals are not sealed.
  std::optional<SigningKey> audit_key = std::nullopt;
  // Where services say where it is noted who was shown their records; null: nowhere.
  audit::ReadWitness* witness = nullptr;
  // What processes tell each other; null where there is nothing of the kind.
  cache::Moments* moments = nullptr;
};

using events::EventHandler;

// A consumer of a service.
struct ConsumerSpec {
  // Unique within the service: "timeline".
  std::string name;
  // Whose topics it reads: "sales".
  std::vector<std::string> services;
  EventHandler handler;
  // What it alone writes and a replay may empty, before it makes it again. Not what writes rely on:
  // while they do not know a record, references to it are refused.
  std::vector<std::string> tables = {};
};

// What a step of a service works with; everything outlives it.
struct StepContext {
  pg::Database& database;
  resource::UnitOfWork& unit_of_work;
  const Config& config;
  const Clock& clock;
};

// Work that nobody has asked for by a call. It looks at what is to be done, and does it so that it
// may be done again: one process at a time runs it, under a lease.
struct StepSpec {
  // Unique within the service, in metrics and as the lease: "tenants".
  std::string name;
  std::chrono::milliseconds period{1'000};
  // What fails is counted, and tried again after the period.
  std::function<absl::Status(const StepContext&)> run;
};

// Members stand in the order in which they depend on each other; their destruction is the shutdown.
class Service {
 public:
  // FAILED_PRECONDITION if the schema is not migrated; INTERNAL if a declaration is wrong.
  static absl::StatusOr<std::unique_ptr<Service>> Create(const ServiceSpec& spec,
                                                         const SharedParts& shared);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  template <typename Request, typename Response>
  using Query = absl::StatusOr<Response> (*)(const Call&, const Request&, QueryContext&);

  // A query. It reads what it likes, and so is answered to those who may read everything.
  template <typename Request, typename Response>
  void Handle(const std::string& method, Query<Request, Response> query) {
    ServeQuery<Request, Response>(method, [query](const Call& call, const Request& request,
                                                  QueryContext& context) {
      const absl::Status reads_all = resource::CheckReadsAll(call.principal);
      return reads_all.ok() ? query(call, request, context) : absl::StatusOr<Response>(reads_all);
    });
  }

  // A query that judges by itself what of its answer each caller may see.
  template <typename Request, typename Response>
  void HandleJudged(const std::string& method, Query<Request, Response> query) {
    ServeQuery<Request, Response>(method, query);
  }

  // A business verb: what it changes is committed as one unit when it returns. It may run again, as
  // UnitOfWork::Start says.
  template <typename Request, typename Response>
  void Handle(const std::string& method,
              absl::StatusOr<Response> (*use_case)(const Call&, const Request&,
                                                   resource::Changes&)) {
    using MessagePtr = resource::UnitOfWork::MessagePtr;
    HandleWrite(method, Request::descriptor(), Response::default_instance(),
                [use_case](const google::protobuf::Message& request,
                           resource::Changes& changes) -> absl::StatusOr<MessagePtr> {
                  LOTURA_ASSIGN_OR_RETURN(
                      Response response,
                      use_case(changes.call(), static_cast<const Request&>(request), changes));
                  return std::make_shared<const Response>(std::move(response));
                });
  }

  // Reads topics under the consumer's own name and position.
  void Consume(ConsumerSpec consumer) { consumers_.push_back(std::move(consumer)); }

  // Runs a step again and again.
  void Repeat(StepSpec step) { steps_.push_back(std::move(step)); }

  // The events of a consumer that wait for a decision. NOT_FOUND if there is no such consumer.
  absl::StatusOr<events::Parking> ParkingOf(const std::string& consumer);
  // Makes the projection of a consumer anew from the journals of `services`, which hold at least
  // those that it follows. NOT_FOUND if there is no such consumer, FAILED_PRECONDITION
  // (SOURCE_ELSEWHERE) if one of those is not among them.
  absl::StatusOr<std::unique_ptr<events::ProjectionRebuild>> RebuildOf(
      const std::string& consumer, events::RebuildFrom from,
      std::span<const std::unique_ptr<Service>> services);
  [[nodiscard]] events::Journal& journal() const;
  // Which topics and groups it uses.
  [[nodiscard]] KafkaUse kafka_use() const;

  // Starts what has threads: writers, relay, upkeep, consumers. Call it after the door is complete.
  absl::Status Start();
  // Asks all threads to end, and returns at once.
  void RequestStop();
  // Stops consuming and publishing; calls in flight may still write.
  void Stop();

  // For whoever asks why somebody may do what.
  [[nodiscard]] access::AccessService::Source access() const;
  [[nodiscard]] const std::string& name() const { return spec_.name; }
  [[nodiscard]] const Config& config() const { return shared_.config; }
  [[nodiscard]] const resource::Catalog& catalog() const { return catalog_; }
  // Its sealed journal, and its log of reads.
  [[nodiscard]] audit::AuditService::Logs logs() { return {&seals_, &read_pages_}; }
  // What it announces, for subscribers over gRPC.
  [[nodiscard]] feed::Feed& feed() const;

 private:
  template <typename Request, typename Response, typename UseCase>
  void ServeQuery(const std::string& method, UseCase use_case) {
    shared_.door.Handle(method,
                        rpc::Bind<Request, Response>([use_case, &context = *query_context_](
                                                         const Call& call, const Request& request) {
                          return use_case(call, request, context);
                        }));
  }

  Service(const ServiceSpec& spec, const SharedParts& shared);

  // Outside of development an acknowledged write must be on disk.
  absl::Status CheckDurability();
  absl::Status Declare();
  // Wakes those who follow the journal.
  void TellOfWrites();
  absl::Status ServeRecords();
  // Follows the records of other services that ours refer to.
  void FollowForeignRecords();
  // Follows who may do what.
  void FollowPolicy();
  using Verb = std::function<absl::StatusOr<resource::UnitOfWork::MessagePtr>(
      const google::protobuf::Message&, resource::Changes&)>;
  void HandleWrite(const std::string& method, const google::protobuf::Descriptor* request,
                   const google::protobuf::Message& response, Verb verb);

  const ServiceSpec spec_;
  const SharedParts shared_;
  const observe::Log log_;
  const observe::Metrics metrics_;
  const WriteMetrics write_metrics_;
  const ReadMetrics read_metrics_;
  pg::Database reads_;
  pg::Database lists_;
  pg::Database shares_;
  pg::Database writes_;
  // Imports have connections of their own, so that they never stand before a call.
  pg::Database import_writes_;
  audit::PgSeals seals_;
  // Before everything that gives answers.
  pg::Database read_log_writes_;
  audit::PgReads read_pages_;
  audit::ReadLog read_log_;
  // Before everything that asks it.
  access::Policies policies_;
  resource::Catalog catalog_;
  resource::PgForeignRecords foreign_records_;
  std::unique_ptr<resource::Store> store_;
  std::unique_ptr<resource::RecordCache> record_cache_;
  std::unique_ptr<resource::Store> cached_store_;
  std::unique_ptr<resource::RecordReads> record_reads_;
  std::unique_ptr<resource::Lister> lister_;
  // Before the combiner, which wakes it.
  struct FeedHolder;
  std::unique_ptr<FeedHolder> feed_;
  std::unique_ptr<resource::Combiner> combiner_;
  std::unique_ptr<resource::UnitOfWork> unit_of_work_;
  std::unique_ptr<resource::Store> import_store_;
  std::unique_ptr<resource::Store> cached_import_store_;
  std::unique_ptr<resource::Imports> imports_;
  bool has_imports_ = false;
  std::unique_ptr<QueryContext> query_context_;
  std::vector<ConsumerSpec> consumers_;
  std::vector<StepSpec> steps_;
  // Looks whether the policies have changed.
  events::StepThread policy_watch_;
  std::unique_ptr<pg::Database> stream_database_;
  class Streams;
  std::unique_ptr<Streams> streams_;
};

// lotura.access.v1 of all services of a process, which outlive what is returned.
std::unique_ptr<access::AccessService> ServeAccess(
    const std::vector<std::unique_ptr<Service>>& services, rpc::Door& door);

// lotura.audit.v1 of all services of a process, which outlive what is returned.
std::unique_ptr<audit::AuditService> ServeAudit(
    const std::vector<std::unique_ptr<Service>>& services, const resource::PageTokens& tokens,
    rpc::Door& door);

// Serves the EventService of these services; it must outlive the server, and they it.
std::unique_ptr<feed::EventService> ServeEvents(
    const std::vector<std::unique_ptr<Service>>& services, rpc::Door& door);

}  // namespace lotura::host
