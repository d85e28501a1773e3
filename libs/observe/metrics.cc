#include "libs/observe/metrics.h"

#include "libs/observe/registry.h"

namespace lotura::observe {

void Counter::Add(double amount) const { series_->Increment(amount); }
double Counter::value() const { return series_->Value(); }

void Gauge::Set(double value) const { series_->Set(value); }
void Gauge::Add(double amount) const { series_->Increment(amount); }
double Gauge::value() const { return series_->Value(); }

void Histogram::Observe(double value) const { series_->Observe(value); }
std::size_t Histogram::count() const {
  return static_cast<std::size_t>(series_->Collect().histogram.sample_count);
}

template <typename Series>
Series Family<Series>::With(std::initializer_list<std::string_view> values) const {
  return Series(std::get<typename Series::Native*>(state_->Find(service_, values)));
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

std::vector<double> LatencyBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

Metrics::Metrics(std::string service)
    : registry_(std::make_shared<internal::Registry>(service)), service_(std::move(service)) {}

Metrics Metrics::ForService(std::string service) const {
  return Metrics(registry_, std::move(service));
}

CounterFamily Metrics::AddCounters(const FamilySpec& spec) const {
  return {registry_->Declare(internal::Kind::kCounter, spec, {}), service_};
}

GaugeFamily Metrics::AddGauges(const FamilySpec& spec) const {
  return {registry_->Declare(internal::Kind::kGauge, spec, {}), service_};
}

HistogramFamily Metrics::AddHistograms(const FamilySpec& spec,
                                       const std::vector<double>& buckets) const {
  return {registry_->Declare(internal::Kind::kHistogram, spec, buckets), service_};
}

std::string Metrics::Exposition() const { return registry_->Exposition(); }
std::string Metrics::Catalog() const { return registry_->Catalog(); }

}  // namespace lotura::observe
