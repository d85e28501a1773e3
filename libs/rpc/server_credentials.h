// Credentials of a server whose certificate may be replaced while it serves.
#pragma once

#include <memory>

namespace grpc {
class ServerCredentials;
}  // namespace grpc

namespace lotura::rpc {

class TlsSource;

// Each new connection is made with what `certificates` has at that moment; connections that exist
// stay as they are. If there are authorities, clients must show a certificate that they signed. For
// one port with one address. `certificates` must outlive the result, and that the server.
std::shared_ptr<grpc::ServerCredentials> ReloadingCredentials(const TlsSource& certificates);

}  // namespace lotura::rpc
