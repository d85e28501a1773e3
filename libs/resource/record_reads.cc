#include "libs/resource/record_reads.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::resource {
namespace {

// One of them prepares and reads out while the other one waits for the cache.
constexpr std::size_t kLookThreads = 2;
// Longer than a statement takes in a database that is well. With 64 reads in flight that
// all go to the store, a statement has 20 of them instead of 10, and fewer threads wake up.
constexpr std::chrono::milliseconds kPatience{2};
// When a refused read asks to come back.
constexpr std::int64_t kRetryAfterMs = 100;

bool ShareAStatement(const TenantRecord& left, const TenantRecord& right) {
  return left.declaration == right.declaration && left.key.tenant == right.key.tenant;
}

// What may be about one of several records, and not about the store.
bool MayBeOneRecords(const absl::Status& failure) {
  return !absl::IsUnavailable(failure) && !absl::IsDeadlineExceeded(failure);
}

}  // namespace

RecordReads::RecordReads(Store& store, RecordCache& cache, RecordReadLimits limits,
                         std::function<void(Batch)> gathered)
    : store_(store),
      cache_(cache),
      limits_(limits),
      gathered_(std::move(gathered)),
      loads_({.batch_max = limits.batch_max,
              .patience = kPatience,
              .fits =
                  [](const Missed& first, const Missed& missed) {
                    return ShareAStatement(first.read.record, missed.read.record);
                  }},
             [this](std::vector<Missed> batch) { Load(std::move(batch)); }),
      looks_({.batch_max = limits.batch_max},
             [this](std::vector<Waiter> batch) { LookUp(std::move(batch)); }) {}

void RecordReads::Start(std::size_t threads) {
  loads_.Start(threads);
  looks_.Start(kLookThreads);
}

bool RecordReads::Step() {
  const bool looked = looks_.Step();
  return loads_.Step() || looked;
}

absl::Status RecordReads::Admit() {
  const std::lock_guard lock(mutex_);
  if (waiting_ >= limits_.waiting_max)
    return ResourceExhausted("READS_WAITING", "too many reads are waiting", kRetryAfterMs);
  ++waiting_;
  return absl::OkStatus();
}

void RecordReads::Submit(Read read, Done done) {
  if (const absl::Status admitted = Admit(); !admitted.ok()) {
    done(admitted);
    return;
  }
  Waiter waiter{.read = std::move(read), .done = std::move(done)};
  if (waiter.read.from == From::kStore) {
    AskStore(std::move(waiter));
  } else {
    looks_.Put(std::move(waiter));
  }
}

void RecordReads::LookUp(std::vector<Waiter> batch) {
  if (gathered_) gathered_({Stage::kCache, batch.size()});
  std::vector<TenantRecord> records;
  records.reserve(batch.size());
  for (const Waiter& waiter : batch) records.push_back(waiter.read.record);
  auto looks = cache_.LookUp(records);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (looks[i].known.has_value()) {
      Finish(std::move(batch[i]), *std::move(looks[i].known));
    } else {
      Miss(std::move(batch[i]), std::move(looks[i]));
    }
  }
}

void RecordReads::Miss(Waiter waiter, RecordCache::Look look) {
  if (waiter.read.deadline.Passed()) {
    Finish(std::move(waiter), DeadlineExceeded("the deadline passed before the read had its turn"));
    return;
  }
  Missed missed{.read = waiter.read, .look = std::move(look), .waiter = {}};
  if (!missed.look.lease.has_value()) {
    missed.waiter = std::move(waiter);
  } else {
    const auto role =
        flights_.Enter(missed.look.key, *missed.look.lease,
                       [this, waiter = std::move(waiter)](const Result& result) mutable {
                         Finish(std::move(waiter), result);
                       });
    if (role == Flights::Role::kJoined) return;
  }
  loads_.Put(std::move(missed));
}

void RecordReads::AskStore(Waiter waiter) {
  Missed missed{.read = waiter.read, .look = {}, .waiter = std::move(waiter)};
  loads_.Put(std::move(missed));
}

void RecordReads::Load(std::vector<Missed> batch) {
  const auto late = std::ranges::stable_partition(
      batch, [](const Missed& missed) { return !missed.read.deadline.Passed(); });
  for (const Missed& missed : late) {
    Land(missed, DeadlineExceeded("the deadline passed before the read had its turn"));
    EndFlight(missed);
  }
  batch.erase(late.begin(), late.end());
  if (batch.empty()) return;
  if (gathered_) gathered_({Stage::kStore, batch.size()});
  const std::vector<Result> results = ReadStore(batch);
  std::vector<RecordCache::Stored> stored;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Land(batch[i], results[i]);
    if (results[i].ok()) stored.push_back({&batch[i].look, &*results[i]});
  }
  cache_.Keep(stored);
  for (const Missed& missed : batch) EndFlight(missed);
}

void RecordReads::EndFlight(const Missed& missed) {
  if (missed.look.lease.has_value()) flights_.End(missed.look.key, *missed.look.lease);
}

std::vector<RecordReads::Result> RecordReads::ReadStore(std::span<const Missed> batch) {
  const TenantRecord& first = batch.front().read.record;
  std::vector<std::string> names;
  Deadline last = batch.front().read.deadline;
  for (const Missed& missed : batch) {
    names.push_back(missed.read.record.key.name);
    if (missed.read.deadline.at() > last.at()) last = missed.read.deadline;
  }
  auto loaded = store_.Load(*first.declaration, first.key.tenant, names, last);
  if (loaded.ok()) {
    LOTURA_CHECK(loaded->size() == batch.size());
    return {std::make_move_iterator(loaded->begin()), std::make_move_iterator(loaded->end())};
  }
  if (batch.size() == 1 || !MayBeOneRecords(loaded.status()))
    return std::vector<Result>(batch.size(), loaded.status());
  // A record that cannot be read costs its neighbors nothing.
  std::vector<Result> results;
  for (const Missed& missed : batch) results.push_back(ReadStore({&missed, 1}).front());
  return results;
}

void RecordReads::Land(const Missed& missed, const Result& result) {
  if (missed.waiter.has_value()) {
    Finish(*missed.waiter, result);
  } else {
    flights_.Land(missed.look.key, *missed.look.lease, result);
  }
}

void RecordReads::Finish(Waiter waiter, const Result& result) {
  // Another reader's deadline is not ours.
  if (absl::IsDeadlineExceeded(result.status()) && !waiter.came_back &&
      !waiter.read.deadline.Passed()) {
    waiter.came_back = true;
    AskStore(std::move(waiter));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    --waiting_;
  }
  waiter.done(result);
}

}  // namespace lotura::resource
