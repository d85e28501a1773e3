// Prometheus metrics: families are declared once, every series carries the service, and the number
// of series is bounded.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace lotura::observe {

namespace internal {
class Registry;
class FamilyState;
}  // namespace internal

// What a family is called and how it is divided. Names are "lotura_<thing>_<unit>", or "grpc_..."
// where dashboards expect those; a counter ends in "_total", a histogram in "_seconds" or "_bytes".
// The label "service" is added.
struct FamilySpec {
  std::string name;
  std::string help;
  std::vector<std::string> labels = {};
  // Label sets beyond this number are counted as "other" and reported by
  // lotura_metrics_overflow_total.
  std::size_t max_series = 200;
};

// Handles of single series. They are small, may be copied, and stay valid as long as the process
// has its Metrics. Thread-safe. Getting one takes a lock: keep the handle where it is used often.
class Counter {
 public:
  using Native = prometheus::Counter;

  explicit Counter(prometheus::Counter* series) : series_(series) {}
  void Add(double amount = 1) const;
  [[nodiscard]] double value() const;

 private:
  prometheus::Counter* series_;
};

class Gauge {
 public:
  using Native = prometheus::Gauge;

  explicit Gauge(prometheus::Gauge* series) : series_(series) {}
  void Set(double value) const;
  void Add(double amount) const;
  [[nodiscard]] double value() const;

 private:
  prometheus::Gauge* series_;
};

class Histogram {
 public:
  using Native = prometheus::Histogram;

  explicit Histogram(prometheus::Histogram* series) : series_(series) {}
  void Observe(double value) const;
  [[nodiscard]] std::size_t count() const;

 private:
  prometheus::Histogram* series_;
};

// All series of one name, seen from one service. Thread-safe.
template <typename Series>
class Family {
 public:
  Family(internal::FamilyState* state, std::string service)
      : state_(state), service_(std::move(service)) {}
  // The series with these label values, given in the order of the declaration.
  [[nodiscard]] Series With(std::initializer_list<std::string_view> values) const;

 private:
  internal::FamilyState* state_;
  std::string service_;
};

using CounterFamily = Family<Counter>;
using GaugeFamily = Family<Gauge>;
using HistogramFamily = Family<Histogram>;

// Upper limits of the buckets that suit the time of a call, in seconds.
std::vector<double> LatencyBuckets();

// All metrics of one service. Thread-safe. Copies and the views of other services share one
// registry, so that a process with several services has one exposition; handles stay valid as long
// as one of them lives.
class Metrics {
 public:
  explicit Metrics(std::string service);
  [[nodiscard]] Metrics ForService(std::string service) const;
  [[nodiscard]] const std::string& service() const { return service_; }

  // Declaring a family again with the same shape gives the same family; another shape, or a name
  // that breaks the rules of FamilySpec, is a bug and ends the process.
  CounterFamily AddCounters(const FamilySpec& spec) const;
  GaugeFamily AddGauges(const FamilySpec& spec) const;
  HistogramFamily AddHistograms(const FamilySpec& spec,
                                const std::vector<double>& buckets = LatencyBuckets()) const;
  // The only series of a family without labels.
  Counter AddCounter(const FamilySpec& spec) const { return AddCounters(spec).With({}); }
  Gauge AddGauge(const FamilySpec& spec) const { return AddGauges(spec).With({}); }
  Histogram AddHistogram(const FamilySpec& spec,
                         const std::vector<double>& buckets = LatencyBuckets()) const {
    return AddHistograms(spec, buckets).With({});
  }

  // Everything in the text format that Prometheus scrapes.
  [[nodiscard]] std::string Exposition() const;
  // One line for each family, "name kind {labels}", sorted: what dashboards and alerts may rely on.
  [[nodiscard]] std::string Catalog() const;

 private:
  Metrics(std::shared_ptr<internal::Registry> registry, std::string service)
      : registry_(std::move(registry)), service_(std::move(service)) {}

  std::shared_ptr<internal::Registry> registry_;  // shared by the services of one process
  std::string service_;
};

}  // namespace lotura::observe
