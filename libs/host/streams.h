// What a service does beside calls: its topic, its relay, the seals of its journal, its consumers,
// its steps, the upkeep of its partitions, and the end of tenants that are gone.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/audit/archive_step.h"
#include "libs/audit/pg_reads.h"
#include "libs/audit/seal_step.h"
#include "libs/events/event_consumer.h"
#include "libs/events/pg_inbox.h"
#include "libs/events/pg_journal.h"
#include "libs/events/relay.h"
#include "libs/events/upkeep.h"
#include "libs/host/repeated_step.h"
#include "libs/host/service.h"
#include "libs/tenants/purge_step.h"

namespace lotura::host {

// Owns their threads. Kafka may be down when the service starts: the relay begins when its topic is
// there, each consumer when its own are, and the partitions wait for neither.
class Service::Streams {
 public:
  Streams(std::string service, const SharedParts& shared, const observe::Log& log,
          const observe::Metrics& metrics, pg::Database& database, const access::Tenants& tenants);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Before Start.
  void Consume(const ConsumerSpec& consumer);
  void Repeat(const StepSpec& step, const StepContext& context);
  // Makes the partitions that today needs, then starts the threads.
  absl::Status Start();
  // Returns at once.
  void RequestStop();
  void Stop();
  // To be called after a commit.
  void Wake() { relay_.Wake(); }

 private:
  struct Reader {
    std::vector<std::string> topics;
    events::PgInbox inbox;
    events::EventConsumer consumer;

    Reader(events::PgInbox own_inbox, const events::ConsumerOptions& options,
           const SharedParts& shared, const observe::Metrics& metrics, const observe::Log& log)
        : topics(options.topics),
          inbox(std::move(own_inbox)),
          consumer(options, shared.bus, inbox, shared.clock, metrics, log) {}
  };

  // No day of the journal may be dropped before the broker has it, and it is sealed and archived,
  // be they away for as long as they may.
  absl::Status KeepJournal();
  // Begins with an archive, or gives up the one that there was.
  absl::Status StartArchive();
  // Makes what events and requests need; returns how long to pause.
  std::chrono::microseconds Tend();
  // Makes topics, its own first, until one fails or a stop is asked for.
  absl::Status EnsureTopics();
  absl::Status EnsureTopic(const std::string& topic);
  void StartWhatHasItsTopics();
  absl::Status EnsurePartitions();
  // Tells of a cause that lasts once.
  void Note(const absl::Status& status, observe::ConstantText what);

  const std::string service_;
  const SharedParts shared_;
  const observe::Log log_;
  const observe::Metrics metrics_;
  pg::Database& database_;
  events::PgJournal journal_;
  events::Upkeep upkeep_;
  // What the relay tells whoever seals.
  audit::HeardEntries heard_;
  events::Relay relay_;
  audit::PgSeals seals_;
  // Nothing without a key.
  std::optional<audit::Sealer> sealer_;
  // Nothing without an archive.
  std::unique_ptr<audit::ObjectStore> archive_;
  std::optional<audit::Archiver> archiver_;
  const access::Tenants& tenants_;
  // Nothing without an operator tenant.
  std::optional<tenants::Purger> purger_;
  std::deque<RepeatedStep> steps_;
  std::vector<std::string> topics_;
  std::deque<Reader> readers_;
  std::set<std::string> topics_there_;
  std::chrono::steady_clock::time_point partitions_at_;
  std::string last_failure_;
  std::atomic<bool> stopping_ = false;
  events::StepThread tending_;
};

}  // namespace lotura::host
