// lotura-bench-lister: reads the same page of the same list of organizations for several tenants in
// turn, and prints one JSON object that says how long that took for each of them.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "libs/base/errors.h"
#include "libs/base/options.h"
#include "libs/base/text.h"
#include "libs/observe/metrics.h"
#include "libs/rpc/client.h"
#include "tools/bench/lister/list.h"
#include "tools/bench/program.h"

namespace lotura::bench {
namespace {

constexpr int kWarmUpCalls = 5;
// As few as a 95th percentile can be told of.
constexpr int kCallsMin = 20;

struct Settings {
  std::string target;
  std::string token_files;
  std::string order_by;
  std::string filter;
  std::int64_t page = 1;
  std::int64_t rounds = 3;
  std::int64_t calls = 100;
  std::int64_t round_ms = 3'000;

  void Declare(Options& options) {
    options.RequiredText({"target", "the server, as host:port"}, target);
    options.RequiredText({"token-files", "files with tokens, one for each tenant, with commas"},
                         token_files);
    options.Text({"order-by", "order of the list"}, order_by);
    options.Text({"filter", "filter of the list"}, filter);
    options.Number({"page", "which page of fifty; the last one if there are fewer"}, page,
                   {1, 1'000'000});
    options.Number({"rounds", "how often that is measured"}, rounds, {1, 100});
    options.Number({"calls", "calls of a round for each tenant"}, calls, {kCallsMin, 100'000});
    options.Number({"round-ms", "a round with calls enough ends after it", "ms"}, round_ms,
                   {1, 600'000});
  }
};

// The list of one tenant, and what became of it.
struct Subject {
  List list;
  bool has_page = true;
  std::string index = {};  // What the refusal names; empty while the list is answered.
  std::vector<double> p95_us = {};

  [[nodiscard]] bool IsMeasured() const { return has_page && index.empty(); }
};

// Takes the refusal of a list that is too expensive as a result; other errors stay errors.
absl::Status Note(const absl::Status& status, Subject& subject) {
  if (ReasonOf(status) != "QUERY_TOO_EXPENSIVE") return status;
  subject.index = InfoOf(status).metadata["index"];
  if (subject.index.empty()) return Internal("the refusal names no index");
  return absl::OkStatus();
}

absl::Status Open(const Settings& settings, Subject& subject) {
  const absl::StatusOr<bool> has_page = subject.list.GoToPage(settings.page);
  if (!has_page.ok()) return Note(has_page.status(), subject);
  subject.has_page = *has_page;
  for (int i = 0; i < kWarmUpCalls && subject.IsMeasured(); ++i)
    LOTURA_RETURN_IF_ERROR(Note(subject.list.Measure(), subject));
  return absl::OkStatus();
}

absl::Status RunRound(const Settings& settings, std::vector<Subject>& subjects) {
  using Clock = std::chrono::steady_clock;
  for (Subject& subject : subjects) subject.list.ForgetMeasured();
  const auto end = Clock::now() + std::chrono::milliseconds(settings.round_ms);
  for (int call = 0; call < settings.calls && (call < kCallsMin || Clock::now() < end); ++call) {
    for (Subject& subject : subjects) {
      if (subject.IsMeasured()) LOTURA_RETURN_IF_ERROR(Note(subject.list.Measure(), subject));
    }
  }
  for (Subject& subject : subjects) {
    const std::chrono::nanoseconds p95 = subject.list.latencies().Percentile(0.95);
    subject.p95_us.push_back(static_cast<double>(p95.count()) / 1e3);
  }
  return absl::OkStatus();
}

nlohmann::json ToJson(const Subject& subject) {
  nlohmann::json json = {{"has_page", subject.has_page},
                         {"index", subject.index},
                         {"records", subject.list.records()},
                         {"p95_us", nlohmann::json::array()}};
  if (subject.IsMeasured()) json["p95_us"] = subject.p95_us;
  return json;
}

absl::Status Run(const Settings& settings) {
  const observe::Metrics metrics("bench");
  rpc::Client client({.target = settings.target, .neighbor = "accounts"}, metrics);
  std::vector<Subject> subjects;
  for (const std::string_view file : Split(settings.token_files, ',')) {
    LOTURA_ASSIGN_OR_RETURN(const std::string token, ReadToken(std::string(file)));
    subjects.push_back({List(client, {token, settings.order_by, settings.filter})});
    LOTURA_RETURN_IF_ERROR(Open(settings, subjects.back()));
  }
  for (std::int64_t round = 0; round < settings.rounds; ++round)
    LOTURA_RETURN_IF_ERROR(RunRound(settings, subjects));
  nlohmann::json json = nlohmann::json::array();
  for (const Subject& subject : subjects) json.push_back(ToJson(subject));
  fmt::print("{}\n", json.dump());
  return absl::OkStatus();
}

}  // namespace
}  // namespace lotura::bench

int main(int argc, char** argv) {
  return lotura::bench::RunProgram<lotura::bench::Settings>("lotura-bench-lister", argc, argv,
                                                            lotura::bench::Run);
}
