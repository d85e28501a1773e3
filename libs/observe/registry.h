// The state behind Metrics: the families of a process and their series, on prometheus-cpp. Included
// by the .cc files alone.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/observe/metrics.h"
#include "libs/observe/process_metrics.h"

namespace lotura::observe::internal {

enum class Kind { kCounter, kGauge, kHistogram };

// One family: creates series on demand, up to the bound of its declaration for each service.
// Thread-safe.
class FamilyState {
 public:
  using Series = std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*>;

  FamilyState(prometheus::Registry& registry, Kind kind, FamilySpec spec,
              std::vector<double> buckets, Family<Counter>* overflow);

  Series Find(const std::string& service, std::initializer_list<std::string_view> values);

  [[nodiscard]] bool SameShape(Kind kind, const FamilySpec& spec,
                               const std::vector<double>& buckets) const;
  [[nodiscard]] std::string Describe() const;

 private:
  using Values = std::vector<std::string>;

  Series Make(const std::string& service, const Values& values);

  const Kind kind_;
  const FamilySpec spec_;
  const std::vector<double> buckets_;
  Family<Counter>* const overflow_;
  std::variant<prometheus::Family<prometheus::Counter>*, prometheus::Family<prometheus::Gauge>*,
               prometheus::Family<prometheus::Histogram>*>
      family_;
  std::mutex mutex_;  // guards series_
  std::map<std::string, std::map<Values, Series>> series_;
};

// All families of a process. Thread-safe.
class Registry {
 public:
  explicit Registry(const std::string& service);

  FamilyState* Declare(Kind kind, const FamilySpec& spec, const std::vector<double>& buckets);
  std::string Exposition();
  std::string Catalog();

 private:
  prometheus::Registry registry_;
  std::mutex mutex_;  // guards families_ and process_
  std::map<std::string, std::unique_ptr<FamilyState>> families_;
  std::unique_ptr<Family<Counter>> overflow_;
  std::unique_ptr<ProcessMetrics> process_;
};

}  // namespace lotura::observe::internal
