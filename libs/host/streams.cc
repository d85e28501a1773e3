#include "libs/host/streams.h"

#include <algorithm>

#include "libs/events/cloud_events.h"
#include "libs/host/kafka_acls.h"
#include "libs/host/queries.sql.h"
#include "libs/resource/periods.h"

namespace lotura::host {
namespace {

using std::chrono::seconds;

constexpr seconds kRetry{2};
// How long a stop may have to wait for a broker that is gone.
constexpr seconds kTopicBound{5};
constexpr seconds kPartitionsPeriod{600};
constexpr seconds kPartitionsBound{10};

events::RelayOptions RelayOptionsOf(const std::string& service, IdSource& ids) {
  events::RelayOptions options;
  options.service = service;
  options.holder = ids.Next();
  options.read_ahead = true;
  return options;
}

events::UpkeepOptions UpkeepOptionsOf(const SharedParts& shared) {
  events::UpkeepOptions options;
  options.holder = shared.ids.Next();
  options.journal_days = std::chrono::days(shared.config.journal_days);
  options.others = {{audit::kReadTable, std::chrono::days(shared.config.read_audit_days)}};
  return options;
}

events::ConsumerOptions ConsumerOptionsOf(const std::string& name,
                                          const std::vector<std::string>& topics,
                                          const Config& config) {
  events::ConsumerOptions options;
  options.name = name;
  options.topics = topics;
  options.replicas = static_cast<std::int32_t>(config.topic_replicas);
  options.replicas_in_sync = static_cast<std::int32_t>(config.topic_replicas_in_sync);
  options.retention = config.TopicRetention();
  return options;
}

}  // namespace

Service::Streams::Streams(std::string service, const SharedParts& shared, const observe::Log& log,
                          const observe::Metrics& metrics, pg::Database& database,
                          const access::Tenants& tenants)
    : service_(std::move(service)),
      shared_(shared),
      log_(log),
      metrics_(metrics),
      database_(database),
      journal_(database, shared.clock),
      upkeep_(UpkeepOptionsOf(shared), database, journal_, shared.clock, metrics, log),
      heard_(service_),
      relay_(RelayOptionsOf(service_, shared.ids), {journal_, shared.bus, shared.clock, &heard_},
             metrics, log),
      seals_(service_, database),
      tenants_(tenants),
      topics_({events::TopicOf(service_)}),
      tending_({.name = "tending"}, metrics, log, [this] { return Tend(); }) {
  if (tenants.operator_tenant().has_value()) {
    purger_.emplace(
        tenants::PurgeOptions{.holder = shared.ids.Next(),
                              .operator_tenant = *tenants.operator_tenant(),
                              .settle = std::chrono::seconds(shared.config.tenant_settle_seconds)},
        database_, journal_, [&tenants] { return tenants.Gone(); }, metrics, log);
  }
  if (!shared.audit_key.has_value()) return;
  const audit::SealOptions options{.service = service_, .holder = shared.ids.Next()};
  sealer_.emplace(options, *shared.audit_key,
                  audit::SealParts{journal_, heard_, seals_, shared.clock}, metrics, log);
}

Service::Streams::~Streams() { Stop(); }

void Service::Streams::Consume(const ConsumerSpec& consumer) {
  const std::vector<std::string> topics = TopicsOf(consumer);
  topics_.insert(topics_.end(), topics.begin(), topics.end());
  const auto options = ConsumerOptionsOf(GroupOf(service_, consumer.name), topics, shared_.config);
  events::InboxOptions inbox{.consumer = consumer.name};
  inbox.is_gone = [this](const TenantId& tenant) { return tenants_.IsGone(tenant); };
  readers_.emplace_back(events::PgInbox(database_, std::move(inbox), consumer.handler, log_),
                        options, shared_, metrics_, log_);
}

void Service::Streams::Repeat(const StepSpec& step, const StepContext& context) {
  steps_.emplace_back(step, context, journal_, shared_.ids.Next(), metrics_, log_);
}

absl::Status Service::Streams::Start() {
  LOTURA_RETURN_IF_ERROR(EnsurePartitions());
  LOTURA_RETURN_IF_ERROR(KeepJournal());
  LOTURA_RETURN_IF_ERROR(upkeep_.Start());
  relay_.Watch();
  if (sealer_.has_value()) sealer_->Start();
  LOTURA_RETURN_IF_ERROR(StartArchive());
  if (purger_.has_value()) purger_->Start();
  for (RepeatedStep& step : steps_) step.Start();
  tending_.Start();
  return absl::OkStatus();
}

void Service::Streams::RequestStop() {
  stopping_ = true;
  tending_.RequestStop();
  upkeep_.RequestStop();
  relay_.RequestStop();
  if (sealer_.has_value()) sealer_->RequestStop();
  if (archiver_.has_value()) archiver_->RequestStop();
  if (purger_.has_value()) purger_->RequestStop();
  for (RepeatedStep& step : steps_) step.RequestStop();
  for (Reader& reader : readers_) reader.consumer.RequestStop();
}

void Service::Streams::Stop() {
  RequestStop();
  // First, since it starts the others.
  tending_.Stop();
  RequestStop();
  upkeep_.Stop();
  for (Reader& reader : readers_) reader.consumer.Stop();
  relay_.Stop();
  if (sealer_.has_value()) sealer_->Stop();
  if (archiver_.has_value()) archiver_->Stop();
  if (purger_.has_value()) purger_->Stop();
  for (RepeatedStep& step : steps_) step.Stop();
}

absl::Status Service::Streams::KeepJournal() {
  std::vector<std::string> relays = {events::kKafkaRelay};
  if (sealer_.has_value()) relays.emplace_back(audit::kAuditRelay);
  if (!shared_.config.audit_archive.empty()) relays.emplace_back(audit::kArchiveRelay);
  return journal_.KeepFor(relays, Deadline::After(kPartitionsBound));
}

absl::Status Service::Streams::StartArchive() {
  const Config& config = shared_.config;
  if (config.audit_archive.empty())
    return journal_.KeepNoMoreFor(audit::kArchiveRelay, Deadline::After(kPartitionsBound));
  LOTURA_ASSIGN_OR_RETURN(archive_, audit::OpenStore(config.ArchiveStore()));
  archiver_.emplace(
      audit::ArchiveOptions{.service = service_,
                            .holder = shared_.ids.Next(),
                            .interval = std::chrono::minutes(config.audit_archive_minutes)},
      audit::ArchiveParts{journal_, seals_, *archive_, shared_.clock}, metrics_, log_);
  archiver_->Start();
  return absl::OkStatus();
}

std::chrono::microseconds Service::Streams::Tend() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= partitions_at_) {
    const absl::Status status = EnsurePartitions();
    Note(status, "partitions could not be made");
    partitions_at_ = now + (status.ok() ? kPartitionsPeriod : kRetry);
  }
  const absl::Status topics = EnsureTopics();
  Note(topics, "topics are not there yet");
  StartWhatHasItsTopics();
  const auto pause = topics.ok() ? partitions_at_ - now : kRetry;
  return std::chrono::duration_cast<std::chrono::microseconds>(pause);
}

absl::Status Service::Streams::EnsureTopics() {
  absl::Status all;
  for (const std::string& topic : topics_) {
    if (stopping_ || topics_there_.contains(topic)) continue;
    const absl::Status status = EnsureTopic(topic);
    if (status.ok()) topics_there_.insert(topic);
    all.Update(status);
    // It would not answer for the others either.
    if (ReasonOf(status) == "KAFKA_UNAVAILABLE") break;
  }
  return all;
}

absl::Status Service::Streams::EnsureTopic(const std::string& topic) {
  const Config& config = shared_.config;
  return shared_.bus.EnsureTopic(
      {.name = topic,
       .partitions = static_cast<std::int32_t>(config.topic_partitions),
       .replicas = static_cast<std::int32_t>(config.topic_replicas),
       .replicas_in_sync = static_cast<std::int32_t>(config.topic_replicas_in_sync),
       .retention = config.TopicRetention()},
      Deadline::After(kTopicBound));
}

void Service::Streams::StartWhatHasItsTopics() {
  if (stopping_) return;
  const auto is_there = [&](const std::string& topic) { return topics_there_.contains(topic); };
  if (is_there(events::TopicOf(service_))) relay_.Start();
  for (Reader& reader : readers_) {
    if (std::ranges::all_of(reader.topics, is_there)) reader.consumer.Start();
  }
}

void Service::Streams::Note(const absl::Status& status, observe::ConstantText what) {
  if (status.ok()) return;
  const std::string reason = ReasonOf(status);
  if (std::exchange(last_failure_, reason) == reason) return;
  log_.Warning(what, {observe::Fields::kReason(reason),
                      observe::Fields::kError(observe::Redacted(Message(status)))});
}

absl::Status Service::Streams::EnsurePartitions() {
  return database_.Write(Deadline::After(kPartitionsBound), [&](pg::Tx& tx) {
    tx.Run(sql::kLockPartitions, {});
    tx.RunScript(resource::PartitionScript(shared_.clock.Now()));
    return absl::OkStatus();
  });
}

}  // namespace lotura::host
