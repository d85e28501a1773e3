#include "tests/simulation/client.h"

#include "libs/base/errors.h"
#include "libs/events/cloud_events.h"

namespace lotura::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kWayMin{50};
constexpr microseconds kWayMax{2'000};
constexpr milliseconds kPatience{1'500};
constexpr microseconds kImpatienceMin{500};
constexpr microseconds kImpatienceMax{20'000};
constexpr milliseconds kThinkMin{1};
constexpr milliseconds kThinkMax{120};
constexpr milliseconds kBackOffMin{5};
constexpr milliseconds kBackOffMax{150};
// Of a thousand: reads, writes that were acknowledged and are asked again, and writes that name an
// etag.
constexpr std::uint64_t kReads = 400;
constexpr std::uint64_t kRepetitions = 60;
constexpr std::uint64_t kWithEtag = 250;
// Longer than any simulation takes in the time of the machine, by which deadlines go.
constexpr std::chrono::hours kDeadline{10};

}  // namespace

void Client::Run() {
  World& world = plant_.world;
  Chance& chance = world.chance();
  while (!stopped_) {
    world.Pause(chance.Span(kThinkMin, kThinkMax));
    if (chance.PerMille(kRepetitions)) {
      if (Write* write = ledger_.AnyAcknowledged()) WriteUntilKnown(*write);
      continue;
    }
    const Subject subject = wishes_.AnySubject();
    if (chance.PerMille(kReads)) {
      Read(subject);
      continue;
    }
    const std::string key = events::RecordKey(subject.tenant, subject.name);
    const std::string etag = chance.PerMille(kWithEtag) ? ledger_.EtagOf(key) : "";
    WriteUntilKnown(ledger_.Begin(wishes_.Next(subject, etag)));
  }
  done_ = true;
}

void Client::Run(std::vector<Wish> wishes) {
  for (Wish& wish : wishes) WriteUntilKnown(ledger_.Begin(std::move(wish)));
  done_ = true;
}

void Client::WriteUntilKnown(Write& write) {
  World& world = plant_.world;
  const Write::State before = write.state;
  while (!abandoned_) {
    ++write.attempts;
    world.Note("{} asks for {} ({})", write.wish.id, write.wish.what, write.attempts);
    const Answer answer = Try(write.wish);
    world.Note("{} is told {}", write.wish.id, answer.ok() ? "OK" : ReasonOf(answer.status()));
    if (answer.ok()) {
      ledger_.Acknowledge(write, *answer);
      return;
    }
    const Write::State after = StateAfter(write.wish, answer.status());
    if (after != Write::State::kOpen) {
      if (before == Write::State::kAcknowledged) {
        checks_.Broken(Invariant::kSameAnswer,
                       fmt::format("{} was acknowledged, and refused when it came again: {}",
                                   write.wish.id, Message(answer.status())));
      } else {
        write.state = after;
      }
      return;
    }
    world.Pause(world.chance().Span(kBackOffMin, kBackOffMax));
  }
}

Write::State Client::StateAfter(const Wish& wish, const absl::Status& failure) {
  switch (failure.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return Write::State::kOpen;
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
      return wish.repeatable == Wish::Repeatable::kYes ? Write::State::kOpen
                                                       : Write::State::kInDoubt;
    default:
      return Write::State::kRefused;
  }
}

template <typename Result, typename Ask>
Result Client::Call(const Ask& ask) {
  struct Attempt {
    std::optional<Result> result;
  };
  World& world = plant_.world;
  Faults& faults = plant_.faults;
  world.Pause(world.chance().Span(kWayMin, kWayMax));
  ServiceProcess* service = crew_.services.At(world.chance().Below(crew_.services.size()));
  if (service == nullptr) return Unreachable("the service");
  const auto attempt = std::make_shared<Attempt>();
  const World::Actor self = world.acting();
  ask(*service, [attempt, self, &world, &faults](Result result) {
    if (faults.Strikes(Fault::kReplyLost)) return;
    world.After(world.chance().Span(kWayMin, kWayMax),
                [attempt, self, &world, result = std::move(result)] {
                  attempt->result = result;
                  world.Wake(self);
                });
  });
  const World::Span patience = faults.Strikes(Fault::kImpatience)
                                   ? world.chance().Span(kImpatienceMin, kImpatienceMax)
                                   : kPatience;
  const Instant until = world.Now() + patience;
  while (!attempt->result.has_value() && world.Now() < until) world.Rest(until - world.Now());
  if (!attempt->result.has_value()) return DeadlineExceeded("no answer came in time");
  return *attempt->result;
}

Client::Answer Client::Try(const Wish& wish) {
  return Call<Answer>([&](ServiceProcess& service, std::function<void(Answer)> take) {
    auto call = std::make_shared<const lotura::Call>(
        lotura::Call{.principal = {wish.tenant, "users/anna", {"*"}, Grounds::kToken},
                     .method = wish.method,
                     .deadline = Deadline::After(kDeadline),
                     .trace = {},
                     .now = service.Now(),
                     .cause = wish.id});
    service.Write(std::move(call), wish.request, *wish.response, wish.body, std::move(take));
  });
}

Client::Found Client::Load(const Subject& subject) {
  return Call<Found>([&](ServiceProcess& service, std::function<void(Found)> take) {
    service.Read({.record = {subject.declaration, {subject.tenant, subject.name}},
                  .deadline = Deadline::After(kDeadline)},
                 std::move(take));
  });
}

void Client::Read(const Subject& subject) {
  const std::string key = events::RecordKey(subject.tenant, subject.name);
  const std::int64_t version_min = ledger_.VersionOf(key);
  const std::string cached = cache::MakeKey({subject.tenant, kService, subject.name}, 0).bytes;
  const bool excused = plant_.cache.untold.Covers(cached, plant_.world.Now());
  const Found found = Load(subject);
  if (!found.ok() || excused) return;
  CheckRead(subject, *found, version_min);
}

void Client::CheckRead(const Subject& subject, const std::optional<resource::Record>& record,
                       std::int64_t version_min) {
  const std::int64_t version = record.has_value() ? record->version : 0;
  plant_.world.Note("{} is read at v{}", subject.name, version);
  if (version >= version_min) {
    checks_.Held(Invariant::kReadsAreFresh);
    return;
  }
  checks_.Broken(Invariant::kReadsAreFresh,
                 fmt::format("{} was read at version {} after version {} was acknowledged",
                             subject.name, version, version_min));
}

}  // namespace lotura::simulation
