#include "libs/rpc/tls_source.h"

#include "libs/base/errors.h"

namespace lotura::rpc {
namespace {

observe::CounterFamily Reloads(const observe::Metrics& metrics) {
  return metrics.AddCounters(
      {.name = "lotura_tls_reloads_total",
       .help = "Changed certificates that were taken, and looks that found none to take.",
       .labels = {"use", "result"}});
}

observe::GaugeFamily Expiries(const observe::Metrics& metrics) {
  return metrics.AddGauges(
      {.name = "lotura_tls_certificate_expiry_timestamp_seconds",
       .help = "When the certificate in use ends, in seconds since 1970; 0 without one.",
       .labels = {"use"}});
}

}  // namespace

TlsMetrics::TlsMetrics(const observe::Metrics& metrics, std::string_view use)
    : expiry(Expiries(metrics).With({use})),
      reloaded(Reloads(metrics).With({use, "ok"})),
      failed(Reloads(metrics).With({use, "failed"})) {}

TlsSource::TlsSource(const TlsSourceOptions& options, TlsMaterial material, const Clock& clock,
                     const observe::Log& log, const observe::Metrics& metrics)
    : options_(options),
      clock_(clock),
      log_(log),
      metrics_(metrics, options.use),
      material_(std::move(material)) {
  ShowExpiry();
}

absl::StatusOr<std::unique_ptr<TlsSource>> TlsSource::Create(const TlsSourceOptions& options,
                                                             const Clock& clock,
                                                             const observe::Log& log,
                                                             const observe::Metrics& metrics) {
  LOTURA_ASSIGN_OR_RETURN(TlsMaterial material, LoadTls(options.files, clock.Now()));
  return std::unique_ptr<TlsSource>(
      new TlsSource(options, std::move(material), clock, log, metrics));
}

void TlsSource::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { LookUntilStopped(stop); });
}

void TlsSource::LookUntilStopped(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wait_.wait_for(lock, stop, options_.refresh, [] { return false; });
    if (!stop.stop_requested()) Look();
  }
}

void TlsSource::Look() {
  auto material = LoadTls(options_.files, clock_.Now());
  if (!material.ok()) {
    Refuse(material.status());
    return;
  }
  failure_ = absl::OkStatus();
  if (*material == *Get()) return;
  material_.Set(*std::move(material));
  ShowExpiry();
  metrics_.reloaded.Add();
  log_.Info("new certificates are used", {observe::Fields::kTarget(options_.use)});
}

void TlsSource::Refuse(const absl::Status& why) {
  metrics_.failed.Add();
  // It is told once; the metric tells that it goes on.
  if (why == failure_) return;
  failure_ = why;
  log_.Warning("certificates were not taken, the old ones stay",
               {observe::Fields::kTarget(options_.use), observe::Fields::kReason(ReasonOf(why)),
                observe::Fields::kError(observe::Redacted(Message(why)))});
}

void TlsSource::ShowExpiry() {
  const std::optional<Instant> expires = Get()->expires;
  if (!expires.has_value()) return;
  metrics_.expiry.Set(std::chrono::duration<double>(expires->time_since_epoch()).count());
}

}  // namespace lotura::rpc
