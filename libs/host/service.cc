#include "libs/host/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/access/migrations.sql.h"
#include "libs/access/projection.h"
#include "libs/audit/migrations.sql.h"
#include "libs/events/migrations.sql.h"
#include "libs/events/pg_history.h"
#include "libs/events/pg_journal.h"
#include "libs/host/kafka_acls.h"
#include "libs/host/pools.h"
#include "libs/host/queries.sql.h"
#include "libs/host/streams.h"
#include "libs/pg/telemetry.h"
#include "libs/resource/cached_store.h"
#include "libs/resource/migrations.sql.h"
#include "libs/resource/pg_store.h"
#include "libs/tenants/migrations.sql.h"

namespace lotura::host {
namespace {

constexpr std::chrono::seconds kStartBound{30};
// A change of a policy is seen so soon after it has reached the service.
constexpr std::chrono::milliseconds kPolicyPeriod{500};
constexpr std::chrono::seconds kPolicyBound{5};

feed::FeedOptions FeedOptionsOf(const Config& config) {
  feed::FeedOptions options;
  options.ring.events = static_cast<std::size_t>(config.event_ring_events);
  options.ring.bytes = static_cast<std::size_t>(config.event_ring_mib) << 20;
  options.readers = static_cast<std::size_t>(config.event_readers);
  options.subscribers_max = static_cast<std::size_t>(config.event_subscribers_max);
  options.heartbeat = std::chrono::milliseconds(config.event_heartbeat_ms);
  return options;
}

// A write holds no thread while it waits for its commit.
rpc::DeferredHandler Deferred(resource::StandardMethod::Write write) {
  return {[write = std::move(write)](std::shared_ptr<const Call> call,
                                     std::shared_ptr<const google::protobuf::Message> request,
                                     const rpc::Done& done) {
    write({.call = std::move(call),
           .request = std::move(request),
           .reply = done,
           .resume = [done](std::function<void()> step) { done.Continue(std::move(step)); }});
  }};
}

// A read of one record needs no thread at all while it waits for its turn.
rpc::AsyncHandler Async(resource::StandardMethod::Get get) {
  return [get = std::move(get)](std::shared_ptr<const Call> call,
                                std::shared_ptr<const google::protobuf::Message> request,
                                const rpc::Done& done) {
    get({.call = std::move(call), .request = std::move(request), .reply = done});
  };
}

}  // namespace

std::vector<pg::MigrationSet> MigrationsOf(const ServiceSpec& spec) {
  return {{"events", &events::sql::kMigrations},     {"audit", &audit::sql::kMigrations},
          {"resource", &resource::sql::kMigrations}, {"access", &access::sql::kMigrations},
          {"tenants", &tenants::sql::kMigrations},   {spec.name, spec.migrations}};
}

// Members in the order in which they depend on each other.
struct Service::FeedHolder {
  FeedHolder(const ServiceSpec& spec, const SharedParts& shared, const resource::Catalog& records,
             const resource::Lister& lister, const observe::Metrics& metrics,
             const observe::Log& log)
      : database(FeedDatabaseOptions(spec.name, shared.config),
                 pg::ObserversOf(metrics, log, "feed")),
        journal(database, shared.clock),
        history(database, shared.clock),
        catalog(spec.name, records),
        feed(FeedOptionsOf(shared.config),
             {journal, history, lister, catalog, shared.page_tokens, shared.clock}, metrics, log) {}

  pg::Database database;
  events::PgJournal journal;
  events::PgHistory history;
  feed::EventCatalog catalog;
  feed::Feed feed;
};

Service::Service(const ServiceSpec& spec, const SharedParts& shared)
    : spec_(spec),
      shared_(shared),
      log_(shared.log.ForService(spec.name)),
      metrics_(shared.metrics.ForService(spec.name)),
      write_metrics_(metrics_),
      read_metrics_(metrics_),
      reads_(ReadOptions(spec.name, shared.config), pg::ObserversOf(metrics_, log_, "read")),
      lists_(ListOptions(spec.name, shared.config), pg::ObserversOf(metrics_, log_, "list")),
      shares_(ShareOptions(spec.name, shared.config), pg::ObserversOf(metrics_, log_, "share")),
      writes_(WriteOptions(spec.name, shared.config), pg::ObserversOf(metrics_, log_, "write")),
      import_writes_(ImportOptions(spec.name, shared.config),
                     pg::ObserversOf(metrics_, log_, "import")),
      seals_(spec.name, reads_),
      read_log_writes_(ReadLogOptionsOf(spec.name, shared.config),
                       pg::ObserversOf(metrics_, log_, "audit")),
      read_pages_(read_log_writes_, reads_),
      read_log_(
          {},
          [this](std::span<const audit::StoredPage> pages, Deadline deadline) {
            return read_pages_.Append(pages, deadline);
          },
          shared.ids, metrics_, log_),
      policies_(reads_, shared.clock, metrics_, shared.config.OperatorTenant()),
      foreign_records_(reads_),
      policy_watch_({.name = "policy"}, metrics_, log_, [this] {
        // The next look comes soon; how many found the database away is counted.
        (void)policies_.Refresh(Deadline::After(kPolicyBound));
        return std::chrono::microseconds(kPolicyPeriod);
      }) {}

Service::~Service() {
  Stop();
  // What still waits is read and written, and told of to those below: a read that ends may begin a
  // write.
  imports_.reset();
  record_reads_.reset();
  combiner_.reset();
}

void Service::TellOfWrites() {
  if (streams_ != nullptr) streams_->Wake();
  feed_->feed.Wake();
}

absl::StatusOr<std::unique_ptr<Service>> Service::Create(const ServiceSpec& spec,
                                                         const SharedParts& shared) {
  std::unique_ptr<Service> service(new Service(spec, shared));
  LOTURA_RETURN_IF_ERROR(
      pg::CheckMigrated(service->reads_, MigrationsOf(spec), Deadline::After(kStartBound)));
  LOTURA_RETURN_IF_ERROR(service->CheckDurability());
  LOTURA_RETURN_IF_ERROR(service->Declare());
  LOTURA_RETURN_IF_ERROR(service->ServeRecords());
  service->FollowForeignRecords();
  service->FollowPolicy();
  if (shared.witness != nullptr) shared.witness->Add(spec.name, service->read_log_);
  if (spec.serve) LOTURA_RETURN_IF_ERROR(spec.serve(*service));
  return service;
}

absl::Status Service::CheckDurability() {
  if (shared_.config.IsDevelopment()) return absl::OkStatus();
  return writes_.Read(Deadline::After(kStartBound), [&](pg::Tx& tx) -> absl::Status {
    const pg::Rows durability = tx.Run(sql::kDurability, {});
    if (!durability.Bool(0, 0)) {
      return FailedPrecondition(
          "COMMIT_NOT_DURABLE",
          "synchronous_commit is off for this role: a crash would lose acknowledged writes");
    }
    if (!durability.Bool(0, 1)) {
      log_.Warning(
          "no synchronous standby: the loss of the server's disk would lose acknowledged writes");
    }
    return absl::OkStatus();
  });
}

absl::Status Service::Declare() {
  if (spec_.declare) LOTURA_RETURN_IF_ERROR(spec_.declare(catalog_));
  const auto declarations = catalog_.Declarations();
  store_ = std::make_unique<resource::PgStore>(reads_, writes_, shared_.clock, declarations);
  record_cache_ = std::make_unique<resource::RecordCache>(shared_.cache, declarations);
  cached_store_ = std::make_unique<resource::CachedStore>(*store_, *record_cache_);
  record_reads_ = std::make_unique<resource::RecordReads>(
      *store_, *record_cache_, resource::RecordReadLimits(),
      [this](const resource::RecordReads::Batch& batch) { read_metrics_.Count(batch); });
  lister_ = std::make_unique<resource::Lister>(resource::ListDatabases{lists_, shares_},
                                               shared_.page_tokens, declarations);
  feed_ = std::make_unique<FeedHolder>(spec_, shared_, catalog_, *lister_, metrics_, log_);
  combiner_ = std::make_unique<resource::Combiner>(*cached_store_, resource::CombinerLimits(),
                                                   [this](resource::Combiner::Committed batch) {
                                                     write_metrics_.Count(batch);
                                                     TellOfWrites();
                                                   });
  unit_of_work_ = std::make_unique<resource::UnitOfWork>(
      resource::EngineParts{catalog_, *cached_store_, foreign_records_, shared_.ids, lister_.get()},
      *combiner_);
  import_store_ =
      std::make_unique<resource::PgStore>(reads_, import_writes_, shared_.clock, declarations);
  cached_import_store_ = std::make_unique<resource::CachedStore>(*import_store_, *record_cache_);
  imports_ = std::make_unique<resource::Imports>(resource::ImportParts{
      {catalog_, *cached_import_store_, foreign_records_, shared_.ids, lister_.get()},
      shared_.clock,
      log_,
      metrics_,
      [this] { TellOfWrites(); }});
  query_context_ = std::make_unique<QueryContext>(
      QueryContext{reads_, shared_.page_tokens, catalog_, *cached_store_, shared_.moments});
  return absl::OkStatus();
}

absl::Status Service::ServeRecords() {
  for (const resource::RecordType& type : catalog_.types()) {
    const std::string service = fmt::format("{}Service", type.declaration->message()->full_name());
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    // A type without a service of its own is written by rules and verbs, and read by queries.
    if (descriptor == nullptr) continue;
    const bool deletes =
        descriptor->FindMethodByName("Delete" + type.declaration->message()->name()) != nullptr;
    if (deletes && !type.declaration->soft_delete())
      return Internal(fmt::format("{} deletes records of a type without soft_delete", service));
    LOTURA_ASSIGN_OR_RETURN(
        auto methods,
        resource::StandardMethodsOf(*descriptor, type,
                                    {*unit_of_work_, *record_reads_, *lister_, *imports_}));
    for (auto& method : methods) {
      const std::string name = fmt::format("{}/{}", service, method.method->name());
      if (auto* get = std::get_if<resource::StandardMethod::Get>(&method.handler)) {
        shared_.door.Handle(name, Async(std::move(*get)));
      } else if (auto* read = std::get_if<resource::StandardMethod::Read>(&method.handler)) {
        shared_.door.Handle(name, rpc::BlockingHandler(std::move(*read)));
      } else if (auto* stream = std::get_if<rpc::StreamHandler>(&method.handler)) {
        has_imports_ = true;
        shared_.door.Handle(name, std::move(*stream));
      } else {
        shared_.door.Handle(
            name, Deferred(std::get<resource::StandardMethod::Write>(std::move(method.handler))));
      }
    }
  }
  return absl::OkStatus();
}

void Service::HandleWrite(const std::string& method, const google::protobuf::Descriptor* request,
                          const google::protobuf::Message& response, Verb verb) {
  auto start = [work = unit_of_work_.get(), &response,
                verb = std::move(verb)](resource::WriteCall call) {
    auto body = [verb, request = call.request](resource::Changes& changes) {
      return verb(*request, changes);
    };
    work->Start(std::move(call), response, std::move(body));
  };
  shared_.door.Handle(
      method, rpc::BoundHandler{request, response.GetDescriptor(), Deferred(std::move(start))});
}

void Service::FollowForeignRecords() {
  std::set<std::string> services;
  for (const resource::RecordType& type : catalog_.types()) {
    for (const std::string& reference : resource::ReferenceTypesOf(*type.declaration->message())) {
      const std::string owner = resource::ServiceOfType(reference);
      if (reference != resource::kAnyType && owner != spec_.name) services.insert(owner);
    }
  }
  if (services.empty()) return;
  Consume({.name = "foreign_records",
           .services = {services.begin(), services.end()},
           .handler = resource::ProjectForeignRecords});
}

void Service::FollowPolicy() {
  Consume({.name = "policy", .services = {"directory"}, .handler = access::ProjectPolicy});
  shared_.authority.Add(spec_.name, policies_);
}

absl::StatusOr<events::Parking> Service::ParkingOf(const std::string& consumer) {
  const auto found = std::ranges::find(consumers_, consumer, &ConsumerSpec::name);
  if (found == consumers_.end()) return NotFound("consumer", consumer);
  return events::Parking(writes_, consumer, found->handler);
}

absl::StatusOr<std::unique_ptr<events::ProjectionRebuild>> Service::RebuildOf(
    const std::string& consumer, events::RebuildFrom from,
    std::span<const std::unique_ptr<Service>> services) {
  const auto found = std::ranges::find(consumers_, consumer, &ConsumerSpec::name);
  if (found == consumers_.end()) return NotFound("consumer", consumer);
  std::vector<events::RebuildSource> sources;
  for (const std::string& name : found->services) {
    const auto source =
        std::ranges::find_if(services, [&](const auto& one) { return one->name() == name; });
    if (source == services.end())
      return FailedPrecondition("SOURCE_ELSEWHERE", "the process does not host a source",
                                {{"source", name}});
    sources.push_back({name, (*source)->journal(), (*source)->feed_->database});
  }
  // Which tenants are gone: a command starts no watch that would know.
  LOTURA_RETURN_IF_ERROR(policies_.Refresh(Deadline::After(kStartBound)));
  const auto is_gone = [this](const TenantId& tenant) {
    return policies_.known_tenants().IsGone(tenant);
  };
  return std::make_unique<events::ProjectionRebuild>(
      events::RebuildOptions{
          .consumer = consumer, .tables = found->tables, .from = from, .is_gone = is_gone},
      std::move(sources), writes_, found->handler, log_);
}

events::Journal& Service::journal() const { return feed_->journal; }

KafkaUse Service::kafka_use() const {
  return KafkaUseOf(spec_.name, consumers_,
                    catalog_.types().empty() ? Announces::kNothing : Announces::kChanges);
}

absl::Status Service::Start() {
  stream_database_ = std::make_unique<pg::Database>(
      StreamOptions(spec_.name, shared_.config, consumers_.size() + steps_.size()),
      pg::ObserversOf(metrics_, log_, "events"));
  streams_ = std::make_unique<Streams>(spec_.name, shared_, log_, metrics_, *stream_database_,
                                       policies_.known_tenants());
  for (const ConsumerSpec& consumer : consumers_) streams_->Consume(consumer);
  for (const StepSpec& step : steps_)
    streams_->Repeat(step, {reads_, *unit_of_work_, shared_.config, shared_.clock});
  // Nobody is let in by what is not known.
  LOTURA_RETURN_IF_ERROR(policies_.Refresh(Deadline::After(kStartBound)));
  policy_watch_.Start();
  feed_->feed.Start();
  read_log_.Start();
  record_reads_->Start(static_cast<std::size_t>(shared_.config.read_connections));
  combiner_->Start(static_cast<std::size_t>(shared_.config.write_connections));
  // One more than can write: its chunk is prepared meanwhile.
  if (has_imports_)
    imports_->Start(static_cast<std::size_t>(shared_.config.import_connections) + 1);
  return streams_->Start();
}

feed::Feed& Service::feed() const { return feed_->feed; }

access::AccessService::Source Service::access() const {
  return {policies_, catalog_, *cached_store_};
}

void Service::RequestStop() {
  policy_watch_.RequestStop();
  if (feed_ != nullptr) feed_->feed.RequestStop();
  if (streams_ != nullptr) streams_->RequestStop();
}

void Service::Stop() {
  policy_watch_.Stop();
  if (feed_ != nullptr) feed_->feed.Stop();
  if (streams_ != nullptr) streams_->Stop();
}

}  // namespace lotura::host
