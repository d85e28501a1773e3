#include "tests/simulation/service_process.h"

namespace lotura::simulation {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::hours kUntilWoken{1};
constexpr microseconds kSkewMax{30'000};
// Of each kind.
constexpr int kActors = 2;

// Small batches, so that there are several.
constexpr std::size_t kBatchMax = 8;
resource::CombinerLimits WriteLimits(Chance& chance) {
  return {.batch_max = 1 + chance.Below(kBatchMax)};
}
resource::RecordReadLimits ReadLimits(Chance& chance) {
  return {.batch_max = 1 + chance.Below(kBatchMax)};
}

}  // namespace

ServiceProcess::ServiceProcess(Plant& plant, std::string name)
    : process_(plant.world, plant.faults, std::move(name)),
      skew_(plant.world.chance().Span(-kSkewMax, kSkewMax)),
      store_(process_, plant.database, plant.store()),
      commit_mutant_(CommitMutant(plant.mutation, store_)),
      cache_(process_, plant.cache, plant.memory()),
      record_cache_(cache_, plant.equipment.catalog().Declarations()),
      cached_(commit_mutant_ == nullptr ? store_ : *commit_mutant_, record_cache_),
      reads_(store_, record_cache_, ReadLimits(plant.world.chance())),
      combiner_(cached_, WriteLimits(plant.world.chance())),
      work_({plant.equipment.catalog(), cached_, plant.equipment.foreign(), plant.ids}, combiner_) {
  for (int i = 0; i < kActors; ++i) {
    process_.Start([this] { DriveExecutor(); });
    process_.Start([this] { DriveCombiner(); });
    process_.Start([this] { DriveReads(); });
  }
}

void ServiceProcess::Execute(std::function<void()> step) {
  if (!process_.alive()) return;
  steps_.push_back(std::move(step));
  process_.WakeAll();
}

void ServiceProcess::Write(
    std::shared_ptr<const Call> call, std::shared_ptr<const google::protobuf::Message> request,
    const google::protobuf::Message& response, resource::UnitOfWork::Body body,
    std::function<void(absl::StatusOr<resource::UnitOfWork::MessagePtr>)> reply) {
  resource::WriteCall write{
      .call = std::move(call),
      .request = std::move(request),
      .reply =
          [this, reply = std::move(reply)](auto answer) {
            if (process_.alive()) reply(std::move(answer));
          },
      .resume = [this](std::function<void()> step) { Execute(std::move(step)); }};
  Execute([this, write = std::move(write), &response, body = std::move(body)] {
    work_.Start(write, response, body);
  });
}

void ServiceProcess::Read(resource::RecordReads::Read read, resource::RecordReads::Done done) {
  if (!process_.alive()) return;
  ++reading_;
  reads_.Submit(std::move(read), [this, done = std::move(done)](const auto& result) {
    --reading_;
    if (process_.alive()) done(result);
  });
  process_.WakeAll();
}

void ServiceProcess::DriveExecutor() {
  while (process_.alive()) {
    if (steps_.empty()) {
      process_.world().Rest(kUntilWoken);
      continue;
    }
    const std::function<void()> step = std::move(steps_.front());
    steps_.pop_front();
    ++busy_;
    step();
    --busy_;
    // It may have submitted something.
    process_.WakeAll();
  }
}

void ServiceProcess::DriveCombiner() {
  while (process_.alive()) {
    ++busy_;
    const bool stepped = combiner_.Step();
    --busy_;
    if (!stepped) process_.world().Rest(kUntilWoken);
  }
}

void ServiceProcess::DriveReads() {
  while (process_.alive()) {
    if (!reads_.Step()) process_.world().Rest(kUntilWoken);
  }
}

}  // namespace lotura::simulation
