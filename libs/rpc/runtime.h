// What a process tells the libraries beneath gRPC before it serves.
#pragma once

namespace lotura::rpc {

// Once in a process, before the first server; again does nothing new.
void ConfigureRuntime();

}  // namespace lotura::rpc
