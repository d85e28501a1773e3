// What each tenant and each caller may still make of calls in this process.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/observe/metrics.h"
#include "libs/quota/account.h"
#include "libs/quota/bucket.h"
#include "libs/quota/limits.h"

namespace lotura::quota {

struct MetersOptions {
  // Of how many tenants and callers something is remembered. Beyond that the tenant who has most of
  // the callers loses the one of them who was away longest, and of tenants the one goes who was.
  std::size_t tenants_max = 16'384;
  std::size_t callers_max = 262'144;
};

// Where tokens come from.
enum class Source {
  kShared,  // from what was taken of the shared buckets
  kLocal,   // from that, then from buckets of this process
};

// Thread-safe; what belongs to one tenant is under one lock, so that a call takes of both its
// buckets or of none. Metrics: lotura_quota_accounts{subject},
// lotura_quota_forgotten_total{subject}.
class Meters {
 public:
  using Point = Bucket::Point;

  // Of a call.
  enum class Verdict {
    kAdmitted,
    kRefused,
    kUnknown,  // the shared buckets must be asked
  };
  struct Outcome {
    Verdict verdict = Verdict::kAdmitted;
    // Of a refused call: by what.
    LimitPtr limit = nullptr;
    Subject subject = Subject::kTenant;
    // Of an admitted one: more should be taken from these buckets before it is needed.
    bool refill_tenant = false;
    bool refill_caller = false;
  };

  // What a call that waits has got so far.
  struct Reservation {
    bool has_tenant = false;
    bool has_caller = false;
    // Of what it must be asked for; null if it needs none, or has it.
    LimitPtr tenant_limit = nullptr;
    LimitPtr caller_limit = nullptr;
  };

  Meters(const MetersOptions& options, Limits limits, const observe::Metrics& metrics);

  // Takes a token of the tenant and one of the caller, or none at all.
  Outcome Take(const TenantId& tenant, std::string_view caller, Source source, Point now);

  // Takes those that there are. One that was reserved in vain goes back by GiveBack.
  Reservation Reserve(const TenantId& tenant, std::string_view caller);
  // Whether the shared bucket is known to be empty.
  bool IsEmpty(const Account& account, Point now);
  // Takes a token from the account's own bucket here.
  bool TakeLocally(const Account& account, Point now);
  // How many tokens should be asked for ahead of need, and under which limit; null if none.
  struct Refill {
    LimitPtr limit;
    std::int64_t tokens = 0;
  };
  Refill RefillOf(const Account& account);
  // Nothing was asked for: a call may want the refill again.
  void GiveUpRefill(const Account& account);
  // Gives a token back that was reserved in vain.
  void GiveBack(const Account& account);
  // The shared bucket was asked: what is left of its grant, and until when there is no use in
  // asking again.
  void Keep(const Account& account, std::int64_t tokens, Point empty_until);

  // From now on.
  void Use(Limits limits, Point now);

 private:
  struct Meter {
    LimitPtr limit;
    // Taken from the shared bucket and not used yet.
    std::int64_t tokens = 0;
    Point empty_until{};
    bool is_refilling = false;
    Bucket local;
  };
  struct Caller {
    std::string key;
    Meter meter;
  };
  // The one who came last stands first in each list.
  struct Tenant {
    TenantId id;
    Meter meter;
    std::list<Caller> callers;
    std::unordered_map<std::string_view, std::list<Caller>::iterator> by_key;
  };
  struct Shard {
    std::mutex mutex;                      // guards the members below
    std::shared_ptr<const Limits> limits;  // shared by the shards
    std::list<Tenant> tenants;
    std::unordered_map<TenantId, std::list<Tenant>::iterator, TenantHash> by_id;
    std::size_t callers = 0;
  };
  static constexpr std::size_t kShards = 16;

  Shard& ShardOf(const TenantId& tenant) { return shards_[TenantHash()(tenant) % kShards]; }
  // Of an account, known or not. With the shard's lock.
  Tenant& TenantOf(Shard& shard, const TenantId& id);
  Meter& CallerOf(Shard& shard, Tenant& tenant, std::string_view key);
  Meter& MeterOf(Shard& shard, const Account& account);
  void ForgetTenant(Shard& shard);
  void ForgetCaller(Shard& shard);
  static Verdict Look(const Meter& meter, Source source, Point now);
  static void TakeFrom(Meter& meter, Point now);
  static bool WantsRefill(Meter& meter, Source source, Point now);
  static void UseLimit(Meter& meter, const LimitPtr& limit, Point now);

  const MetersOptions options_;
  const observe::Gauge tenants_;
  const observe::Gauge callers_;
  const observe::Counter forgotten_tenants_;
  const observe::Counter forgotten_callers_;
  std::array<Shard, kShards> shards_;
};

}  // namespace lotura::quota
