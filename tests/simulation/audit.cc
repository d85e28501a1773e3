#include "tests/simulation/audit.h"

#include <set>

#include "libs/base/check.h"
#include "libs/events/cloud_events.h"
#include "lotura/sales/v1/product.pb.h"

namespace lotura::simulation {
namespace {

using events::JournalEntry;

std::string KeyOf(const JournalEntry& entry) { return events::RecordKey(entry.tenant, entry.name); }

// `how` makes the text if it does not hold.
template <typename How>
void Expect(Checks& checks, Invariant invariant, bool holds, const How& how) {
  if (holds) {
    checks.Held(invariant);
  } else {
    checks.Broken(invariant, how());
  }
}

}  // namespace

bool IsDrained(Plant& plant, Crew& crew) {
  if (plant.database.open() > 0) return false;
  for (std::size_t i = 0; i < crew.services.size(); ++i) {
    const ServiceProcess* service = crew.services.At(i);
    if (service == nullptr || !service->IsIdle()) return false;
  }
  const auto& log = plant.database.log();
  std::set<Uuid> handled;
  for (const Effects::Effect& effect : plant.effects.made()) handled.insert(effect.event);
  if (handled.size() < log.size()) return false;
  events::Position last;
  for (const JournalEntry& entry : log) last = std::max(last, entry.position);
  const auto cursor =
      plant.database.journal().LoadCursor(kRelay, Deadline::After(std::chrono::seconds(1)));
  return cursor.ok() && *cursor == last;
}

void Audit::Run() {
  CheckWrites();
  CheckCauses();
  CheckVersions();
  CheckHolders();
  CheckTopic();
  CheckEffects();
  CheckProjection();
}

void Audit::CheckWrites() {
  for (const Write& write : ledger_.writes()) CheckWrite(write);
}

void Audit::CheckWrite(const Write& write) {
  const auto caused = plant_.database.CausedBy(write.wish.id);
  std::set<std::uint64_t> transactions;
  for (const JournalEntry* entry : caused) transactions.insert(entry->position.xid);
  const bool whole = caused.empty() || caused.size() >= write.wish.changes_min;
  Expect(checks_, Invariant::kOneTransaction, transactions.size() <= 1 && whole, [&] {
    return fmt::format("{} ({}) was written by {} transactions", write.wish.id, write.wish.what,
                       transactions.size());
  });
  if (write.state == Write::State::kAcknowledged) {
    Expect(checks_, Invariant::kAcknowledgedIsThere, caused.size() >= write.wish.changes_min,
           [&] { return fmt::format("{} ({}) is gone", write.wish.id, write.wish.what); });
  }
  // Of a write that was tried twice, the first attempt may have come later than the answer.
  if (write.state == Write::State::kRefused && write.attempts == 1) {
    Expect(checks_, Invariant::kRefusedIsNotThere, caused.empty(), [&] {
      return fmt::format("{} ({}) was refused and is there", write.wish.id, write.wish.what);
    });
  }
}

void Audit::CheckCauses() {
  std::set<std::string> asked;
  for (const Write& write : ledger_.writes()) asked.insert(write.wish.id);
  for (const JournalEntry& entry : plant_.database.log()) {
    Expect(checks_, Invariant::kOneTransaction, asked.contains(entry.cause),
           [&] { return fmt::format("{} v{} was asked by nobody", entry.name, entry.version); });
  }
}

void Audit::CheckVersions() {
  for (const auto& [key, places] : plant_.database.by_record()) {
    std::int64_t version = 0;
    std::string plain;
    events::Position position;
    for (const std::size_t place : places) {
      const JournalEntry& entry = plant_.database.log()[place];
      Expect(checks_, Invariant::kVersionsConsecutive, entry.version == version + 1,
             [&, &key = key] {
               return fmt::format("{} has version {} after {}", key, entry.version, version);
             });
      Expect(checks_, Invariant::kNoLostUpdate, entry.before_plain == plain, [&, &key = key] {
        return fmt::format("{} v{} was made from another version", key, entry.version);
      });
      Expect(checks_, Invariant::kInOrder, entry.position > position, [&, &key = key] {
        return fmt::format("{} v{} stands before the version that it replaces", key, entry.version);
      });
      version = entry.version;
      plain = entry.after_plain;
      position = entry.position;
    }
  }
}

void Audit::CheckHolders() {
  using Sku = std::pair<TenantId, std::string>;
  std::map<Sku, std::string> holders;
  std::map<std::string, Sku> held;
  for (const JournalEntry& entry : plant_.database.log()) {
    if (entry.resource_type != sales::v1::Product::descriptor()->full_name()) continue;
    sales::v1::Product product;
    LOTURA_CHECK(product.ParseFromString(entry.after_plain));
    const std::string key = KeyOf(entry);
    if (const auto before = held.extract(key); !before.empty()) holders.erase(before.mapped());
    if (product.sku().empty() || product.has_delete_time()) continue;
    const Sku sku(entry.tenant, product.sku());
    const auto [holder, taken] = holders.emplace(sku, entry.name);
    Expect(checks_, Invariant::kOneHolder, taken, [&, &holder = holder] {
      return fmt::format("{} took {} from {}", entry.name, product.sku(), holder->second);
    });
    if (taken) held.emplace(key, sku);
  }
}

void Audit::CheckTopic() {
  std::set<Uuid> written;
  for (const JournalEntry& entry : plant_.database.log()) written.insert(entry.event_id);
  std::set<Uuid> published;
  std::map<std::string, std::int64_t> versions;
  for (const auto& received : plant_.broker.bus.RecordsOf(events::TopicOf(kService))) {
    const auto event = events::FromBusRecord(received.record);
    Expect(checks_, Invariant::kAnnounced, event.ok() && written.contains(event->id),
           [&] { return received.record.key + ": what was never written was published"; });
    if (!event.ok() || !published.insert(event->id).second) continue;
    std::int64_t& version = versions[received.record.key];
    Expect(checks_, Invariant::kInOrder, event->version() == version + 1, [&] {
      return fmt::format("{} v{} was published after v{}", received.record.key, event->version(),
                         version);
    });
    version = event->version();
  }
  for (const JournalEntry& entry : plant_.database.log()) {
    Expect(checks_, Invariant::kAnnounced, published.contains(entry.event_id),
           [&] { return fmt::format("{} v{} was never published", entry.name, entry.version); });
  }
}

void Audit::CheckEffects() {
  std::map<Uuid, std::size_t> effects;
  std::map<std::string, std::int64_t> versions;
  for (const Effects::Effect& effect : plant_.effects.made()) {
    if (++effects[effect.event] > 1) continue;
    std::int64_t& version = versions[effect.key];
    Expect(checks_, Invariant::kInOrder, effect.version == version + 1, [&] {
      return fmt::format("{} v{} took effect after v{}", effect.key, effect.version, version);
    });
    version = effect.version;
  }
  for (const JournalEntry& entry : plant_.database.log()) {
    const std::size_t times = effects[entry.event_id];
    Expect(checks_, Invariant::kOneEffect, times == 1, [&] {
      return fmt::format("{} v{} took effect {} times", entry.name, entry.version, times);
    });
  }
  Expect(checks_, Invariant::kOneEffect, effects.size() == plant_.database.log().size(),
         [] { return std::string("an event that was never written took effect"); });
}

void Audit::CheckProjection() {
  for (const auto& [key, places] : plant_.database.by_record()) {
    const JournalEntry& newest = plant_.database.log()[places.back()];
    const auto state = plant_.effects.states().find(key);
    Expect(checks_, Invariant::kProjection,
           state != plant_.effects.states().end() && state->second.version == newest.version &&
               state->second.plain == newest.after_plain,
           [&key = key] { return fmt::format("the projection of {} is another", key); });
  }
}

}  // namespace lotura::simulation
