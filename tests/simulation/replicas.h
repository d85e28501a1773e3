// The processes of one kind, which die and come back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/plant.h"

namespace lotura::simulation {

// `Kind` is made from a plant and a name. Used by one thread; all actors have ended before it is
// destroyed.
template <typename Kind>
class Replicas {
 public:
  Replicas(Plant& plant, std::string kind, std::size_t count)
      : plant_(plant), kind_(std::move(kind)), running_(count) {
    for (std::size_t i = 0; i < count; ++i) Start(i);
  }
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  [[nodiscard]] std::size_t size() const { return running_.size(); }
  // Null while it is down.
  [[nodiscard]] Kind* At(std::size_t i) {
    Kind* running = running_[i].get();
    return running != nullptr && running->process().alive() ? running : nullptr;
  }

  // Those that have died are buried, and others take their places after a while. To be called now
  // and then.
  void Revive(World::Span down) {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (running_[i] == nullptr || running_[i]->process().alive()) continue;
      Bury(std::move(running_[i]));
      plant_.world.After(down, [this, i] {
        if (!ended_) Start(i);
      });
    }
  }
  // All of them, for good.
  void End() {
    ended_ = true;
    for (auto& running : running_) {
      if (running != nullptr) running->process().Die();
    }
  }

 private:
  // How long others take it to be there.
  static constexpr std::chrono::milliseconds kSession{700};

  void Start(std::size_t i) {
    const std::string name = fmt::format("{}{}.{}", kind_, i, ++made_);
    plant_.world.Note("{} starts", name);
    running_[i] = std::make_unique<Kind>(plant_, name);
  }
  void Bury(std::unique_ptr<Kind> dead) {
    // A function may be copied, and what is in this one may not.
    std::shared_ptr<Kind> body = std::move(dead);
    plant_.world.After(kSession, [this, body]() mutable { BuryEnded(std::move(body)); });
  }
  void BuryEnded(std::shared_ptr<Kind> body) {
    if (body->process().HasEnded()) return;
    plant_.world.After(kSession, [this, body]() mutable { BuryEnded(std::move(body)); });
  }

  Plant& plant_;
  const std::string kind_;
  std::vector<std::unique_ptr<Kind>> running_;
  std::size_t made_ = 0;
  bool ended_ = false;
};

}  // namespace lotura::simulation
