#include "tests/simulation/world.h"

#include <cstring>

#include "libs/base/check.h"

namespace lotura::simulation {
namespace {

constexpr std::uint64_t kPrime = 0x100000001b3ULL;

}  // namespace

World::Actor World::Start(std::function<void()> body, std::function<void(const char*)> passes) {
  const Actor actor = actors_.size();
  Course course;
  course.fiber = std::make_unique<Fiber>(std::move(body));
  course.passes = std::move(passes);
  actors_.push_back(std::move(course));
  Schedule(actor, Span(0));
  return actor;
}

void World::Schedule(Actor actor, Span span) {
  happenings_.push({.time = now_ + span,
                    .order = chance_.Next(),
                    .number = ++happenings_made_,
                    .actor = actor,
                    .turn = ++actors_[actor].turn,
                    .action = nullptr});
}

void World::After(Span span, std::function<void()> action) {
  happenings_.push({.time = now_ + span,
                    .order = chance_.Next(),
                    .number = ++happenings_made_,
                    .action = std::make_shared<std::function<void()>>(std::move(action))});
}

World::Actor World::acting() const {
  LOTURA_CHECK(acting_.has_value());
  return *acting_;
}

void World::Pause(Span span) {
  const Actor actor = acting();
  Schedule(actor, span);
  actors_[actor].fiber->Yield();
}

void World::Rest(Span span) {
  const Actor actor = acting();
  actors_[actor].rests = true;
  Pause(span);
  actors_[actor].rests = false;
}

void World::Wake(Actor actor) {
  if (actors_[actor].rests) Schedule(actor, Span(0));
}

void World::Pass(const char* point) {
  if (acting_.has_value() && actors_[*acting_].passes) actors_[*acting_].passes(point);
}

void World::Happen(const Happening& happening) {
  now_ = happening.time;
  if (happening.action != nullptr) {
    (*happening.action)();
    return;
  }
  Course& course = actors_[happening.actor];
  if (course.turn != happening.turn) return;
  // The fiber outlives a vector that grows meanwhile.
  Fiber& fiber = *course.fiber;
  acting_ = happening.actor;
  fiber.Resume();
  acting_.reset();
  if (fiber.done()) actors_[happening.actor].fiber.reset();
}

bool World::RunUntil(const std::function<bool()>& reached, Span limit) {
  const Instant end = now_ + limit;
  while (!reached()) {
    if (happenings_.empty() || happenings_.top().time > end) return false;
    const Happening next = happenings_.top();
    happenings_.pop();
    Happen(next);
  }
  return true;
}

void World::AddLine() {
  const auto time = now_.time_since_epoch().count();
  for (const char byte : line_) hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * kPrime;
  hash_ = (hash_ ^ static_cast<std::uint64_t>(time)) * kPrime;
  if (lines_kept_ == Lines::kDropped) return;
  lines_.push_back(ToRfc3339(now_).substr(11) + " " + line_);
}

void World::Violate(std::string what) {
  Note("VIOLATED: {}", what);
  if (!violation_.has_value()) violation_ = std::move(what);
}

Uuid SeededIds::Next() {
  Uuid uuid;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t random = chance_.Next();
    std::memcpy(uuid.bytes.data() + 8 * half, &random, 8);
  }
  return uuid;
}

}  // namespace lotura::simulation
