#include "libs/cache/redis_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <string>
#include <utility>

#include "libs/cache/redis_scripts.h"

namespace lotura::cache {
namespace {

// Owed fences are told in portions that fit into one round trip.
constexpr std::size_t kPortion = 512;

// Answered with what stands there already, or with nothing if the lease does now.
Command TakeLease(const Key& key, const std::string& seen, std::string lease,
                  const std::string& life) {
  if (seen.empty()) return {"SET", key.bytes, std::move(lease), "NX", "GET", "PX", life};
  return {"EVALSHA", ReplaceByLease().sha1, "1", key.bytes, seen, std::move(lease), life};
}

std::string Place(const MomentKey& key) {
  return fmt::format("lotura:moment:{{{}/{}}}", key.tenant.value.ToString(), key.name);
}

// Nothing for what is no number: then it was not written by this protocol.
std::optional<Instant> MomentIn(const Reply& reply) {
  std::int64_t micros = 0;
  const char* const end = reply.text.data() + reply.text.size();
  if (reply.kind != Reply::Kind::kText ||
      std::from_chars(reply.text.data(), end, micros).ptr != end || reply.text.empty())
    return std::nullopt;
  return Instant(std::chrono::microseconds(micros));
}

bool IsNumber(const Reply& reply) { return reply.kind == Reply::Kind::kNumber; }

}  // namespace

absl::StatusOr<std::unique_ptr<RedisCache>> RedisCache::Create(const RedisOptions& options,
                                                               Observer& observer) {
  if (absl::Status status = options.Validate(); !status.ok()) return status;
  auto endpoint = RedisEndpoint::Parse(options.address, options.plain_tcp);
  if (!endpoint.ok()) return endpoint.status();
  std::unique_ptr<RedisCache> cache(new RedisCache(options, *std::move(endpoint), observer));
  cache->client_.Start([owner = cache.get()] { return owner->PayOwedFences(); });
  return cache;
}

RedisCache::RedisCache(const RedisOptions& options, RedisEndpoint endpoint, Observer& observer)
    : options_(options),
      observer_(observer),
      owed_(options.owed_fences_max),
      doorkeeper_(options.doorkeeper_keys),
      client_(options, std::move(endpoint), {&ReplaceByLease(), &FillUnderLease(), &KeepLargest()},
              observer) {}

// The keeper uses the other members: it ends before they do.
RedisCache::~RedisCache() { client_.Stop(); }

std::vector<Lookup> RedisCache::GetMany(std::span<const Key> keys) {
  const Deadline deadline = Deadline::After(options_.call_timeout);
  std::vector<Lookup> lookups(keys.size(), Miss{});
  std::vector<std::string> places;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    // Redis may hold what this process knows to be old.
    if (owed_.Holds(keys[i])) continue;
    places.push_back(keys[i].bytes);
    asked.push_back(i);
  }
  const auto replies = Read(std::move(places), deadline);
  std::size_t first = 0;
  if (replies.has_value()) {
    std::vector<Unanswered> unanswered;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      lookups[asked[i]] = Judge(keys[asked[i]], (*replies)[i], unanswered, asked[i]);
    }
    first = TurnAwayFirst(keys, unanswered);
    TakeLeases(keys, unanswered, deadline, lookups);
  }
  CountLookups(lookups, first);
  return lookups;
}

std::optional<std::vector<Reply>> RedisCache::Read(std::vector<std::string> places,
                                                   Deadline deadline) {
  if (places.empty()) return std::vector<Reply>();
  const std::size_t wanted = places.size();
  places.insert(places.begin(), "MGET");
  auto replies = client_.Run(std::span(&places, 1), deadline);
  if (!replies.has_value()) return std::nullopt;
  std::vector<Reply>& found = replies->front().list;
  if (found.size() == wanted) return std::move(found);
  // No Redis answers so.
  observer_.Count(Event::kFailure, 1);
  return std::nullopt;
}

std::size_t RedisCache::TurnAwayFirst(std::span<const Key> keys,
                                      std::vector<Unanswered>& unanswered) {
  return std::erase_if(unanswered, [&](const Unanswered& one) {
    return one.seen.empty() && !doorkeeper_.Knows(keys[one.index].bytes);
  });
}

Lookup RedisCache::Judge(const Key& key, const Reply& reply, std::vector<Unanswered>& unanswered,
                         std::size_t index) {
  if (reply.kind == Reply::Kind::kNil) {
    unanswered.push_back({index, {}});
    return Miss{};
  }
  if (reply.kind != Reply::Kind::kText) return Miss{};
  Stored stored = Decode(key, reply.text);
  if (auto* hit = std::get_if<Hit>(&stored)) return std::move(*hit);
  if (std::holds_alternative<Negative>(stored)) return Negative{};
  if (auto* lease = std::get_if<Lease>(&stored)) return Miss{std::move(*lease)};
  const bool corrupt = std::get<Unusable>(stored) == Unusable::kCorrupt;
  observer_.Count(corrupt ? Event::kMissCorrupt : Event::kMissOtherLayout, 1);
  unanswered.push_back({index, reply.text});
  return Miss{};
}

void RedisCache::TakeLeases(std::span<const Key> keys, std::span<const Unanswered> unanswered,
                            Deadline deadline, std::vector<Lookup>& lookups) {
  if (unanswered.empty()) return;
  const std::string life = std::to_string(options_.lease_ttl.count());
  std::vector<Lease> leases(unanswered.size());
  std::vector<Command> commands;
  for (std::size_t i = 0; i < unanswered.size(); ++i) {
    leases[i] = NewLease();
    const auto& [index, seen] = unanswered[i];
    commands.push_back(TakeLease(keys[index], seen, EncodeLease(leases[i]), life));
  }
  const auto replies = client_.Run(commands, deadline);
  if (!replies.has_value()) return;
  std::vector<Unanswered> still_unanswered;
  for (std::size_t i = 0; i < unanswered.size(); ++i) {
    const auto& [index, seen] = unanswered[i];
    const Reply& held = (*replies)[i];
    if (held.kind == Reply::Kind::kNil) {
      lookups[index] = Miss{std::move(leases[i])};
    } else {
      // Another reader may have been faster: then its lease stands there, or already its entry.
      lookups[index] = Judge(keys[index], held, still_unanswered, index);
    }
  }
}

void RedisCache::CountLookups(std::span<const Lookup> lookups, std::size_t first) {
  std::size_t hits = 0;
  std::size_t negatives = 0;
  std::size_t leased = 0;
  for (const Lookup& lookup : lookups) {
    if (std::holds_alternative<Hit>(lookup)) ++hits;
    if (std::holds_alternative<Negative>(lookup)) ++negatives;
    const Miss* miss = std::get_if<Miss>(&lookup);
    if (miss != nullptr && miss->lease.has_value()) ++leased;
  }
  observer_.Count(Event::kHit, hits);
  observer_.Count(Event::kNegativeHit, negatives);
  observer_.Count(Event::kMiss, leased);
  observer_.Count(Event::kMissFirst, first);
  observer_.Count(Event::kMissUnleased, lookups.size() - hits - negatives - leased - first);
}

std::string RedisCache::Life(const Filling& filling) const {
  const auto longest = filling.entry.has_value() ? options_.ttl_max : options_.negative_ttl_max;
  const auto life = std::clamp(filling.ttl, std::chrono::milliseconds(1), longest);
  // Up to a tenth shorter, so that what was filled together does not expire together.
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto shorter = std::uniform_int_distribution<std::int64_t>(0, life.count() / 10)(random);
  return std::to_string(life.count() - shorter);
}

std::vector<Filled> RedisCache::FillMany(std::span<const Filling> fillings) {
  std::vector<Filled> filled(fillings.size(), Filled::kNotReached);
  std::vector<Command> commands;
  std::vector<std::size_t> sent;
  for (std::size_t i = 0; i < fillings.size(); ++i) {
    const Filling& filling = fillings[i];
    if (filling.entry.has_value() && filling.entry->value.size() > options_.value_bytes_max) {
      filled[i] = Filled::kRefused;
      observer_.Count(Event::kFillTooLarge, 1);
      continue;
    }
    std::string entry = filling.entry.has_value() ? EncodeEntry(filling.key, *filling.entry)
                                                  : EncodeNegative(filling.key);
    commands.push_back({"EVALSHA", FillUnderLease().sha1, "1", filling.key.bytes,
                        EncodeLease(filling.lease), std::move(entry), Life(filling)});
    sent.push_back(i);
  }
  const auto replies = commands.empty()
                           ? std::nullopt
                           : client_.Run(commands, Deadline::After(options_.call_timeout));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (!replies.has_value() || !IsNumber((*replies)[i])) {
      observer_.Count(Event::kFillNotReached, 1);
      continue;
    }
    const bool stored = (*replies)[i].number == 1;
    filled[sent[i]] = stored ? Filled::kStored : Filled::kRefused;
    observer_.Count(stored ? Event::kStored : Event::kFillRefused, 1);
  }
  return filled;
}

Fenced RedisCache::FenceMany(std::span<const Key> keys) {
  if (keys.empty()) return Fenced::kTold;
  std::vector<Command> commands;
  commands.reserve(keys.size());
  for (const Key& key : keys) commands.push_back({"UNLINK", key.bytes});
  const auto replies = client_.Run(commands, Deadline::After(options_.call_timeout));
  if (replies.has_value() && std::ranges::all_of(*replies, IsNumber)) {
    observer_.Count(Event::kFenced, keys.size());
    return Fenced::kTold;
  }
  const std::size_t forgotten = owed_.Add(keys);
  observer_.Count(Event::kFenceOwed, keys.size() - forgotten);
  observer_.Count(Event::kFenceForgotten, forgotten);
  client_.WakeKeeper();
  return Fenced::kNotTold;
}

Told RedisCache::Tell(std::span<const Moment> moments, std::chrono::seconds life) {
  const std::string kept = std::to_string(std::chrono::milliseconds(life).count());
  const Deadline deadline = Deadline::After(options_.call_timeout);
  while (!moments.empty()) {
    std::vector<Command> commands;
    for (const Moment& moment : moments.first(std::min(moments.size(), kPortion))) {
      const std::string at = std::to_string(moment.at.time_since_epoch().count());
      commands.push_back({"EVALSHA", KeepLargest().sha1, "1", Place(moment.key), at, kept});
    }
    const auto replies = client_.Run(commands, deadline);
    if (!replies.has_value() || !std::ranges::all_of(*replies, IsNumber)) return Told::kNotReached;
    moments = moments.subspan(commands.size());
  }
  return Told::kYes;
}

std::optional<std::vector<std::optional<Instant>>> RedisCache::Look(
    std::span<const MomentKey> keys) {
  std::vector<std::string> places;
  for (const MomentKey& key : keys) places.push_back(Place(key));
  const auto replies = Read(std::move(places), Deadline::After(options_.call_timeout));
  if (!replies.has_value()) return std::nullopt;
  std::vector<std::optional<Instant>> moments;
  for (const Reply& reply : *replies) moments.push_back(MomentIn(reply));
  return moments;
}

RedisClient::Chores RedisCache::PayOwedFences() {
  while (!owed_.empty()) {
    const std::vector<OwedFences::Debt> debts = owed_.Some(kPortion);
    std::vector<Command> commands;
    commands.reserve(debts.size());
    for (const OwedFences::Debt& debt : debts) commands.push_back({"UNLINK", debt.key});
    const auto replies = client_.RunAsKeeper(commands);
    if (!replies.has_value() || !std::ranges::all_of(*replies, IsNumber)) {
      return RedisClient::Chores::kFailed;
    }
    owed_.Paid(debts);
    observer_.Count(Event::kFencePaid, debts.size());
  }
  return RedisClient::Chores::kDone;
}

}  // namespace lotura::cache
