// lotura-load: sends calls to a server and prints one JSON object that says what came back.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "libs/base/options.h"
#include "tools/bench/load/load.h"
#include "tools/bench/program.h"

namespace lotura::bench {
namespace {

struct Settings {
  std::string target;
  std::string token_file;
  std::string workload;
  std::string run = "r";
  std::int64_t first = 0;
  std::int64_t records = 1;
  std::string etag;
  std::int64_t connections = 8;
  std::int64_t in_flight = 0;
  std::int64_t rate = 0;
  std::int64_t warm_up_ms = 2'000;
  std::int64_t measured_ms = 8'000;
  std::int64_t deadline_ms = 5'000;
  std::int64_t repetitions = 0;
  std::string priority;
  std::int64_t seed = 1;

  void Declare(Options& options) {
    options.RequiredText({"target", "the server, as host:port or unix:/path"}, target);
    options.RequiredText({"workload", "what is asked for"}, workload);
    options.Text({"token-file", "file with the token of the calls; empty: none"}, token_file);
    options.Text({"run", "makes what is created differ from what others create"}, run);
    options.Number({"first", "number of the first person that is read or changed"}, first,
                   {0, 1'000'000'000});
    options.Number({"records", "how many people there are to read or change"}, records,
                   {1, 1'000'000'000});
    options.Text({"etag", "update-...: the etag that they have at first"}, etag);
    options.Number({"connections", "connections; closed loop: each keeps its share in flight"},
                   connections, {1, 1'000});
    options.Number({"in-flight", "closed loop: calls that are always on their way; 0: open loop"},
                   in_flight, {0, 100'000});
    options.Number({"rate", "open loop: calls that begin", "calls a second"}, rate, {0, 1'000'000});
    options.Number({"warm-up-ms", "span that is not counted", "ms"}, warm_up_ms, {0, 600'000});
    options.Number({"measured-ms", "span that is counted", "ms"}, measured_ms, {1, 3'600'000});
    options.Number({"deadline-ms", "of each call", "ms"}, deadline_ms, {1, 600'000});
    options.Number(
        {"repetitions", "open loop: how often a call that failed is sent again, at once"},
        repetitions, {0, 100});
    options.Text({"priority", "header of the calls, \"u=7\" for bulk; empty: none"}, priority);
    options.Number({"seed", "the same seed makes the same load"}, seed, {0, 1'000'000'000});
  }
};

nlohmann::json InMicroseconds(Latencies& latencies) {
  const auto at = [&](double part) {
    return static_cast<double>(latencies.Percentile(part).count()) / 1e3;
  };
  return {
      {"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"p999", at(0.999)}, {"max", at(1)}};
}

void Print(LoadResult& result) {
  const nlohmann::json json = {
      {"ok", result.ok},
      {"failed", result.failed},
      {"repetitions", result.repetitions},
      {"refused", result.refused_latencies.size()},
      {"refused_without_time", result.refused_without_time},
      {"answer_bytes",
       result.ok == 0 ? 0.0
                      : static_cast<double>(result.answer_bytes) / static_cast<double>(result.ok)},
      {"seconds", result.measured.count()},
      {"ok_per_second", static_cast<double>(result.ok) / result.measured.count()},
      {"ok_us", InMicroseconds(result.ok_latencies)},
      {"failed_us", InMicroseconds(result.failed_latencies)},
      {"refused_us", InMicroseconds(result.refused_latencies)},
      {"cpu_seconds", result.cpu.count()}};
  fmt::print("{}\n", json.dump());
}

absl::Status Run(const Settings& settings) {
  if ((settings.in_flight > 0) == (settings.rate > 0))
    return InvalidArgument("rate", "OUT_OF_RANGE", "one of --in-flight and --rate must be given");
  LoadPlan plan{.connections = static_cast<std::size_t>(settings.connections),
                .in_flight = static_cast<std::size_t>(settings.in_flight),
                .rate = static_cast<double>(settings.rate),
                .warm_up = std::chrono::milliseconds(settings.warm_up_ms),
                .measured = std::chrono::milliseconds(settings.measured_ms),
                .deadline = std::chrono::milliseconds(settings.deadline_ms),
                .repetitions_max = static_cast<std::size_t>(settings.repetitions),
                .priority = settings.priority,
                .seed = static_cast<std::uint64_t>(settings.seed)};
  LOTURA_ASSIGN_OR_RETURN(plan.token, ReadToken(settings.token_file));
  LOTURA_ASSIGN_OR_RETURN(const Workload workload,
                          MakeWorkload({.name = settings.workload,
                                        .run = settings.run,
                                        .seed = plan.seed,
                                        .first = static_cast<std::uint64_t>(settings.first),
                                        .records = static_cast<std::uint64_t>(settings.records),
                                        .etag = settings.etag}));
  LOTURA_ASSIGN_OR_RETURN(const Target target, Resolve(settings.target));
  LoadResult result = RunLoad(target, workload, plan);
  Print(result);
  return absl::OkStatus();
}

}  // namespace
}  // namespace lotura::bench

int main(int argc, char** argv) {
  return lotura::bench::RunProgram<lotura::bench::Settings>("lotura-load", argc, argv,
                                                            lotura::bench::Run);
}
