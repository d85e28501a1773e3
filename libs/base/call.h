// Who asks, on whose behalf, until when: what every use case is given.
#pragma once

#include <absl/status/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace lotura {

// Whether whoever has `granted` may do what `permission` asks for. A trailing "*" stands for all
// below: "sales.*", "*".
bool PermissionCovers(std::string_view granted, std::string_view permission);
// Whether one of them does.
bool AnyCovers(std::span<const std::string> granted, std::string_view permission);

// What a caller may do, as it is now and not when his call began; what he may do with single
// records and their fields resource::RecordRights says.
class Rights {
 public:
  virtual ~Rights() = default;
  // OK if the permission is among his, and among those that his key opens now; an empty one is
  // among those of everybody who may call at all. Otherwise what a new call would be answered with.
  [[nodiscard]] virtual absl::Status CheckPermission(std::string_view permission) const = 0;
};

// Who says what a caller may do.
enum class Grounds {
  kToken,        // his token: the permissions that it states, with all records
  kDirectory,    // the roles that directory has for him
  kCertificate,  // the file of services, by his certificate: its permissions, with all records
};

// A verified caller. Permissions are "service.collection.verb".
struct Principal {
  TenantId tenant;
  // Resource name of the user, client or service, for example "users/anna".
  std::string name;
  std::vector<std::string> permissions;
  Grounds grounds = Grounds::kDirectory;
  // Shared by his calls.
  std::shared_ptr<const Rights> rights = nullptr;
  // Of his permissions he uses those that one of these covers, too; empty: all.
  std::vector<std::string> scopes = {};
  // Where the key begins that he showed, "lotura_..."; empty for other callers.
  std::string api_key = {};
  // Until when his token says who he is.
  Instant until = Instant::max();

  // Whether no record and no field is kept from him that his permissions open.
  [[nodiscard]] bool SeesAll() const { return grounds != Grounds::kDirectory && rights == nullptr; }

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
