#include "tests/simulation/run.h"

#include "libs/crash/listener.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/client.h"

namespace lotura::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kClients = 6;
constexpr milliseconds kStormMin{1'000};
constexpr milliseconds kStormMax{6'000};
// All that takes longer would never come to an end.
constexpr std::chrono::minutes kDrainMax{2};
constexpr std::chrono::minutes kFirstMax{2};
constexpr std::chrono::hours kEndMax{12};
// How often one looks whether all is drained.
constexpr milliseconds kLook{50};

// Plant, crew and clients of one seed, in the order of their lives.
class Simulation {
 public:
  Simulation(const Equipment& equipment, const RunOptions& options)
      : world_(options.seed, options.lines),
        listener_([this](const char* point) { world_.Pass(point); }),
        faults_(world_),
        checks_(world_),
        plant_(world_, faults_, equipment, options.mutation),
        crew_(plant_),
        nemesis_(plant_, crew_),
        wishes_(plant_),
        ledger_(plant_, checks_) {
    for (std::size_t i = 0; i < kClients; ++i) clients_.push_back(NewClient());
  }

  void Run() {
    if (Prepare()) Storm();
    const bool drained = !IsBroken() && Drain();
    span_ = world_.Now() - begin_;
    if (!IsBroken()) Audit(plant_, ledger_, checks_).Run();
    // What the audit finds missing says more.
    if (!drained && !IsBroken())
      checks_.Broken(Invariant::kDrains, "something is left two minutes after all was healed");
    End();
  }

  RunReport Report(std::uint64_t seed) {
    return {.seed = seed,
            .violation = world_.violation(),
            .hash = world_.hash(),
            .lines = world_.lines(),
            .faults = faults_.counts(),
            .checks = checks_.counts(),
            .writes = ledger_.writes().size(),
            .span = span_};
  }

 private:
  std::unique_ptr<Client> NewClient() {
    return std::make_unique<Client>(plant_, crew_, wishes_, ledger_, checks_);
  }

  [[nodiscard]] bool IsBroken() const { return world_.violation().has_value(); }

  // Nothing goes wrong yet.
  bool Prepare() {
    world_.Start([this] { first_->Run(wishes_.First()); });
    const bool done = world_.RunUntil([&] { return first_->done(); }, kFirstMax);
    if (!done) world_.Violate("drains: the first writes did not come to an end");
    return done;
  }

  void Storm() {
    for (const auto& client : clients_) world_.Start([&client = *client] { client.Run(); });
    world_.Start([this] { nemesis_.Run(); });
    faults_.Begin();
    const World::Span storm = world_.chance().Span(kStormMin, kStormMax);
    world_.After(storm, [this] { over_ = true; });
    world_.RunUntil([&] { return over_ || IsBroken(); }, kEndMax);
    faults_.Heal();
    world_.Note("healed");
    for (const auto& client : clients_) client->Stop();
  }

  // Whether all came to its end in time.
  bool Drain() {
    world_.Start([this] {
      while (!drained_ && !IsBroken() && !ended_) {
        world_.Pause(kLook);
        drained_ =
            std::ranges::all_of(clients_, [](const auto& client) { return client->done(); }) &&
            IsDrained(plant_, crew_);
      }
    });
    world_.RunUntil([&] { return drained_ || IsBroken(); }, kDrainMax);
    if (drained_) checks_.Held(Invariant::kDrains);
    return drained_;
  }

  // Every actor comes to its end.
  void End() {
    ended_ = true;
    nemesis_.Stop();
    first_->Abandon();
    for (const auto& client : clients_) client->Abandon();
    crew_.services.End();
    crew_.relays.End();
    crew_.consumers.End();
    world_.RunUntil([] { return false; }, kEndMax);
  }

  World world_;
  const crash::Listener listener_;
  const Instant begin_ = world_.Now();
  Faults faults_;
  Checks checks_;
  Plant plant_;
  Crew crew_;
  Nemesis nemesis_;
  Wishes wishes_;
  Ledger ledger_;
  const std::unique_ptr<Client> first_ = NewClient();
  std::vector<std::unique_ptr<Client>> clients_;
  World::Span span_{0};
  bool over_ = false;
  bool drained_ = false;
  bool ended_ = false;
};

}  // namespace

RunReport Run(const Equipment& equipment, const RunOptions& options) {
  Simulation simulation(equipment, options);
  simulation.Run();
  return simulation.Report(options.seed);
}

}  // namespace lotura::simulation
