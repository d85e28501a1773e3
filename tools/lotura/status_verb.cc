#include "tools/lotura/status_verb.h"

#include <grpc/health/v1/health.pb.h>

#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "tools/lotura/terminal/table.h"

namespace lotura::cli {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kEvery[] = "all";

// What one endpoint says.
struct Seen {
  std::string service;
  std::string address;
  std::string state;
  ExitCode code = ExitCode::kOk;
};

Seen Ask(api::Transport& transport, std::chrono::milliseconds timeout) {
  const auto* check =
      pbuf::DescriptorPool::generated_pool()->FindMethodByName("grpc.health.v1.Health.Check");
  const auto answer = transport.Call(*check, HealthCheckRequest(), timeout);
  if (!answer.ok()) return {.state = Message(answer.status()), .code = ExitCode::kUnreachable};
  HealthCheckResponse health;
  health.CopyFrom(**answer);
  const bool serves = health.status() == HealthCheckResponse::SERVING;
  return {.state = HealthCheckResponse::ServingStatus_Name(health.status()),
          .code = serves ? ExitCode::kOk : ExitCode::kRefused};
}

void Print(const std::vector<Seen>& all, const Output& output) {
  if (output.format == Format::kJson) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Seen& seen : all)
      json.push_back({{"service", seen.service}, {"address", seen.address}, {"state", seen.state}});
    output.out << json.dump(2) << "\n" << std::flush;
    return;
  }
  terminal::Table table;
  for (const char* title : {"service", "address", "state"}) table.AddColumn(title);
  for (const Seen& seen : all) table.AddRow({seen.service, seen.address, seen.state});
  output.out << table.Render(output.style) << std::flush;
}

}  // namespace

ExitCode Status(
    const Connection& connection,
    const std::function<std::unique_ptr<api::Transport>(const Connection& connection)>& connect,
    std::chrono::milliseconds timeout, const Output& output) {
  std::vector<Seen> all;
  ExitCode code = ExitCode::kOk;
  for (const auto& [service, address] : connection.endpoints) {
    Connection one = connection;
    one.endpoints = {{"", address}};
    all.push_back(Ask(*connect(one), timeout));
    all.back().service = service.empty() ? kEvery : service;
    all.back().address = address;
    code = std::max(code, all.back().code);
  }
  Print(all, output);
  return code;
}

}  // namespace lotura::cli
