// Families, their bounds and their exposition. (tsan)
#include "libs/observe/metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "libs/observe/golden.h"

namespace lotura::observe {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(MetricsTest, EverySeriesCarriesItsService) {
  const Metrics metrics("accounts");
  const Metrics sales = metrics.ForService("sales");
  const FamilySpec spec{.name = "lotura_things_total", .help = "Things.", .labels = {"kind"}};

  metrics.AddCounters(spec).With({"a"}).Add();
  sales.AddCounters(spec).With({"a"}).Add(2);

  const std::string text = metrics.Exposition();
  EXPECT_TRUE(Contains(text, "lotura_things_total{kind=\"a\",service=\"accounts\"} 1")) << text;
  EXPECT_TRUE(Contains(text, "lotura_things_total{kind=\"a\",service=\"sales\"} 2")) << text;
  EXPECT_EQ(text.find("# TYPE lotura_things_total"), text.rfind("# TYPE lotura_things_total"));
}

TEST(MetricsTest, LabelSetsBeyondTheBoundBecomeOther) {
  const Metrics metrics("accounts");
  const CounterFamily family = metrics.AddCounters(
      {.name = "lotura_things_total", .help = "Things.", .labels = {"kind"}, .max_series = 2});

  for (const char* kind : {"a", "b", "c", "d"}) family.With({kind}).Add();

  EXPECT_EQ(family.With({"a"}).value(), 1);
  EXPECT_EQ(family.With({"other"}).value(), 2);
  EXPECT_TRUE(Contains(
      metrics.Exposition(),
      R"(lotura_metrics_overflow_total{metric="lotura_things_total",service="accounts"} 2)"));
}

TEST(MetricsTest, HistogramsAndGaugesShowWhatTheyWereGiven) {
  const Metrics metrics("accounts");
  const Histogram waits =
      metrics.AddHistogram({.name = "lotura_wait_seconds", .help = "Waits."}, {0.1, 1});
  const Gauge depth = metrics.AddGauge({.name = "lotura_queue_depth", .help = "Depth."});

  waits.Observe(0.5);
  depth.Set(3);
  depth.Add(-1);

  const std::string text = metrics.Exposition();
  EXPECT_TRUE(Contains(text, R"(lotura_wait_seconds_bucket{service="accounts",le="0.1"} 0)"))
      << text;
  EXPECT_TRUE(Contains(text, R"(lotura_wait_seconds_bucket{service="accounts",le="1"} 1)")) << text;
  EXPECT_TRUE(Contains(text, R"(lotura_queue_depth{service="accounts"} 2)")) << text;
}

TEST(MetricsTest, TheCatalogNamesEachFamilyOnce) {
  const Metrics metrics("accounts");

  metrics.AddGauges({.name = "lotura_queue_depth", .help = "Depth.", .labels = {"queue"}});
  metrics.AddGauges({.name = "lotura_queue_depth", .help = "Depth.", .labels = {"queue"}});

  const std::string catalog = metrics.Catalog();
  EXPECT_TRUE(Contains(catalog, "lotura_queue_depth gauge {queue,service}\n"));
  EXPECT_EQ(catalog.find("lotura_queue_depth"), catalog.rfind("lotura_queue_depth"));
}

TEST(MetricsTest, TheGoldenFileShowsWhatIsNewAndWhatIsGone) {
  const Metrics metrics("accounts");
  const std::string path = ::testing::TempDir() + "catalog-" + std::to_string(getpid());
  std::ofstream(path) << metrics.Catalog() << "lotura_old gauge {service}\n";

  metrics.AddGauge({.name = "lotura_new", .help = "New."});

  EXPECT_EQ(DifferenceFromGolden(metrics, path),
            "+ lotura_new gauge {service}\n- lotura_old gauge {service}\n");
  unlink(path.c_str());
}

TEST(MetricsTest, ManyThreadsMayCountAndScrape) {
  const Metrics metrics("accounts");
  const CounterFamily family =
      metrics.AddCounters({.name = "lotura_things_total", .help = "Things.", .labels = {"kind"}});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 200; ++k) family.With({k % 2 == 0 ? "a" : "b"}).Add();
        EXPECT_FALSE(metrics.Exposition().empty());
      });
    }
  }

  EXPECT_EQ(family.With({"a"}).value(), 400);
}

using MetricsDeathTest = ::testing::Test;

TEST(MetricsDeathTest, NamesThatBreakTheRulesEndTheProcess) {
  const Metrics metrics("accounts");

  EXPECT_DEATH(metrics.AddCounter({.name = "lotura_things", .help = "No _total."}), "FollowsRules");
  EXPECT_DEATH(metrics.AddGauge({.name = "things", .help = "No prefix."}), "FollowsRules");
  EXPECT_DEATH(metrics.AddHistogram({.name = "lotura_things", .help = "No unit."}), "FollowsRules");
}

}  // namespace
}  // namespace lotura::observe
