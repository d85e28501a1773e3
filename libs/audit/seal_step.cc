#include "libs/audit/seal_step.h"

#include <utility>

#include "libs/base/errors.h"

namespace lotura::audit {
namespace {

constexpr int kRenewalsInALease = 3;

}  // namespace

SealMetrics::SealMetrics(const observe::Metrics& metrics)
    : seals(metrics.AddCounter(
          {.name = "lotura_audit_seals_total", .help = "Seals of the journal that were made"})),
      entries(metrics.AddCounter({.name = "lotura_audit_sealed_entries_total",
                                  .help = "Entries of the journal that were sealed"})),
      unsealed_seconds(metrics.AddGauge(
          {.name = "lotura_audit_unsealed_seconds",
           .help = "How long the process that seals the journal has been behind"})),
      failures(metrics.AddCounters({.name = "lotura_audit_failures_total",
                                    .help = "Passes of the sealer that failed",
                                    .labels = {"reason"}})) {}

SealStep::SealStep(SealOptions options, SigningKey key, const SealParts& parts,
                   const observe::Metrics& metrics, const observe::Log& log)
    : options_(std::move(options)),
      key_(std::move(key)),
      journal_(parts.journal),
      heard_(parts.heard),
      seals_(parts.seals),
      clock_(parts.clock),
      metrics_(metrics),
      log_(log) {}

std::chrono::microseconds SealStep::Run() {
  const Instant now = clock_.Now();
  const absl::StatusOr<bool> more = Pass(now);
  if (!more.ok()) return AfterFailure(more.status(), now);
  last_failure_.clear();
  Measure(now);
  return *more ? std::chrono::microseconds(0) : options_.poll;
}

void SealStep::Stop() {
  if (!term_.has_value()) return;
  // One that is not released expires.
  (void)journal_.Release(term_->lease, Bound());
  EndTerm();
}

absl::Status SealStep::HoldLease(Instant now) {
  if (now < renew_at_) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const auto lease,
                          journal_.Acquire(kAuditRelay, options_.holder, options_.lease, Bound()));
  renew_at_ = now + options_.lease / kRenewalsInALease;
  if (!lease.has_value()) {
    EndTerm();
    behind_since_.reset();
    return absl::OkStatus();
  }
  if (term_.has_value() && term_->lease == *lease) return absl::OkStatus();
  LOTURA_ASSIGN_OR_RETURN(const events::Position sealed, journal_.LoadCursor(kAuditRelay, Bound()));
  term_ = {.lease = *lease, .reader = journal_.NewReader(), .sealed = sealed};
  log_.Info("sealing the journal", {observe::Fields::kKeyId(key_.verify_key().id())});
  return absl::OkStatus();
}

absl::StatusOr<bool> SealStep::Pass(Instant now) {
  LOTURA_RETURN_IF_ERROR(HoldLease(now));
  if (!term_.has_value()) return false;
  return SealBatch(now);
}

absl::StatusOr<HeardEntries::Taken> SealStep::NextBatch() {
  const events::ReadLimit& limit = options_.batch;
  const std::string& origin = term_->lease.origin;
  HeardEntries::Taken batch = heard_.Take(origin, term_->sealed, limit);
  if (!batch.entries.empty()) return batch;
  LOTURA_ASSIGN_OR_RETURN(const auto entries, term_->reader->Read(term_->sealed, limit, Bound()));
  // A relay is hardly further, and goes on from there: after a gap it is heard again.
  if (!entries.empty()) heard_.Await(origin, entries.back().position);
  for (const events::JournalEntry& entry : entries)
    batch.entries.push_back(SealableOf(options_.service, entry));
  batch.more = limit.IsReachedBy(entries);
  return batch;
}

absl::StatusOr<bool> SealStep::SealBatch(Instant now) {
  LOTURA_ASSIGN_OR_RETURN(const HeardEntries::Taken batch, NextBatch());
  if (batch.entries.empty()) {
    behind_since_.reset();
    return false;
  }
  if (!behind_since_.has_value()) behind_since_ = now;
  const Sealing sealing{.service = options_.service, .key = key_, .now = now};
  LOTURA_ASSIGN_OR_RETURN(const std::size_t seals, seals_.Append(term_->lease, term_->sealed,
                                                                 batch.entries, sealing, Bound()));
  term_->sealed = batch.entries.back().position;
  metrics_.seals.Add(static_cast<double>(seals));
  metrics_.entries.Add(static_cast<double>(batch.entries.size()));
  if (!batch.more) behind_since_.reset();
  return batch.more;
}

void SealStep::EndTerm() {
  term_.reset();
  heard_.Forget();
}

std::chrono::microseconds SealStep::AfterFailure(const absl::Status& status, Instant now) {
  const std::string reason = ReasonOf(status);
  metrics_.failures.With({reason}).Add();
  // A cause that lasts is told once.
  if (std::exchange(last_failure_, reason) != reason)
    log_.Warning("the journal could not be sealed", {observe::Fields::kReason(reason)});
  if (!behind_since_.has_value()) behind_since_ = now;
  Measure(now);
  // What became of the last batch stands in the cursor.
  EndTerm();
  renew_at_ = now;
  return options_.retry;
}

void SealStep::Measure(Instant now) {
  const auto behind = behind_since_.has_value() ? now - *behind_since_ : Instant::duration();
  metrics_.unsealed_seconds.Set(std::chrono::duration<double>(behind).count());
}

}  // namespace lotura::audit
