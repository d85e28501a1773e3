// What libpqxx throws, as statuses.
#pragma once

#include <absl/status/status.h>

#include <exception>

namespace lotura::pg {

// What was going on when the exception was thrown decides what a lost connection means.
enum class During {
  kRead,         // nothing was written: UNAVAILABLE
  kWriteSent,    // a writing statement without transaction block was sent: COMMIT_IN_DOUBT
  kTransaction,  // before COMMIT: the server rolls back, UNAVAILABLE
};

struct Fault {
  absl::Status status;
  // The connection must be thrown away.
  bool connection_lost = false;
  // Serialization failure or deadlock: the same work may succeed when it runs again.
  bool transient = false;
  // Somebody should look: the schema, a privilege or the program is wrong.
  bool alarming = false;
};

// The message of the exception may hold data of users: it is logged by name of the statement only
// and never returned.
Fault ToFault(std::exception_ptr thrown, During during);

}  // namespace lotura::pg
