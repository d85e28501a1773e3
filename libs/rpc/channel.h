// How the channel of a client is made.
#pragma once

#include <memory>

#include "libs/rpc/client.h"
#include "libs/rpc/tls_material.h"

namespace lotura::rpc {

// What the client connects with at this moment; null without certificates of its own choice.
std::shared_ptr<const TlsMaterial> MaterialOf(const ClientOptions& options);

// `material` may be null.
std::shared_ptr<grpc::Channel> ConnectWith(const ClientOptions& options,
                                           const TlsMaterial* material);

}  // namespace lotura::rpc
