#include "libs/base/call.h"

#include <algorithm>

#include "libs/base/crypto.h"
#include "libs/base/hex.h"

namespace lotura {
namespace {

constexpr std::size_t kTraceparentSize = 55;

bool IsLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The standard knows no upper case.
bool FromLowerHex(std::string_view text, std::span<std::uint8_t> bytes) {
  return IsLowerHex(text) && FromHex(text, bytes);
}

}  // namespace

bool PermissionCovers(std::string_view granted, std::string_view permission) {
  if (granted == permission || granted == "*") return true;
  return granted.ends_with(".*") && permission.starts_with(granted.substr(0, granted.size() - 1));
}

bool AnyCovers(std::span<const std::string> granted, std::string_view permission) {
  return std::ranges::any_of(
      granted, [permission](const std::string& one) { return PermissionCovers(one, permission); });
}

bool Principal::Permits(std::string_view permission) const {
  return AnyCovers(permissions, permission) && (scopes.empty() || AnyCovers(scopes, permission));
}

TraceContext TraceContext::ParseOrEmpty(std::string_view traceparent, std::string_view tracestate) {
  TraceContext trace;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  const bool well_formed =
      traceparent.size() >= kTraceparentSize && FromLowerHex(traceparent.substr(0, 2), version) &&
      traceparent[2] == '-' && FromLowerHex(traceparent.substr(3, 32), trace.trace_id) &&
      traceparent[35] == '-' && FromLowerHex(traceparent.substr(36, 16), trace.span_id) &&
      traceparent[52] == '-' && FromLowerHex(traceparent.substr(53, 2), flags);
  const bool size_fits = version[0] == 0 ? traceparent.size() == kTraceparentSize
                                         : traceparent.size() == kTraceparentSize ||
                                               traceparent[kTraceparentSize] == '-';
  const bool has_ids =
      trace.trace_id != decltype(trace.trace_id){} && trace.span_id != decltype(trace.span_id){};
  if (!well_formed || version[0] == 0xFF || !size_fits || !has_ids) return {};
  trace.flags = flags[0];
  trace.state = tracestate;
  return trace;
}

TraceContext TraceContext::NextSpan() const {
  TraceContext next = *this;
  if (empty()) RandomBytes(next.trace_id);
  RandomBytes(next.span_id);
  return next;
}

std::string TraceContext::ToTraceparent() const {
  if (empty()) return {};
  const std::array<std::uint8_t, 1> last{flags};
  return "00-" + ToHex(trace_id) + "-" + ToHex(span_id) + "-" + ToHex(last);
}

std::string TraceContext::TraceIdHex() const { return empty() ? std::string() : ToHex(trace_id); }

}  // namespace lotura
