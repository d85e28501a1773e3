#include "libs/audit/archive_step.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <array>

#include "libs/base/check.h"
#include "libs/base/errors.h"

namespace lotura::audit {
namespace {

// As `lotura audit export` prints them.
std::string LineOf(const v1::SealedEntries& sealed) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  LOTURA_CHECK(google::protobuf::util::MessageToJsonString(sealed, &line, options).ok());
  return line + "\n";
}

}  // namespace

ArchiveMetrics::ArchiveMetrics(const observe::Metrics& metrics)
    : seals(metrics.AddCounter({.name = "lotura_audit_archived_seals_total",
                                .help = "Seals that were taken into the archive"})),
      objects(metrics.AddCounter({.name = "lotura_audit_archive_objects_total",
                                  .help = "Objects that were written into the archive"})),
      unarchived_seconds(metrics.AddGauge(
          {.name = "lotura_audit_unarchived_seconds",
           .help = "How long the process that archives has failed to take in what is sealed"})),
      since_seconds(metrics.AddGauge(
          {.name = "lotura_audit_archiving_since_timestamp_seconds",
           .help = "When what is being archived was begun, in Unix time; 0 between passes"})),
      failures(metrics.AddCounters({.name = "lotura_audit_archive_failures_total",
                                    .help = "Passes of the archiver that failed",
                                    .labels = {"reason"}})) {}

ArchiveStep::ArchiveStep(ArchiveOptions options, const ArchiveParts& parts,
                         const observe::Metrics& metrics, const observe::Log& log)
    : options_(std::move(options)), parts_(parts), metrics_(metrics), log_(log) {}

std::chrono::microseconds ArchiveStep::Run() {
  const Instant begin = parts_.clock.Now();
  ShowBegin();
  const absl::Status passed = Pass();
  metrics_.since_seconds.Set(0);
  Measure(passed, begin);
  return passed.ok() ? options_.interval : options_.retry;
}

void ArchiveStep::Stop() {
  if (!lease_.has_value()) return;
  // One that is not released expires.
  (void)parts_.journal.Release(*lease_, Bound());
  lease_.reset();
}

absl::StatusOr<bool> ArchiveStep::HoldLease() {
  LOTURA_ASSIGN_OR_RETURN(
      lease_, parts_.journal.Acquire(kArchiveRelay, options_.holder, options_.lease, Bound()));
  return lease_.has_value();
}

absl::Status ArchiveStep::Pass() {
  const std::array<std::string, 1> archive = {kArchiveRelay};
  LOTURA_RETURN_IF_ERROR(parts_.journal.KeepFor(archive, Bound()));
  LOTURA_ASSIGN_OR_RETURN(const bool is_ours, HoldLease());
  if (!is_ours) return absl::OkStatus();
  // First: what is sealed meanwhile is for the next pass, or is archived too early.
  LOTURA_ASSIGN_OR_RETURN(const events::Position sealed,
                          parts_.journal.LoadCursor(kAuditRelay, Bound()));
  LOTURA_ASSIGN_OR_RETURN(const auto tenants, parts_.seals.ReadUnarchived(Bound()));
  for (const Unarchived& tenant : tenants) LOTURA_RETURN_IF_ERROR(ArchiveTenant(tenant));
  return parts_.journal.SaveCursor(kArchiveRelay, sealed, *lease_, Bound());
}

absl::Status ArchiveStep::ArchiveTenant(const Unarchived& tenant) {
  std::int64_t after = tenant.number;
  for (;;) {
    LOTURA_ASSIGN_OR_RETURN(const std::int64_t last, ArchiveObject(tenant.tenant, after));
    if (last == after) return absl::OkStatus();
    LOTURA_RETURN_IF_ERROR(parts_.seals.NoteArchived(tenant.tenant, last, Bound()));
    ShowBegin();
    metrics_.objects.Add();
    metrics_.seals.Add(static_cast<double>(last - after));
    after = last;
    // It may take long until all of it is there.
    LOTURA_ASSIGN_OR_RETURN(const bool is_ours, HoldLease());
    if (!is_ours) return FailedPrecondition("LEASE_LOST", "another process archives the journal");
  }
}

absl::StatusOr<std::int64_t> ArchiveStep::ArchiveObject(const TenantId& tenant,
                                                        std::int64_t after) {
  std::int64_t last = after;
  std::string content;
  while (content.size() < options_.object_bytes) {
    LOTURA_ASSIGN_OR_RETURN(const auto sealed, parts_.seals.ReadWhole(tenant, last, Bound()));
    if (sealed.empty()) break;
    for (const v1::SealedEntries& one : sealed) content += LineOf(one);
    last = sealed.back().seal().number();
  }
  if (content.empty()) return after;
  const std::string name = fmt::format("{}/{}/{:012}-{:012}.jsonl", options_.service,
                                       tenant.value.ToString(), after + 1, last);
  LOTURA_RETURN_IF_ERROR(parts_.store.Put(name, content, Deadline::After(options_.put)));
  return last;
}

void ArchiveStep::ShowBegin() const {
  const auto now = parts_.clock.Now().time_since_epoch();
  metrics_.since_seconds.Set(std::chrono::duration<double>(now).count());
}

void ArchiveStep::Measure(const absl::Status& passed, Instant begin) {
  const Instant now = parts_.clock.Now();
  if (passed.ok()) {
    behind_since_.reset();
  } else {
    const std::string reason = ReasonOf(passed);
    metrics_.failures.With({reason}).Add();
    // A cause that lasts is told once.
    if (!behind_since_.has_value())
      log_.Warning("the sealed journal could not be archived",
                   {observe::Fields::kReason(reason),
                    observe::Fields::kError(observe::Redacted(Message(passed)))});
    behind_since_ = behind_since_.value_or(begin);
  }
  const auto behind = behind_since_.has_value() ? now - *behind_since_ : Instant::duration();
  metrics_.unarchived_seconds.Set(std::chrono::duration<double>(behind).count());
}

}  // namespace lotura::audit
