// The connection string of an operator, with what every session of the platform needs.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "libs/base/clock.h"
#include "libs/pg/database.h"

namespace lotura::pg {

// What an operator says of the way to the database, as it is at one moment.
struct Credentials {
  std::string conninfo;
  std::string password;

  bool operator==(const Credentials&) const = default;
};

// UNAVAILABLE (FILE_UNREADABLE) if one of them lies in a file that cannot be read.
absl::StatusOr<Credentials> ReadCredentials(const Options& options);
// The server takes these.
void NoteServed(const Options& options, const Credentials& credentials);
// What the server took last of what may have changed since, the rest as it is now.
Credentials ServedLast(const Options& options, const Credentials& now);

// A string of keywords for libpq, whatever form that of the operator has. Connecting is bounded by
// what is left until the deadline, in whole seconds for each host: libpq takes no fractions and
// waits two seconds at least. FAILED_PRECONDITION (CONNECTION_STRING) if it cannot be understood.
absl::StatusOr<std::string> ConninfoOf(const Options& options, const Credentials& credentials,
                                       Deadline deadline);

}  // namespace lotura::pg
