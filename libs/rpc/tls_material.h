// Certificates and keys of a server or a client: where they lie, and what must be right with them.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "libs/base/clock.h"

namespace lotura::rpc {

// Paths of files in PEM. Empty: there is none.
struct TlsFiles {
  // Its own certificate, followed by those that lead from it to a root.
  std::string certificate;
  // The private key of that certificate, without a password.
  std::string key;
  // Certificates of those who may have signed the other side's.
  std::string authorities;
};

// What stands in the files.
struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string authorities;
  // When the first of its own certificates ends; nothing if it has none.
  std::optional<Instant> expires;

  bool operator==(const TlsMaterial& other) const = default;
};

// Takes nothing that could not serve. UNAVAILABLE (TLS_FILE) if a file cannot be read;
// FAILED_PRECONDITION: TLS_CERTIFICATE, TLS_KEY, TLS_AUTHORITIES (there is none in its file, or one
// that is damaged or too weak), TLS_PAIR (certificate and key do not belong together), TLS_EXPIRED,
// TLS_NOT_YET_VALID.
absl::StatusOr<TlsMaterial> LoadTls(const TlsFiles& files, Instant now);

}  // namespace lotura::rpc
