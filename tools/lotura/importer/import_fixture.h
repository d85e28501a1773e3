// An import into the API in memory, for tests.
#pragma once

#include <sstream>

#include "tools/lotura/api/fake_api.h"
#include "tools/lotura/importer/import.h"
#include "tools/lotura/importer/mapping_fixture.h"

namespace lotura::importer {

class SilentObserver final : public ImportObserver {
 public:
  void BeginStep(const Step& /*step*/, std::size_t rows) override { planned += rows; }
  void Advance(std::size_t rows) override { done += rows; }

  std::size_t planned = 0;
  std::atomic<std::size_t> done = 0;
};

// Pauses cost no time.
class HurriedPacer final : public Pacer {
 public:
  Point Now() override { return Point(std::chrono::milliseconds(now_)); }
  void Wait(std::chrono::milliseconds span) override { now_ += span.count(); }
  double Jitter() override { return 1; }

 private:
  std::atomic<std::int64_t> now_ = 0;
};

class ImportFixture : public MappingFixture {
 protected:
  ImportReport Run() {
    rejects_.str("");
    PatientCaller caller(api_, pacer_, Patience{});
    SilentObserver observer;
    const Parallelism parallelism{.batches = 2, .singles = 8, .batch_size = 10};
    ImportReport report = RunImport(mapping_, caller, parallelism, rejects_, observer);
    if (report.stopped.ok()) {
      EXPECT_EQ(observer.done, observer.planned);
    }
    return report;
  }

  static void ExpectCounts(const StepReport& step, std::size_t written, std::size_t unchanged,
                           std::size_t rejected) {
    EXPECT_EQ(step.written, written) << step.step;
    EXPECT_EQ(step.unchanged, unchanged) << step.step;
    EXPECT_EQ(step.rejected, rejected) << step.step;
    EXPECT_EQ(step.rows, step.left_out + written + unchanged + rejected) << step.step;
  }

  api::FakeApi api_{model_};
  HurriedPacer pacer_;
  Mapping mapping_;
  std::ostringstream rejects_;
};

}  // namespace lotura::importer
