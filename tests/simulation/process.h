// One process: what it knows is lost when it dies, and what it has sent is not.
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/faults.h"

namespace lotura::simulation {

// The actors of a process run the production code. A process that dies does not break them off:
// whatever they ask for from then on is refused at once and has no effect, so that they come to
// their end without anybody noticing.
class Process {
 public:
  Process(World& world, Faults& faults, std::string name)
      : world_(world),
        faults_(faults),
        name_(std::move(name)),
        alive_(std::make_shared<bool>(true)) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool alive() const { return *alive_; }
  // Tells what is on its way from this process, and may outlive it, whether it is alive.
  [[nodiscard]] std::shared_ptr<const bool> life() const { return alive_; }
  [[nodiscard]] World& world() const { return world_; }
  [[nodiscard]] Faults& faults() const { return faults_; }

  World::Actor Start(std::function<void()> body);
  [[nodiscard]] bool HasEnded() const;
  // Something for an actor that rests.
  void WakeAll();

  void Die();
  // Asked to end in good order, as by SIGTERM; its actors see to that.
  void Leave();
  [[nodiscard]] bool leaving() const { return leaving_; }
  // As SIGSTOP does, until SIGCONT.
  void Stop(World::Span span) { stopped_until_ = world_.Now() + span; }

  // The way of a question to whom it is put, or of an answer back: others act meanwhile. False if
  // the process has died: nobody is there to ask or to hear.
  bool Travel();
  // At a named point of the code.
  void Pass(const char* point);

 private:
  World& world_;
  Faults& faults_;
  const std::string name_;
  const std::shared_ptr<bool> alive_;  // shared with what is on its way
  bool leaving_ = false;
  Instant stopped_until_;
  std::vector<World::Actor> actors_;
};

// What a process is told when nobody answers; also one that has died.
absl::Status Unreachable(const char* what);

}  // namespace lotura::simulation
