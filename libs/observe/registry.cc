#include "libs/observe/registry.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include "libs/base/check.h"

namespace lotura::observe::internal {
namespace {

constexpr char kOther[] = "other";

bool IsName(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

bool FollowsRules(Kind kind, const FamilySpec& spec) {
  const std::string_view name = spec.name;
  const bool known_prefix =
      name.starts_with("lotura_") || name.starts_with("grpc_") || name.starts_with("process_");
  bool fits = IsName(name) && known_prefix && !spec.help.empty() && spec.max_series > 0;
  for (const std::string& label : spec.labels) fits = fits && IsName(label) && label != "service";
  switch (kind) {
    case Kind::kCounter:
      return fits && name.ends_with("_total");
    case Kind::kGauge:
      return fits && !name.ends_with("_total");
    case Kind::kHistogram:
      return fits && (name.ends_with("_seconds") || name.ends_with("_bytes"));
  }
  return false;
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "";
}

}  // namespace

FamilyState::FamilyState(prometheus::Registry& registry, Kind kind, FamilySpec spec,
                         std::vector<double> buckets, Family<Counter>* overflow)
    : kind_(kind), spec_(std::move(spec)), buckets_(std::move(buckets)), overflow_(overflow) {
  switch (kind) {
    case Kind::kCounter:
      family_ = &prometheus::BuildCounter().Name(spec_.name).Help(spec_.help).Register(registry);
      break;
    case Kind::kGauge:
      family_ = &prometheus::BuildGauge().Name(spec_.name).Help(spec_.help).Register(registry);
      break;
    case Kind::kHistogram:
      family_ = &prometheus::BuildHistogram().Name(spec_.name).Help(spec_.help).Register(registry);
      break;
  }
}

FamilyState::Series FamilyState::Make(const std::string& service, const Values& values) {
  std::map<std::string, std::string> labels{{"service", service}};
  for (std::size_t i = 0; i < values.size(); ++i) labels[spec_.labels[i]] = values[i];
  switch (kind_) {
    case Kind::kCounter:
      return &std::get<0>(family_)->Add(labels);
    case Kind::kGauge:
      return &std::get<1>(family_)->Add(labels);
    case Kind::kHistogram:
      break;
  }
  return &std::get<2>(family_)->Add(labels, buckets_);
}

FamilyState::Series FamilyState::Find(const std::string& service,
                                      std::initializer_list<std::string_view> values) {
  LOTURA_CHECK(values.size() == spec_.labels.size());
  Values key(values.begin(), values.end());
  bool overflowed = false;
  Series series;
  {
    const std::lock_guard lock(mutex_);
    auto& own = series_[service];
    auto found = own.find(key);
    if (found == own.end() && own.size() >= spec_.max_series) {
      overflowed = true;
      key.assign(key.size(), kOther);
      found = own.find(key);
    }
    if (found == own.end()) found = own.emplace(key, Make(service, key)).first;
    series = found->second;
  }
  if (overflowed && overflow_ != nullptr) overflow_->With({spec_.name}).Add();
  return series;
}

bool FamilyState::SameShape(Kind kind, const FamilySpec& spec,
                            const std::vector<double>& buckets) const {
  return kind == kind_ && spec.labels == spec_.labels && buckets == buckets_;
}

std::string FamilyState::Describe() const {
  std::string labels;
  for (const std::string& label : spec_.labels) labels += label + ",";
  return fmt::format("{} {} {{{}service}}\n", spec_.name, NameOf(kind_), labels);
}

Registry::Registry(const std::string& service) {
  const auto add = [&](Kind kind, const char* name, const char* help) {
    return Declare(kind, {.name = name, .help = help}, {})->Find(service, {});
  };
  overflow_ = std::make_unique<Family<Counter>>(
      Declare(Kind::kCounter,
              {.name = "lotura_metrics_overflow_total",
               .help = "Uses of a label set beyond the bound of its family.",
               .labels = {"metric"}},
              {}),
      service);
  process_ = std::make_unique<ProcessMetrics>(
      Counter(std::get<0>(add(Kind::kCounter, "process_cpu_seconds_total",
                              "Processor time used, user and system."))),
      Gauge(std::get<1>(add(Kind::kGauge, "process_resident_memory_bytes", "Resident memory."))),
      Gauge(std::get<1>(add(Kind::kGauge, "process_open_fds", "Open file descriptors."))),
      Gauge(std::get<1>(add(Kind::kGauge, "process_threads", "Threads."))));
}

FamilyState* Registry::Declare(Kind kind, const FamilySpec& spec,
                               const std::vector<double>& buckets) {
  LOTURA_CHECK(FollowsRules(kind, spec));
  const std::lock_guard lock(mutex_);
  auto& family = families_[spec.name];
  if (family == nullptr) {
    family = std::make_unique<FamilyState>(registry_, kind, spec, buckets, overflow_.get());
  }
  LOTURA_CHECK(family->SameShape(kind, spec, buckets));
  return family.get();
}

std::string Registry::Exposition() {
  {
    const std::lock_guard lock(mutex_);
    process_->Update();
  }
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

std::string Registry::Catalog() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, family] : families_) text += family->Describe();
  return text;
}

}  // namespace lotura::observe::internal
