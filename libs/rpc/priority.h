// How soon the caller of a call needs its answer.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lotura::rpc {

enum class Priority {
  kInteractive,  // somebody waits for it
  kBulk,         // it may come later: under overload it is refused first
};
inline constexpr std::array kPriorities = {Priority::kInteractive, Priority::kBulk};

// "interactive" or "bulk": as metrics label it.
const char* NameOf(Priority priority);

// The header `priority` of a call that is bulk.
inline constexpr char kBulkHeader[] = "u=7";

// Of the header `priority` of RFC 9218, for example "u=7": an urgency from 4 to 7 is bulk, one from
// 0 to 3 interactive. As the standard wants it, what is missing, unknown or out of range counts as
// the default, urgency 3; it is never an error.
Priority ParsePriority(std::string_view header);

}  // namespace lotura::rpc
