// A process of the service: engine, combiner and cached store over what it reaches.
#pragma once

#include <deque>

#include "libs/resource/cached_store.h"
#include "libs/resource/combiner.h"
#include "libs/resource/record_reads.h"
#include "libs/resource/unit_of_work.h"
#include "tests/simulation/plant.h"

namespace lotura::simulation {

// Two actors are the executor, two drive the combiner, two the reads of single records. As in
// production nobody waits for a commit or for another reader.
class ServiceProcess {
 public:
  ServiceProcess(Plant& plant, std::string name);
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  [[nodiscard]] Process& process() { return process_; }
  // Its clock is not quite that of others.
  [[nodiscard]] Instant Now() const { return process_.world().Now() + skew_; }

  // Whether nothing is left of any call.
  [[nodiscard]] bool IsIdle() const {
    return steps_.empty() && busy_ == 0 && combiner_.Waiting() == 0 && reading_ == 0;
  }

  // A step of a call, when its turn comes; of a process that has died, never.
  void Execute(std::function<void()> step);
  // `reply` is called unless the process dies before.
  void Write(std::shared_ptr<const Call> call,
             std::shared_ptr<const google::protobuf::Message> request,
             const google::protobuf::Message& response, resource::UnitOfWork::Body body,
             std::function<void(absl::StatusOr<resource::UnitOfWork::MessagePtr>)> reply);
  // The same for a read of one record.
  void Read(resource::RecordReads::Read read, resource::RecordReads::Done done);

 private:
  void DriveExecutor();
  void DriveCombiner();
  void DriveReads();

  Process process_;
  const World::Span skew_;
  std::deque<std::function<void()>> steps_;
  // Actors within a step.
  int busy_ = 0;
  // Reads without an answer.
  int reading_ = 0;
  FaultyStore store_;
  const std::unique_ptr<resource::Store> commit_mutant_;
  FaultyCache cache_;
  resource::RecordCache record_cache_;
  resource::CachedStore cached_;
  resource::RecordReads reads_;
  resource::Combiner combiner_;
  resource::UnitOfWork work_;
};

}  // namespace lotura::simulation
