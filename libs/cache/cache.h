// The cache of records: never the truth and never required. README.md says what it promises and
// under which conditions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/uuid.h"

namespace lotura::cache {

// Which record is meant: names are unique within one tenant and one service only.
struct RecordId {
  TenantId tenant;
  std::string service;
  std::string name;
};

// Where a record is cached. Every binary makes the same `bytes` for a record, so that a write
// fences what any other one stored.
struct Key {
  // Opaque; all that is kept about the record lies in one hash slot.
  std::string bytes;
  // Fingerprint of how values are laid out. An entry with another one is a miss: during a rolling
  // upgrade no binary reads values that it would misunderstand.
  std::uint64_t layout = 0;
};

Key MakeKey(const RecordId& record, std::uint64_t layout);

// The right to fill an entry, handed out by a miss. It ends when a write fences the record, when
// someone fills the entry, when the cache forgets it, and after a while. Readers that miss while it
// stands share it.
struct Lease {
  std::string token;

  friend bool operator==(const Lease&, const Lease&) = default;
};

struct Entry {
  std::string value;
  std::int64_t version = 0;
};

struct Hit {
  Entry entry;
};
// It is known that there is no such record.
struct Negative {};
// Read the store, then fill with the lease. Without a lease the cache cannot be reached, or the
// record is missed for the first time in a while: fill nothing.
struct Miss {
  std::optional<Lease> lease;
};
using Lookup = std::variant<Hit, Negative, Miss>;

// What to keep under a key; without an entry, that there is no such record.
struct Filling {
  Key key;
  Lease lease;
  std::optional<Entry> entry;
  // Cut to the longest time that the implementation allows.
  std::chrono::milliseconds ttl{0};
};

enum class Filled {
  kStored,
  kRefused,     // the lease no longer stands, or the value is too large
  kNotReached,  // the cache cannot be told
};

enum class Fenced {
  kTold,
  kNotTold,  // an old entry may be read until it expires, or until the cache is reached again
};

// Thread-safe. No call fails, and none takes longer than the implementation's bound (Redis: 50 ms).
class Cache {
 public:
  virtual ~Cache() = default;

  // One result for each key, in order, in one round trip if all are there. The store must be read
  // after the call.
  virtual std::vector<Lookup> GetMany(std::span<const Key> keys) = 0;
  // One result for each filling, in order.
  virtual std::vector<Filled> FillMany(std::span<const Filling> fillings) = 0;
  // Forgets the records and ends their leases. Call it after the commit and before the write is
  // acknowledged, also when a request is answered as a repetition. One record that could not be
  // told makes the answer kNotTold.
  virtual Fenced FenceMany(std::span<const Key> keys) = 0;

  Lookup Get(const Key& key);
  Filled Fill(const Key& key, const Lease& lease, Entry entry, std::chrono::milliseconds ttl);
  Filled FillNegative(const Key& key, const Lease& lease, std::chrono::milliseconds ttl);
  Fenced Fence(const Key& key);
};

}  // namespace lotura::cache
