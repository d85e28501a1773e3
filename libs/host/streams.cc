#include "libs/host/streams.h"

#include <fmt/format.h>

#include "libs/events/cloud_events.h"
#include "libs/resource/periods.h"

namespace lotura::host {
namespace {

using std::chrono::seconds;

constexpr seconds kTopicRetry{2};
constexpr seconds kUpkeepPeriod{600};
constexpr seconds kUpkeepBound{30};

events::RelayOptions RelayOptionsOf(const std::string& service, IdSource& ids) {
  events::RelayOptions options;
  options.service = service;
  options.holder = ids.Next();
  return options;
}

events::UpkeepOptions UpkeepOptionsOf(const SharedParts& shared) {
  events::UpkeepOptions options;
  options.holder = shared.ids.Next();
  options.journal_days = std::chrono::days(shared.config.journal_days);
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
  return options;
}

}  // namespace

Service::Streams::Streams(std::string service, const SharedParts& shared, const observe::Log& log,
                          const observe::Metrics& metrics, pg::Database& database)
    : service_(std::move(service)),
      shared_(shared),
      log_(log),
      metrics_(metrics),
      database_(database),
      journal_(database, shared.clock),
      upkeep_(UpkeepOptionsOf(shared), database, journal_, shared.clock, metrics, log),
      relay_(RelayOptionsOf(service_, shared.ids), journal_, shared.bus, shared.clock, metrics,
             log),
      topics_({events::TopicOf(service_)}),
      tending_([this] { return Tend(); }, seconds(0)) {}

Service::Streams::~Streams() { Stop(); }

void Service::Streams::Consume(const std::string& consumer,
                               const std::vector<std::string>& services, EventHandler handler) {
  std::vector<std::string> topics;
  for (const std::string& service : services) topics.push_back(events::TopicOf(service));
  topics_.insert(topics_.end(), topics.begin(), topics.end());
  const auto options =
      ConsumerOptionsOf(fmt::format("{}.{}", service_, consumer), topics, shared_.config);
  readers_.emplace_back(
      events::PgInbox(database_, {.consumer = consumer}, std::move(handler), log_), options,
      shared_, metrics_, log_);
}

absl::Status Service::Streams::Start() {
  LOTURA_RETURN_IF_ERROR(EnsurePartitions());
  LOTURA_RETURN_IF_ERROR(upkeep_.Start());
  tending_.Start();
  return absl::OkStatus();
}

void Service::Streams::Stop() {
  tending_.Stop();
  upkeep_.Stop();
  for (Reader& reader : readers_) reader.consumer.Stop();
  relay_.Stop();
}

std::chrono::microseconds Service::Streams::Tend() {
  if (!topics_are_there_) {
    if (const absl::Status status = EnsureTopics(); !status.ok()) {
      log_.Warning("topics are not there yet", {observe::Fields::kReason(ReasonOf(status)),
                                                observe::Fields::kState(Message(status))});
      return kTopicRetry;
    }
    topics_are_there_ = true;
    relay_.Start();
    for (Reader& reader : readers_) reader.consumer.Start();
    return kUpkeepPeriod;
  }
  if (const absl::Status status = EnsurePartitions(); !status.ok()) {
    log_.Error("partitions could not be made", {observe::Fields::kReason(ReasonOf(status))});
    return kTopicRetry;
  }
  return kUpkeepPeriod;
}

absl::Status Service::Streams::EnsureTopics() {
  const Config& config = shared_.config;
  for (const std::string& topic : topics_) {
    const events::TopicSpec spec{
        .name = topic,
        .partitions = static_cast<std::int32_t>(config.topic_partitions),
        .replicas = static_cast<std::int32_t>(config.topic_replicas),
        .replicas_in_sync = static_cast<std::int32_t>(config.topic_replicas_in_sync)};
    LOTURA_RETURN_IF_ERROR(shared_.bus.EnsureTopic(spec, Deadline::After(kUpkeepBound)));
  }
  return absl::OkStatus();
}

absl::Status Service::Streams::EnsurePartitions() {
  return database_.Write(Deadline::After(kUpkeepBound), [&](pg::Tx& tx) {
    tx.RunScript("SELECT pg_advisory_xact_lock(hashtextextended('lotura-partitions', 0))");
    tx.RunScript(resource::PartitionScript(shared_.clock.Now()));
    return absl::OkStatus();
  });
}

}  // namespace lotura::host
