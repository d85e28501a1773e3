// lotura-simulation: many seeds, or one with its history.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "libs/observe/fence.h"
#include "tests/simulation/run.h"

namespace lotura::simulation {
namespace {

struct Options {
  std::uint64_t seeds = 1000;
  std::uint64_t seed = 1;
  Mutation mutation = Mutation::kNone;
  bool json = false;
  bool trace = false;
};

struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t writes = 0;
  double seconds = 0;
  std::uint64_t hash = 0;
  FaultCounts faults{};
  CheckCounts checks{};
  std::vector<std::pair<std::uint64_t, std::string>> violations;
};

constexpr char kUsage[] =
    "usage: lotura-simulation [--seeds N] [--seed FIRST] [--mutation NAME] [--trace] [--json]\n"
    "  a mutation ends with the first seed that finds it; --trace prints histories\n";

bool ReadNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadMutation(std::string_view text, Mutation& mutation) {
  const auto found = MutationOf(text);
  mutation = found.value_or(Mutation::kNone);
  return found.has_value();
}

std::optional<Options> OptionsOf(std::span<char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--json") {
      options.json = true;
      continue;
    }
    if (name == "--trace") {
      options.trace = true;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    const std::string_view value = arguments[i];
    const bool known = (name == "--mutation" && ReadMutation(value, options.mutation)) ||
                       (name == "--seeds" && ReadNumber(value, options.seeds)) ||
                       (name == "--seed" && ReadNumber(value, options.seed));
    if (!known) return std::nullopt;
  }
  return options;
}

void Add(const RunReport& report, Sum& sum) {
  ++sum.seeds;
  sum.writes += report.writes;
  sum.seconds += std::chrono::duration<double>(report.span).count();
  sum.hash = sum.hash * 31 + report.hash;
  for (std::size_t i = 0; i < kFaults; ++i) sum.faults[i] += report.faults[i];
  for (std::size_t i = 0; i < kInvariants; ++i) sum.checks[i] += report.checks[i];
  if (report.violation.has_value()) sum.violations.emplace_back(report.seed, *report.violation);
}

Sum RunAll(const Equipment& equipment, const Options& options) {
  Sum sum;
  for (std::uint64_t seed = options.seed; seed < options.seed + options.seeds; ++seed) {
    const RunReport report =
        Run(equipment, {.seed = seed,
                        .mutation = options.mutation,
                        .lines = options.trace ? Lines::kKept : Lines::kDropped});
    for (const std::string& line : report.lines) fmt::print("{}\n", line);
    if (report.violation.has_value() && !options.json)
      fmt::print("seed {}: {}\n", seed, *report.violation);
    std::fflush(stdout);
    Add(report, sum);
    if (report.violation.has_value() && options.mutation != Mutation::kNone) break;
  }
  return sum;
}

void PrintJson(const Options& options, const Sum& sum) {
  nlohmann::json faults;
  for (std::size_t i = 0; i < kFaults; ++i) faults[NameOf(static_cast<Fault>(i))] = sum.faults[i];
  nlohmann::json checks;
  for (std::size_t i = 0; i < kInvariants; ++i)
    checks[NameOf(static_cast<Invariant>(i))] = sum.checks[i];
  nlohmann::json violations = nlohmann::json::array();
  for (const auto& [seed, what] : sum.violations)
    violations.push_back({{"seed", seed}, {"what", what}});
  const nlohmann::json all = {{"seed", options.seed},
                              {"seeds", sum.seeds},
                              {"mutation", NameOf(options.mutation)},
                              {"writes", sum.writes},
                              {"simulated_seconds", sum.seconds},
                              {"hash", fmt::format("{:016x}", sum.hash)},
                              {"faults", faults},
                              {"checks", checks},
                              {"violations", violations}};
  fmt::print("{}\n", all.dump());
}

void PrintTable(const Options& options, const Sum& sum) {
  fmt::print(
      "{} seeds from {} on, mutation {}: {} writes in {:.0f} simulated seconds, history {:016x}\n",
      sum.seeds, options.seed, NameOf(options.mutation), sum.writes, sum.seconds, sum.hash);
  fmt::print("\nfault                      times\n");
  for (std::size_t i = 0; i < kFaults; ++i)
    fmt::print("{:22} {:>9}\n", NameOf(static_cast<Fault>(i)), sum.faults[i]);
  fmt::print("\ninvariant                 checks\n");
  for (std::size_t i = 0; i < kInvariants; ++i)
    fmt::print("{:22} {:>9}\n", NameOf(static_cast<Invariant>(i)), sum.checks[i]);
  fmt::print("\nviolated in {} seeds\n", sum.violations.size());
}

int Main(std::span<char* const> arguments) {
  const auto options = OptionsOf(arguments);
  if (!options.has_value()) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  const Equipment equipment;
  const Sum sum = RunAll(equipment, *options);
  options->json ? PrintJson(*options, sum) : PrintTable(*options, sum);
  // A mutation is there to be found.
  return sum.violations.empty() == (options->mutation == Mutation::kNone) ? 0 : 1;
}

}  // namespace
}  // namespace lotura::simulation

int main(int count, char** arguments) {
  return lotura::observe::Fenced(
      [&] {
        return lotura::simulation::Main({arguments + 1, static_cast<std::size_t>(count - 1)});
      },
      [](std::string_view /*what*/) {
        std::fputs("lotura-simulation: an exception reached its entry\n", stderr);
        return 3;
      });
}
