#include "tests/simulation/faults.h"

namespace lotura::simulation {
namespace {

// Its name, and of a thousand places at which it may happen, at how many it does in a seed of
// average trouble. What is made to happen on purpose has its own measure: see Nemesis.
struct Kind {
  const char* name;
  std::uint64_t rate;
};

constexpr std::uint64_t kOnPurpose = 1000;

constexpr std::array<Kind, kFaults> kKinds = {{
    {"connection_refused", 20},  {"lost_before_commit", 40},
    {"lost_after_commit", 40},   {"outcome_not_found", 30},
    {"slow_transaction", 120},   {"foreign_transaction", kOnPurpose},
    {"journal_refused", 15},     {"journal_answer_lost", 15},
    {"slow_broker", 300},        {"record_refused", 30},
    {"confirmation_lost", 30},   {"records_twice", 30},
    {"late_records", 900},       {"broker_gone", kOnPurpose},
    {"poll_fails", 10},          {"offsets_not_kept", 40},
    {"offsets_answer_lost", 40}, {"rebalance", kOnPurpose},
    {"cache_unreachable", 40},   {"fence_lost", 20},
    {"fill_late", 200},          {"eviction", 40},
    {"flush", kOnPurpose},       {"cache_gone", kOnPurpose},
    {"effects_refused", 20},     {"effects_lost", 40},
    {"effects_answer_lost", 40}, {"service_dies", kOnPurpose},
    {"relay_dies", kOnPurpose},  {"consumer_dies", kOnPurpose},
    {"dies_at_point", 25},       {"process_stops", kOnPurpose},
    {"reply_lost", 40},          {"impatience", 60},
}};

}  // namespace

const char* NameOf(Fault fault) { return kKinds[static_cast<std::size_t>(fault)].name; }

Faults::Faults(World& world) : world_(world) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    const std::uint64_t rate = kKinds[i].rate;
    // Half of the kinds, each between half and twice as often as on average.
    if (world.chance().PerMille(500)) continue;
    rates_[i] = rate == kOnPurpose ? rate : rate * (500 + world.chance().Below(1500)) / 1000 + 1;
  }
}

bool Faults::Strikes(Fault fault) {
  if (!on_ || !world_.chance().PerMille(rates_[static_cast<std::size_t>(fault)])) return false;
  Count(fault);
  return true;
}

void Faults::Count(Fault fault) {
  ++counts_[static_cast<std::size_t>(fault)];
  world_.Note("fault {}", NameOf(fault));
}

}  // namespace lotura::simulation
