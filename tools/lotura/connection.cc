#include "tools/lotura/connection.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "tools/lotura/api/text_file.h"
#include "tools/lotura/exit_code.h"

namespace lotura::cli {
namespace {

absl::Status AddEndpoint(std::string_view text, Connection& connection) {
  const std::size_t equals = text.find('=');
  const bool for_all = equals == std::string_view::npos;
  const std::string service(for_all ? "" : Trim(text.substr(0, equals)));
  const std::string address(Trim(for_all ? text : text.substr(equals + 1)));
  if (address.empty() || (!for_all && service.empty()))
    return UsageError(fmt::format("'{}' is not host:port or service=host:port", text));
  connection.endpoints[service] = address;
  return absl::OkStatus();
}

// The file that tools/dev up writes; nothing if there is none in this directory or above.
std::optional<std::filesystem::path> FindEndpointsFile(std::filesystem::path directory) {
  while (true) {
    std::error_code error;
    const auto file = directory / "var" / "endpoints.json";
    if (std::filesystem::is_regular_file(file, error)) return file;
    if (!directory.has_relative_path()) return std::nullopt;
    directory = directory.parent_path();
  }
}

absl::Status ReadEndpointsFile(const std::filesystem::path& path, Connection& connection) {
  LOTURA_ASSIGN_OR_RETURN(const std::string text, api::ReadTextFile(path));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto grpc = json.is_object() ? json.find("grpc") : json.end();
  if (!json.is_object() || grpc == json.end() || !grpc->is_object())
    return UsageError(fmt::format("{} does not say where the services are", path.string()));
  for (const auto& [service, address] : grpc->items()) {
    if (address.is_string()) connection.endpoints[service] = address.get_ref<const std::string&>();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadToken(const std::filesystem::path& path) {
  LOTURA_ASSIGN_OR_RETURN(const std::string text, api::ReadTextFile(path));
  return std::string(Trim(text));
}

absl::StatusOr<std::string> FindToken(const ConnectionFlags& flags, const Variables& variables) {
  if (!flags.token_file.empty()) return ReadToken(flags.token_file);
  if (const auto token = variables("LOTURA_TOKEN")) return std::string(Trim(*token));
  if (const auto file = variables("LOTURA_TOKEN_FILE")) return ReadToken(*file);
  return std::string();
}

rpc::TlsFiles FindTlsFiles(const ConnectionFlags& flags, const Variables& variables) {
  const auto find = [&variables](const std::string& flag, const char* variable) {
    return flag.empty() ? variables(variable).value_or("") : flag;
  };
  return {.certificate = find(flags.tls_files.certificate, "LOTURA_CERTIFICATE_FILE"),
          .key = find(flags.tls_files.key, "LOTURA_KEY_FILE"),
          .authorities = find(flags.tls_files.authorities, "LOTURA_CA_FILE")};
}

absl::Status FindCertificates(const rpc::TlsFiles& files, Connection& connection) {
  if (files.certificate.empty() && files.key.empty() && files.authorities.empty())
    return absl::OkStatus();
  auto material = rpc::LoadTls(files, SystemClock().Now());
  if (!material.ok()) return UsageError(Message(material.status()));
  connection.certificates = std::make_shared<const rpc::TlsMaterial>(*std::move(material));
  return absl::OkStatus();
}

}  // namespace

Variables ProcessVariables() {
  return [](const std::string& name) -> std::optional<std::string> {
    // Nothing in this process changes its environment.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

absl::StatusOr<std::string> Connection::EndpointOf(const std::string& service) const {
  auto found = endpoints.find(service);
  if (found == endpoints.end()) found = endpoints.find("");
  if (found != endpoints.end()) return found->second;
  return UsageError(fmt::format("no endpoint is given for the service '{}'", service));
}

absl::StatusOr<Connection> ResolveConnection(const ConnectionFlags& flags,
                                             const Variables& variables,
                                             const std::filesystem::path& directory) {
  Connection connection;
  for (const std::string& text : flags.endpoints)
    LOTURA_RETURN_IF_ERROR(AddEndpoint(text, connection));
  const auto variable = variables("LOTURA_ENDPOINT");
  if (connection.endpoints.empty() && variable.has_value()) {
    for (const std::string_view text : Split(*variable, ','))
      LOTURA_RETURN_IF_ERROR(AddEndpoint(text, connection));
  }
  if (connection.endpoints.empty()) {
    const auto file = FindEndpointsFile(directory);
    if (!file.has_value()) {
      return UsageError(
          "there is no endpoint: give --endpoint host:port, set LOTURA_ENDPOINT, or run this below "
          "a repository in which tools/dev up runs");
    }
    LOTURA_RETURN_IF_ERROR(ReadEndpointsFile(*file, connection));
  }
  const rpc::TlsFiles files = FindTlsFiles(flags, variables);
  LOTURA_RETURN_IF_ERROR(FindCertificates(files, connection));
  LOTURA_ASSIGN_OR_RETURN(connection.token, FindToken(flags, variables));
  return connection;
}

absl::Status CheckCaller(const Connection& connection) {
  const auto& certificates = connection.certificates;
  const bool is_shown = certificates != nullptr && !certificates->certificate.empty();
  if (is_shown || !connection.token.empty()) return absl::OkStatus();
  return UsageError(
      "there is no token: set LOTURA_TOKEN or LOTURA_TOKEN_FILE, or give --token-file; for the "
      "development stack: export LOTURA_TOKEN=$(tools/dev token)");
}

}  // namespace lotura::cli
