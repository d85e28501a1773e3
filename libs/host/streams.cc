#include "libs/host/streams.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/events/cloud_events.h"
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
      tending_({.name = "tending"}, metrics, log, [this] { return Tend(); }) {}

Service::Streams::~Streams() { Stop(); }

void Service::Streams::Consume(const ConsumerSpec& consumer) {
  std::vector<std::string> topics;
  for (const std::string& service : consumer.services) topics.push_back(events::TopicOf(service));
  topics_.insert(topics_.end(), topics.begin(), topics.end());
  const auto options =
      ConsumerOptionsOf(fmt::format("{}.{}", service_, consumer.name), topics, shared_.config);
  readers_.emplace_back(
      events::PgInbox(database_, {.consumer = consumer.name}, consumer.handler, log_), options,
      shared_, metrics_, log_);
}

absl::Status Service::Streams::Start() {
  LOTURA_RETURN_IF_ERROR(EnsurePartitions());
  LOTURA_RETURN_IF_ERROR(upkeep_.Start());
  relay_.Watch();
  tending_.Start();
  return absl::OkStatus();
}

void Service::Streams::RequestStop() {
  stopping_ = true;
  tending_.RequestStop();
  upkeep_.RequestStop();
  relay_.RequestStop();
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
