#include "libs/rpc/admission.h"

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::rpc {
namespace {

constexpr std::chrono::milliseconds kWaitMax{500};
// Places for calls that come at once, when nothing is known of how fast they are answered.
constexpr std::size_t kBurst = 384;
constexpr int kTimesUsual = 2;
// Something that usually takes longer is not given twice as long.
constexpr std::chrono::milliseconds kUsualMax{100};
// When a refused call asks to come back: soon, when places that a burst has taken are free again;
// and later, when there is less to do.
constexpr std::int64_t kInteractiveRetryMs = 100;
constexpr std::int64_t kBulkRetryMs = 1'000;

absl::Status RefusalOf(Priority priority) {
  return ResourceExhausted("OVERLOADED", "more calls come than can be answered",
                           priority == Priority::kBulk ? kBulkRetryMs : kInteractiveRetryMs);
}

observe::FamilySpec Spec(const char* name, const char* help, std::vector<std::string> labels) {
  return {.name = name, .help = help, .labels = std::move(labels)};
}

}  // namespace

std::array<Admission::Class, kPriorities.size()> Admission::ClassesOf(
    const std::string& kind, const observe::Metrics& metrics) {
  const auto accepted = metrics.AddCounters(
      Spec("lotura_admission_accepted_total", "Calls that got a place.", {"kind", "priority"}));
  const auto refused = metrics.AddCounters(Spec("lotura_admission_refused_total",
                                                "Calls refused because all places were taken.",
                                                {"kind", "priority"}));
  const auto of = [&](Priority priority) -> Class {
    const char* name = NameOf(priority);
    return {RefusalOf(priority), accepted.With({kind, name}), refused.With({kind, name})};
  };
  return {of(Priority::kInteractive), of(Priority::kBulk)};
}

Admission::Admission(const AdmissionOptions& options, const observe::Metrics& metrics, Point now)
    : options_(options),
      classes_(ClassesOf(options.kind, metrics)),
      places_(metrics
                  .AddGauges(Spec("lotura_admission_places",
                                  "Calls that may be accepted at the same time.", {"kind"}))
                  .With({options.kind})),
      overloaded_(metrics
                      .AddGauges(Spec("lotura_admission_overloaded",
                                      "1 while more calls come than are answered.", {"kind"}))
                      .With({options.kind})),
      overload_(now) {}

std::size_t Admission::Places() const {
  const auto done_within = [&](std::chrono::duration<double> time) {
    return static_cast<std::size_t>(overload_.DonePerSecond() * time.count());
  };
  if (!overload_.IsOn())
    return std::min(std::max(done_within(kWaitMax), kBurst), options_.places_max);
  const auto usual = std::min<Point::duration>(overload_.Usual(), kUsualMax);
  return std::min(std::max(done_within(kTimesUsual * usual), options_.places_min),
                  options_.places_max);
}

absl::Status Admission::Enter(Priority priority, Point now) {
  const Class& of = classes_[static_cast<std::size_t>(priority)];
  {
    const std::lock_guard lock(mutex_);
    overload_.Came(now);
    const std::size_t places = Places();
    places_.Set(static_cast<double>(places));
    overloaded_.Set(overload_.IsOn() ? 1 : 0);
    if (accepted_ < (priority == Priority::kBulk ? (places + 1) / 2 : places)) {
      ++accepted_;
      of.accepted.Add();
      return absl::OkStatus();
    }
    if (accepted_ >= places && !overload_.IsOn()) overload_.Begin();
  }
  of.refused.Add();
  return of.refusal;
}

void Admission::Leave(Ended ended, Point since, Point now) {
  const std::lock_guard lock(mutex_);
  --accepted_;
  if (ended == Ended::kDone) overload_.Did(now - since, now);
}

void Admission::Look(Point now) {
  const std::lock_guard lock(mutex_);
  overload_.Look(now);
  places_.Set(static_cast<double>(Places()));
  overloaded_.Set(overload_.IsOn() ? 1 : 0);
}

std::size_t Admission::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

}  // namespace lotura::rpc
