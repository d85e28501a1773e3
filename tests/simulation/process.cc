#include "tests/simulation/process.h"

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::simulation {
namespace {

using std::chrono::microseconds;

constexpr microseconds kWayMin{50};
constexpr microseconds kWayMax{1500};

}  // namespace

World::Actor Process::Start(std::function<void()> body) {
  actors_.push_back(world_.Start(std::move(body), [this](const char* point) { Pass(point); }));
  return actors_.back();
}

bool Process::HasEnded() const {
  return std::ranges::all_of(actors_, [&](World::Actor actor) { return world_.HasEnded(actor); });
}

void Process::WakeAll() {
  for (const World::Actor actor : actors_) world_.Wake(actor);
}

void Process::Die() {
  if (!*alive_) return;
  world_.Note("{} dies", name_);
  *alive_ = false;
  WakeAll();
}

void Process::Leave() {
  world_.Note("{} leaves", name_);
  leaving_ = true;
  WakeAll();
}

bool Process::Travel() {
  if (!*alive_) return false;
  world_.Pause(world_.chance().Span(kWayMin, kWayMax));
  if (*alive_ && stopped_until_ > world_.Now()) world_.Pause(stopped_until_ - world_.Now());
  return *alive_;
}

void Process::Pass(const char* point) {
  if (!*alive_) return;
  world_.Note("{} passes {}", name_, point);
  if (faults_.Strikes(Fault::kDiesAtPoint)) Die();
}

absl::Status Unreachable(const char* what) { return Unavailable("UNREACHABLE", what); }

}  // namespace lotura::simulation
