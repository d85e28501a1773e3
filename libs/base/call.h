// Who asks, on whose behalf, until when: what every use case is given.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura {

// A verified caller. Permissions are "service.collection.verb"; a trailing "*" stands for all below
// ("sales.*", "*").
struct Principal {
  TenantId tenant;
  // Resource name of the user or client, for example "users/anna".
  std::string name;
  std::vector<std::string> permissions;

  [[nodiscard]] bool Permits(std::string_view permission) const;
};

// W3C trace context (level 1). All zero: none.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;
  // Passed on as it came.
  std::string state;

  // Nothing for a header that the standard tells to ignore.
  static TraceContext ParseOrEmpty(std::string_view traceparent, std::string_view tracestate);
  // A new trace, or a new span of this one.
  [[nodiscard]] TraceContext NextSpan() const;
  [[nodiscard]] bool empty() const { return trace_id == std::array<std::uint8_t, 16>{}; }
  // "00-<32 hex>-<16 hex>-<2 hex>", or nothing for an empty context.
  [[nodiscard]] std::string ToTraceparent() const;
  [[nodiscard]] std::string TraceIdHex() const;
};

// One call through the door, or one event that a consumer handles. Immutable after it was made.
struct Call {
  Principal principal;
  // "lotura.sales.v1.OpportunityService/MoveOpportunity".
  std::string method;
  Deadline deadline;
  TraceContext trace;
  // The instant that the call counts as "now", the same for everything it writes.
  Instant now;
  // Id of the event that caused the call, if a consumer makes it.
  std::string cause;
};

}  // namespace lotura
