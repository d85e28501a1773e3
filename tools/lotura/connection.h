// Where the services are and who calls them.
#pragma once

#include <absl/status/statusor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/rpc/tls_material.h"

namespace lotura::cli {

// A variable of the environment; nothing if it is not set or empty.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

// Of this process.
Variables ProcessVariables();

struct ConnectionFlags {
  // "host:port", or "sales=host:port" for one service.
  std::vector<std::string> endpoints;
  std::string token_file;
  // What the connection shows and believes.
  rpc::TlsFiles tls_files = {};
};

struct Connection {
  // By service; "" is for every other one.
  std::map<std::string, std::string> endpoints;
  // Empty: the certificate says who calls.
  std::string token;
  std::shared_ptr<const rpc::TlsMaterial> certificates;  // shared with the clients; null: none

  // INVALID_ARGUMENT USAGE if no endpoint serves it.
  [[nodiscard]] absl::StatusOr<std::string> EndpointOf(const std::string& service) const;
};

// Endpoints: the flags, else LOTURA_ENDPOINT (separated by commas), else var/endpoints.json of the
// development stack, in `directory` or one above it. Token: the file of the flag, else
// LOTURA_TOKEN, else the file that LOTURA_TOKEN_FILE names; empty if there is none.
// Certificates: the files of the flags, else those that LOTURA_CA_FILE, LOTURA_CERTIFICATE_FILE and
// LOTURA_KEY_FILE name. Errors have the reason USAGE.
absl::StatusOr<Connection> ResolveConnection(const ConnectionFlags& flags,
                                             const Variables& variables,
                                             const std::filesystem::path& directory);

// An error, of the reason USAGE, unless a token or a certificate says who calls.
absl::Status CheckCaller(const Connection& connection);

}  // namespace lotura::cli
