// The other end of a connection, by its certificate.
#pragma once

#include <string_view>
#include <vector>

namespace lotura::rpc {

// What a certificate says that was verified when the connection was made; empty for any other
// connection. Points into memory of the transport.
struct Peer {
  // Its URI, if it has one alone and that is a SPIFFE id.
  std::string_view spiffe_id;
  std::vector<std::string_view> dns_names;

  [[nodiscard]] bool empty() const { return spiffe_id.empty() && dns_names.empty(); }
};

}  // namespace lotura::rpc
