// What a service announces and what it reads: its relay, the upkeep of its partitions, its consumers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/events/pg_journal.h"
#include "libs/events/relay.h"
#include "libs/host/service.h"

namespace lotura::host {

// Owns their threads.
class Service::Streams {
 public:
  Streams(std::string service, const SharedParts& shared, const observe::Log& log, const observe::Metrics& metrics, pg::Database& database);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  void Consume(const std::string& consumer, const std::vector<std::string>& services, EventHandler handler);
  absl::Status Start();
  void Stop();
  // To be called after a commit.
  void Wake() { relay_.Wake(); }

 private:
  const std::string service_;
  const SharedParts shared_;
  const observe::Log log_;
  const observe::Metrics metrics_;
  pg::Database& database_;
  events::PgJournal journal_;
  events::Relay relay_;
};

}  // namespace lotura::host
