#include "libs/rpc/method_metrics.h"

#include <utility>

namespace lotura::rpc {
namespace {

using observe::Counter;
using observe::FamilySpec;
using observe::Metrics;

constexpr std::array<const char*, MethodMetrics::kCodes> kGoNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

// Bounded by the methods that exist, so these bounds are never met.
constexpr std::size_t kMethodsMax = 1000;

FamilySpec Spec(Side side, const char* what, const char* help) {
  return {.name = std::string(side == Side::kServer ? "grpc_server_" : "grpc_client_") + what,
          .help = help,
          .labels = {"grpc_type", "grpc_service", "grpc_method"},
          .max_series = kMethodsMax};
}

Counter Count(const Metrics& metrics, const FamilySpec& spec, const MethodId& id) {
  return metrics.AddCounters(spec).With({id.type, id.service, id.method});
}

template <std::size_t... kIndex>
std::array<Counter, sizeof...(kIndex)> HandledCounters(Side side, const MethodId& id,
                                                       const Metrics& metrics,
                                                       std::index_sequence<kIndex...>) {
  FamilySpec spec = Spec(side, "handled_total", "Calls completed, by code.");
  spec.labels.emplace_back("grpc_code");
  spec.max_series = kMethodsMax * MethodMetrics::kCodes;
  const auto family = metrics.AddCounters(spec);
  return {family.With({id.type, id.service, id.method, kGoNames[kIndex]})...};
}

std::size_t IndexOf(absl::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  return index < MethodMetrics::kCodes ? index
                                       : static_cast<std::size_t>(absl::StatusCode::kUnknown);
}

}  // namespace

const char* GoName(absl::StatusCode code) { return kGoNames[IndexOf(code)]; }

MethodMetrics::MethodMetrics(Side side, const MethodId& id, const Metrics& metrics)
    : started(Count(metrics, Spec(side, "started_total", "Calls started."), id)),
      received(Count(metrics, Spec(side, "msg_received_total", "Messages received."), id)),
      sent(Count(metrics, Spec(side, "msg_sent_total", "Messages sent."), id)),
      handling(metrics.AddHistograms(Spec(side, "handling_seconds", "Time until a call completed."))
                   .With({id.type, id.service, id.method})),
      handled(HandledCounters(side, id, metrics, std::make_index_sequence<kCodes>())) {}

void MethodMetrics::Handled(absl::StatusCode code, double seconds) const {
  handled[IndexOf(code)].Add();
  handling.Observe(seconds);
}

}  // namespace lotura::rpc
