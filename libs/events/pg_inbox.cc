#include "libs/events/pg_inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/crash/point.h"
#include "libs/events/cloud_events.h"
#include "libs/events/parked_record.h"
#include "libs/events/queries.sql.h"

namespace lotura::events {

// A record as an event, or why it is none.
struct PgInbox::Item {
  const ReceivedRecord* received = nullptr;
  TenantId tenant;
  std::string key;
  Uuid id;
  Instant time;
  absl::Status decoded;
};

namespace {

using KeyOfTenant = std::pair<TenantId, std::string_view>;
using IdOfTenant = std::pair<TenantId, Uuid>;

constexpr std::size_t kUuidSize = 36;

// What tells a record that is no event apart from every other.
Uuid IdOfUndecodable(const ReceivedRecord& received) {
  const Place& place = received.place;
  const Sha256Digest digest = Sha256(fmt::format("{}/{}/{}/{}", place.topic, place.partition,
                                                 place.offset, received.record.value));
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

TenantId TenantOfKey(std::string_view key) {
  return {Uuid::Parse(key.substr(0, std::min(key.size(), kUuidSize))).value_or(Uuid())};
}

// Says of each item whether its event is new. The first of two with the same id counts.
std::vector<bool> InsertNew(pg::Tx& tx, const std::string& consumer, const auto& items) {
  pg::Array tenants(pg::Type::kUuid);
  pg::Array ids(pg::Type::kUuid);
  pg::Array times(pg::Type::kTimestamptz);
  for (const auto& item : items) {
    tenants.Add(pg::binary::UuidValue(item.tenant.value));
    ids.Add(pg::binary::UuidValue(item.id));
    times.Add(pg::binary::Timestamp(item.time));
  }
  const pg::Rows rows =
      tx.Run(sql::kInsertInbox, pg::Params().Text(consumer).Add(tenants).Add(ids).Add(times));
  // As it nearly always goes.
  if (rows.size() == items.size()) return std::vector<bool>(items.size(), true);
  std::set<IdOfTenant> added;
  for (std::size_t i = 0; i < rows.size(); ++i)
    added.emplace(TenantId{rows.Id(i, 0)}, rows.Id(i, 1));
  std::vector<bool> is_new;
  for (const auto& item : items) is_new.push_back(added.erase({item.tenant, item.id}) > 0);
  return is_new;
}

// Parameters that name the keys $2 and $3 of the consumer $1.
pg::Params KeyParams(const std::string& consumer, const std::vector<KeyOfTenant>& keys) {
  pg::Array tenants(pg::Type::kUuid);
  pg::Array names(pg::Type::kBytea);
  for (const auto& [tenant, key] : keys) {
    tenants.Add(pg::binary::UuidValue(tenant.value));
    names.Add(key);
  }
  return pg::Params().Text(consumer).Add(tenants).Add(names);
}

// Which of the keys wait for a decision.
std::set<std::pair<TenantId, std::string>> Blocked(pg::Tx& tx, const std::string& consumer,
                                                   std::vector<KeyOfTenant> keys) {
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
  std::set<std::pair<TenantId, std::string>> blocked;
  if (keys.empty()) return blocked;
  const pg::Rows rows = tx.Run(sql::kLockDeadLetters, KeyParams(consumer, keys));
  for (std::size_t i = 0; i < rows.size(); ++i)
    blocked.emplace(TenantId{rows.Id(i, 0)}, rows.Bytes(i, 1));
  return blocked;
}

}  // namespace

std::string ParkingKeyOf(const ReceivedRecord& received) {
  const Place& place = received.place;
  if (!received.record.key.empty()) return fmt::format("{}/{}", place.topic, received.record.key);
  return fmt::format("{}/{}/{}", place.topic, place.partition, place.offset);
}

EventHandler OneByOne(std::function<absl::Status(pg::Tx&, const Event&)> handler) {
  return [handler = std::move(handler)](pg::Tx& tx, std::span<const Event> events) -> absl::Status {
    for (const Event& event : events) LOTURA_RETURN_IF_ERROR(handler(tx, event));
    return absl::OkStatus();
  };
}

Applied PgInbox::Apply(std::span<const ReceivedRecord> records, Deadline deadline) {
  std::vector<Event> events(records.size());
  std::vector<Item> items(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto event = FromBusRecord(records[i].record);
    std::string key = ParkingKeyOf(records[i]);
    if (event.ok()) {
      items[i] = {&records[i], event->tenant, std::move(key),
                  event->id,   event->time,   absl::OkStatus()};
      events[i] = *std::move(event);
    } else {
      items[i] = {&records[i],    TenantOfKey(records[i].record.key),
                  std::move(key), IdOfUndecodable(records[i]),
                  Instant(),      event.status()};
    }
  }
  Applied applied;
  ApplySpan(items, events, deadline, applied);
  return applied;
}

// One transaction for all, as it nearly always goes. When one of them fails for good the halves are
// tried one after the other, down to that one.
void PgInbox::ApplySpan(std::span<const Item> items, std::span<const Event> events,
                        Deadline deadline, Applied& applied) {
  if (items.empty() || !applied.status.ok()) return;
  Applied outcome;
  const auto undecodable =
      std::ranges::find_if(items, [](const Item& item) { return !item.decoded.ok(); });
  absl::Status status = undecodable == items.end() ? absl::OkStatus() : undecodable->decoded;
  if (status.ok()) {
    status = database_.Write(deadline, [&](pg::Tx& tx) {
      outcome = {};
      absl::Status handled = Handle(tx, items, events, outcome);
      crash::Point("consumer.effects");
      return handled;
    });
  }
  if (!status.ok() && !MayPass(status)) {
    if (items.size() > 1) {
      const std::size_t half = items.size() / 2;
      ApplySpan(items.first(half), events.first(half), deadline, applied);
      ApplySpan(items.subspan(half), events.subspan(half), deadline, applied);
      return;
    }
    if (IsDead(items.front(), status)) {
      const absl::Status why = status;
      status = database_.Write(deadline, [&](pg::Tx& tx) {
        outcome = {};
        return Condemn(tx, items.front(), why, outcome);
      });
    }
  }
  applied.status = status;
  if (!status.ok()) return;
  applied.done += items.size();
  applied.handled += outcome.handled;
  applied.duplicates += outcome.duplicates;
  applied.parked += outcome.parked;
  applied.dead += outcome.dead;
  // A record that is no event has no time.
  for (const Item& item : items) {
    if (item.decoded.ok()) applied.last = item.time;
  }
}

std::vector<bool> PgInbox::Remember(pg::Tx& tx, const std::string& memory,
                                    std::span<const Item> items) {
  // Asked once for each: a tenant may go meanwhile.
  std::vector<bool> handled;
  for (const Item& item : items)
    handled.push_back(!options_.is_gone || !options_.is_gone(item.tenant));
  if (std::ranges::find(handled, false) == handled.end()) return InsertNew(tx, memory, items);
  std::vector<Item> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (handled[i]) kept.push_back(items[i]);
  }
  if (kept.empty()) return handled;
  const std::vector<bool> is_new = InsertNew(tx, memory, kept);
  std::size_t place = 0;
  for (std::size_t i = 0; i < items.size(); ++i) handled[i] = handled[i] && is_new[place++];
  return handled;
}

absl::Status PgInbox::Handle(pg::Tx& tx, std::span<const Item> items, std::span<const Event> events,
                             Applied& applied) {
  LOTURA_ASSIGN_OR_RETURN(const std::string memory,
                          PassGate(tx, options_.consumer, options_.passenger));
  const std::vector<bool> is_new = Remember(tx, memory, items);
  std::vector<KeyOfTenant> keys;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_new[i]) keys.emplace_back(items[i].tenant, items[i].key);
  }
  const auto blocked = Blocked(tx, options_.consumer, std::move(keys));
  std::vector<const Item*> parked;
  std::vector<const Event*> fresh;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!is_new[i]) continue;
    if (!blocked.empty() && blocked.contains({items[i].tenant, items[i].key})) {
      parked.push_back(&items[i]);
    } else {
      fresh.push_back(&events[i]);
    }
  }
  LOTURA_RETURN_IF_ERROR(Park(tx, parked));
  applied.handled = fresh.size();
  applied.parked = parked.size();
  applied.duplicates = items.size() - fresh.size() - parked.size();
  if (fresh.empty()) return absl::OkStatus();
  if (fresh.size() == events.size()) return handler_(tx, events);
  std::vector<Event> some;
  some.reserve(fresh.size());
  for (const Event* event : fresh) some.push_back(*event);
  return handler_(tx, some);
}

absl::Status PgInbox::Condemn(pg::Tx& tx, const Item& item, const absl::Status& why,
                              Applied& applied) {
  LOTURA_ASSIGN_OR_RETURN(const std::string memory,
                          PassGate(tx, options_.consumer, options_.passenger));
  if (!Remember(tx, memory, std::span(&item, 1)).front()) {
    applied.duplicates = 1;
    return absl::OkStatus();
  }
  // First, since it takes the lock. If the key waits already, the event waits behind what failed.
  tx.Run(sql::kInsertDeadLetter, pg::Params()
                                     .Tenant(item.tenant)
                                     .Text(options_.consumer)
                                     .Bytes(item.key)
                                     .Text(ReasonOf(why))
                                     .Text(Message(why))
                                     .Int(item.decoded.ok() ? failures_ : 1));
  const Item* const parked = &item;
  LOTURA_RETURN_IF_ERROR(Park(tx, std::span(&parked, 1)));
  applied.dead = 1;
  log_.Error(
      "an event could not be handled and stops its key",
      {observe::Fields::kConsumer(options_.consumer), observe::Fields::kReason(ReasonOf(why)),
       observe::Fields::kTopic(item.received->place.topic),
       observe::Fields::kPartition(item.received->place.partition),
       observe::Fields::kOffset(item.received->place.offset)});
  return absl::OkStatus();
}

absl::Status PgInbox::Park(pg::Tx& tx, std::span<const Item* const> items) {
  if (items.empty()) return absl::OkStatus();
  const auto parked = tx.Run(sql::kCountParked, pg::Params().Text(options_.consumer)).Int(0, 0);
  if (static_cast<std::size_t>(parked) + items.size() > options_.parked_max) {
    return ResourceExhausted("PARKING_FULL", "too many events wait for a decision", 1000);
  }
  pg::Array tenants(pg::Type::kUuid);
  pg::Array keys(pg::Type::kBytea);
  pg::Array topics(pg::Type::kText);
  pg::Array partitions(pg::Type::kInt64);
  pg::Array places(pg::Type::kInt64);
  pg::Array records(pg::Type::kBytea);
  for (const Item* item : items) {
    tenants.Add(pg::binary::UuidValue(item->tenant.value));
    keys.Add(item->key);
    topics.Add(item->received->place.topic);
    partitions.Add(pg::binary::Int64(item->received->place.partition));
    places.Add(pg::binary::Int64(item->received->place.offset));
    records.Add(ToParked(item->received->record));
  }
  tx.Run(sql::kInsertParked, pg::Params()
                                 .Text(options_.consumer)
                                 .Add(tenants)
                                 .Add(keys)
                                 .Add(topics)
                                 .Add(partitions)
                                 .Add(places)
                                 .Add(records));
  return absl::OkStatus();
}

bool PgInbox::IsDead(const Item& item, const absl::Status& why) {
  if (!item.decoded.ok()) return true;
  failures_ = suspect_ == item.id ? failures_ + 1 : 1;
  suspect_ = item.id;
  if (failures_ >= options_.attempts) return true;
  log_.Warning("an event failed",
               {observe::Fields::kConsumer(options_.consumer),
                observe::Fields::kReason(ReasonOf(why)), observe::Fields::kAttempt(failures_)});
  return false;
}

absl::StatusOr<std::vector<DeadLetter>> PgInbox::Unannounced(std::size_t limit, Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<DeadLetter>> {
    const pg::Rows rows =
        tx.Run(sql::kUnannouncedDeadLetters,
               pg::Params().Text(options_.consumer).Int(static_cast<std::int64_t>(limit)));
    std::vector<DeadLetter> letters;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      letters.push_back({.tenant = {rows.Id(i, 0)},
                         .key = rows.Bytes(i, 1),
                         .reason = rows.String(i, 2),
                         .message = rows.String(i, 3),
                         .attempts = rows.Int(i, 4),
                         .fail_time = rows.Time(i, 5),
                         .received = ParkedAt(rows, i, 6)});
    }
    return letters;
  });
}

absl::Status PgInbox::MarkAnnounced(std::span<const DeadLetter> letters, Deadline deadline) {
  pg::Array tenants(pg::Type::kUuid);
  pg::Array keys(pg::Type::kBytea);
  pg::Array times(pg::Type::kTimestamptz);
  for (const DeadLetter& letter : letters) {
    tenants.Add(pg::binary::UuidValue(letter.tenant.value));
    keys.Add(letter.key);
    times.Add(pg::binary::Timestamp(letter.fail_time));
  }
  return database_.WriteOne(deadline, [&](pg::Tx& tx) {
    tx.Run(sql::kMarkAnnounced,
           pg::Params().Text(options_.consumer).Add(tenants).Add(keys).Add(times));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::size_t> PgInbox::CountParked(Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::size_t> {
    const auto parked = tx.Run(sql::kCountParked, pg::Params().Text(options_.consumer)).Int(0, 0);
    return static_cast<std::size_t>(parked);
  });
}

}  // namespace lotura::events
