// What a service announces and what it reads: its topic, its relay, its consumers, and the upkeep
// of its partitions.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "libs/events/event_consumer.h"
#include "libs/events/pg_inbox.h"
#include "libs/events/pg_journal.h"
#include "libs/events/relay.h"
#include "libs/events/upkeep.h"
#include "libs/host/service.h"

namespace lotura::host {

// Owns their threads. Kafka may be down when the service starts: what needs a topic begins when the
// topic is there.
class Service::Streams {
 public:
  Streams(std::string service, const SharedParts& shared, const observe::Log& log,
          const observe::Metrics& metrics, pg::Database& database);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  void Consume(const std::string& consumer, const std::vector<std::string>& services,
               EventHandler handler);
  // Makes the partitions that today needs, then starts the threads.
  absl::Status Start();
  void Stop();
  // To be called after a commit.
  void Wake() { relay_.Wake(); }

 private:
  struct Reader {
    events::PgInbox inbox;
    events::EventConsumer consumer;

    Reader(events::PgInbox own_inbox, const events::ConsumerOptions& options,
           const SharedParts& shared, const observe::Metrics& metrics, const observe::Log& log)
        : inbox(std::move(own_inbox)),
          consumer(options, shared.bus, inbox, shared.clock, metrics, log) {}
  };

  // Makes what events and requests need; returns how long to pause.
  std::chrono::microseconds Tend();
  absl::Status EnsureTopics();
  absl::Status EnsurePartitions();

  const std::string service_;
  const SharedParts shared_;
  const observe::Log log_;
  const observe::Metrics metrics_;
  pg::Database& database_;
  events::PgJournal journal_;
  events::Upkeep upkeep_;
  events::Relay relay_;
  std::vector<std::string> topics_;
  std::deque<Reader> readers_;
  bool topics_are_there_ = false;
  events::StepThread tending_;
};

}  // namespace lotura::host
