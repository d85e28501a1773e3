#include "libs/rpc/server_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include "libs/rpc/tls_source.h"

namespace lotura::rpc {
namespace {

grpc_ssl_client_certificate_request_type RequestOf(const TlsMaterial& material) {
  return material.authorities.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                      : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
}

// gRPC 1.51 has two ways to replace certificates. Its TlsServerCredentials, over a
// FileWatcherCertificateProvider, throw the old ones away before they try the new ones: while a
// pair does not fit together nobody can connect. The older way, taken here, asks at each connection
// and keeps what it had until the new is ready; it is part of the C interface alone.
class Reloading final : public grpc::ServerCredentials {
 public:
  explicit Reloading(const TlsSource& certificates)
      : certificates_(certificates),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                RequestOf(*certificates.Get()), &Reloading::Fetch, this))) {}
  ~Reloading() override { grpc_server_credentials_release(credentials_); }
  Reloading(const Reloading&) = delete;
  Reloading& operator=(const Reloading&) = delete;

  // Who calls is found out by the door.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  using Answer = grpc_ssl_certificate_config_reload_status;

  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static Answer Fetch(void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<Reloading*>(self)->Next(config);
  }

  // Called by one thread at a time: gRPC holds a lock of the port.
  Answer Next(grpc_ssl_server_certificate_config** config) {
    TlsSource::Material material = certificates_.Get();
    if (material == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair{material->key.c_str(), material->certificate.c_str()};
    // gRPC 1.51 ends the process without any, also where it asks no client for a certificate.
    const char* authorities = material->authorities.empty() ? material->certificate.c_str()
                                                            : material->authorities.c_str();
    *config = grpc_ssl_server_certificate_config_create(authorities, &pair, 1);
    given_ = std::move(material);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const TlsSource& certificates_;
  grpc_server_credentials* const credentials_;
  TlsSource::Material given_;  // shared with the source
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> ReloadingCredentials(const TlsSource& certificates) {
  return std::make_shared<Reloading>(certificates);
}

}  // namespace lotura::rpc
