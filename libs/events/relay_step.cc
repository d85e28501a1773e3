#include "libs/events/relay_step.h"

#include <algorithm>
#include <deque>

#include "libs/base/errors.h"
#include "libs/crash/point.h"
#include "libs/events/cloud_events.h"
#include "libs/events/flight.h"
#include "libs/events/read_ahead.h"

namespace lotura::events {
namespace {

double Seconds(Instant::duration span) { return std::chrono::duration<double>(span).count(); }

// Some of the lease is left unused for clocks that run at different speeds.
constexpr int kLeaseMarginParts = 10;
constexpr int kRenewalsInALease = 3;

}  // namespace

// A batch on its way.
struct RelayStep::Batch {
  // Of its entries: where they stand, and when they were written.
  std::vector<Position> positions;
  std::vector<Instant> times;
  // What the producer has not taken yet is behind the first `produced` ones.
  std::vector<BusRecord> records;
  std::size_t produced = 0;
  // Confirmed without a gap, as far as it was looked at.
  std::size_t collected = 0;
  std::shared_ptr<Flight> flight;

  void Add(const JournalEntry& entry) {
    positions.push_back(entry.position);
    times.push_back(entry.create_time);
  }
  [[nodiscard]] std::size_t size() const { return positions.size(); }
};

struct RelayStep::Term {
  LeaseToken lease;
  // When others may hold it, if it is not renewed before.
  Instant until;
  std::unique_ptr<JournalReader> reader;
  std::unique_ptr<Producer> producer;
  // Everything up to here is confirmed, and the database knows of it up to there.
  Position confirmed;
  Position saved;
  Instant saved_at;
  // Everything up to here was read, and the last read found as much as it had asked for.
  Position read;
  bool is_more_likely = false;
  // In the order in which they were read.
  std::deque<Batch> batches;
};

RelayStep::RelayStep(RelayOptions options, const RelayParts& parts, const observe::Metrics& metrics,
                     const observe::Log& log, std::function<void()> wake)
    : options_(std::move(options)),
      journal_(parts.journal),
      bus_(parts.bus),
      clock_(parts.clock),
      listener_(parts.listener),
      metrics_(metrics),
      log_(log),
      wake_(std::move(wake)),
      watch_(options_.name, journal_, metrics_, options_.inspect_interval, options_.statement) {}

RelayStep::~RelayStep() = default;

std::chrono::microseconds RelayStep::Run() {
  const Instant now = clock_.Now();
  // Whoever wakes it does not shorten the pause after a failure.
  if (now < retry_at_) return retry_at_ - now;
  Watch(now);
  if (mode_ == Mode::kWatch) return options_.inspect_interval;
  absl::Status status = HoldLease(now);
  if (status.ok() && term_ == nullptr) {
    return std::clamp<Instant::duration>(renew_at_ - now, options_.poll, options_.inspect_interval);
  }
  if (status.ok()) status = Pass(now);
  if (!status.ok()) return AfterFailure(status);
  last_failure_.clear();
  return MayRead() && term_->is_more_likely ? std::chrono::microseconds(0) : options_.poll;
}

absl::Status RelayStep::Pass(Instant now) {
  LOTURA_RETURN_IF_ERROR(Collect());
  LOTURA_RETURN_IF_ERROR(SaveCursor(now));
  // What a full producer did not take comes before what is read now.
  LOTURA_RETURN_IF_ERROR(Produce());
  if (!MayRead()) return absl::OkStatus();
  LOTURA_RETURN_IF_ERROR(ReadBatch());
  return Produce();
}

void RelayStep::Watch(Instant now) {
  const auto confirmed = term_ == nullptr ? std::nullopt : std::optional(term_->confirmed);
  // It holds nobody up.
  const absl::Status looked = watch_.Look(now, confirmed);
  if (!looked.ok()) metrics_.failures.With({ReasonOf(looked)}).Add();
}

void RelayStep::Stop() {
  if (term_ == nullptr) return;
  const LeaseToken lease = term_->lease;
  absl::Status status = Collect();
  term_->saved_at = Instant();
  status.Update(SaveCursor(clock_.Now()));
  status.Update(journal_.Release(lease, Bound()));
  // What was not saved is published again, and a lease that was not released expires.
  if (!status.ok()) AfterFailure(status);
  EndTerm();
}

absl::Status RelayStep::HoldLease(Instant now) {
  // Without a term too: while another holds the lease, every look at it would write to its row.
  if (now < (term_ == nullptr ? renew_at_ : std::min(renew_at_, term_->until))) {
    return absl::OkStatus();
  }
  auto lease = journal_.Acquire(options_.name, options_.holder, options_.lease, Bound());
  renew_at_ = now + (lease.ok() ? options_.lease / kRenewalsInALease : options_.retry);
  if (!lease.ok()) {
    if (term_ != nullptr && now >= term_->until) EndTerm();
    // What is left of the lease is used: the broker may answer while the database does not.
    return term_ == nullptr ? lease.status() : absl::OkStatus();
  }
  const bool is_ours = lease->has_value();
  if (term_ != nullptr && (!is_ours || **lease != term_->lease)) {
    log_.Warning("the lease of the relay was lost");
    EndTerm();
  }
  if (!is_ours) return absl::OkStatus();
  if (term_ == nullptr) {
    if (absl::Status begun = BeginTerm(**lease); !begun.ok()) {
      renew_at_ = now;
      return begun;
    }
  }
  term_->until = now + options_.lease - options_.lease / kLeaseMarginParts;
  return absl::OkStatus();
}

absl::Status RelayStep::BeginTerm(const LeaseToken& lease) {
  auto term = std::make_unique<Term>();
  term->lease = lease;
  LOTURA_ASSIGN_OR_RETURN(term->confirmed, journal_.LoadCursor(options_.name, Bound()));
  term->saved = term->confirmed;
  term->read = term->confirmed;
  term->reader = NewReader(lease);
  LOTURA_ASSIGN_OR_RETURN(term->producer, bus_.NewProducer());
  term_ = std::move(term);
  metrics_.lease_held.Set(1);
  log_.Info("publishing the journal", {observe::Fields::kTopic(TopicOf(options_.service))});
  return absl::OkStatus();
}

std::unique_ptr<JournalReader> RelayStep::NewReader(const LeaseToken& lease) {
  auto reader = journal_.NewReader();
  if (listener_ != nullptr)
    reader = std::make_unique<HeardReader>(std::move(reader), lease.origin, *listener_);
  if (!options_.read_ahead) return reader;
  return std::make_unique<ReadAhead>(std::move(reader));
}

void RelayStep::EndTerm() {
  // Takes the producer along, and with it what was not sent yet.
  term_.reset();
  metrics_.lease_held.Set(0);
}

absl::Status RelayStep::Collect() {
  Term& term = *term_;
  const bool failed =
      std::ranges::any_of(term.batches, [](const Batch& batch) { return batch.flight->failed(); });
  // All others have their outcome when the producer is gone.
  if (failed) term.producer.reset();
  while (!term.batches.empty()) {
    Batch& batch = term.batches.front();
    Advance(batch, batch.flight->confirmed());
    if (batch.collected < batch.size()) break;
    term.batches.pop_front();
  }
  if (!failed) return absl::OkStatus();
  ReadAgain();
  metrics_.producers_replaced.Add();
  return Unavailable("RECORD_NOT_DELIVERED", "the broker did not take a record");
}

void RelayStep::Advance(Batch& batch, std::size_t confirmed) {
  if (confirmed == batch.collected) return;
  metrics_.published.Add(static_cast<double>(confirmed - batch.collected));
  const Instant now = clock_.Now();
  for (std::size_t i = batch.collected; i < confirmed; ++i)
    metrics_.delay.Observe(Seconds(now - batch.times[i]));
  batch.collected = confirmed;
  term_->confirmed = batch.positions[confirmed - 1];
  crash::Point("relay.confirmed");
}

void RelayStep::ReadAgain() {
  term_->batches.clear();
  term_->read = term_->confirmed;
  term_->is_more_likely = false;
  // It may have left the days that come again.
  term_->reader = NewReader(term_->lease);
}

bool RelayStep::MayRead() const {
  const Term& term = *term_;
  // A batch that waits for its confirmation gathers what is written meanwhile: reading more often
  // than that is for those who are behind.
  if (term.batches.empty()) return true;
  return term.is_more_likely && term.batches.size() < options_.batches &&
         term.batches.back().produced == term.batches.back().size();
}

absl::Status RelayStep::ReadBatch() {
  Term& term = *term_;
  LOTURA_ASSIGN_OR_RETURN(std::vector<JournalEntry> entries,
                          term.reader->Read(term.read, options_.batch, Bound()));
  term.is_more_likely = options_.batch.IsReachedBy(entries);
  if (entries.empty()) return absl::OkStatus();
  Batch batch{.flight = std::make_shared<Flight>(entries.size(), wake_)};
  batch.positions.reserve(entries.size());
  batch.times.reserve(entries.size());
  batch.records.reserve(entries.size());
  for (JournalEntry& entry : entries) {
    batch.Add(entry);
    LOTURA_ASSIGN_OR_RETURN(BusRecord record, ToBusRecord(std::move(entry), options_.service));
    batch.records.push_back(std::move(record));
  }
  term.read = batch.positions.back();
  term.batches.push_back(std::move(batch));
  const Batch& oldest = term.batches.front();
  metrics_.oldest_unpublished_seconds.Set(Seconds(clock_.Now() - oldest.times[oldest.collected]));
  crash::Point("relay.fetched");
  return absl::OkStatus();
}

absl::Status RelayStep::Produce() {
  Term& term = *term_;
  if (term.batches.empty()) return absl::OkStatus();
  if (term.producer == nullptr) {
    LOTURA_ASSIGN_OR_RETURN(term.producer, bus_.NewProducer());
  }
  // Those before it were taken as a whole.
  Batch& batch = term.batches.back();
  while (batch.produced < batch.size()) {
    const std::size_t index = batch.produced;
    const absl::Status taken = term.producer->Produce(
        batch.records[index], [flight = batch.flight, index](const absl::Status& status) {
          flight->Confirm(index, status);
        });
    // The rest follows when others were confirmed.
    if (absl::IsResourceExhausted(taken)) return absl::OkStatus();
    if (!taken.ok()) {
      batch.flight->Confirm(index, taken);
      return taken;
    }
    batch.records[index] = {};
    ++batch.produced;
    if (batch.produced == batch.size()) crash::Point("relay.produced");
  }
  return absl::OkStatus();
}

absl::Status RelayStep::SaveCursor(Instant now) {
  Term& term = *term_;
  if (term.confirmed == term.saved || now - term.saved_at < options_.cursor_interval) {
    return absl::OkStatus();
  }
  const absl::Status status =
      journal_.SaveCursor(options_.name, term.confirmed, term.lease, Bound());
  if (status.ok()) {
    term.saved = term.confirmed;
    term.saved_at = now;
    crash::Point("relay.saved");
  } else if (ReasonOf(status) == "LEASE_LOST") {
    EndTerm();
    // The database may live elsewhere and the lease be free.
    renew_at_ = now;
  }
  return status;
}

std::chrono::microseconds RelayStep::AfterFailure(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  metrics_.failures.With({reason}).Add();
  // A cause that lasts is told once.
  if (std::exchange(last_failure_, reason) != reason) {
    log_.Warning("the relay waits", {observe::Fields::kReason(reason)});
  }
  retry_at_ = clock_.Now() + options_.retry;
  return options_.retry;
}

}  // namespace lotura::events
