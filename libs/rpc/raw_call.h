// A client that may send anything.
#pragma once

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/rpc/wire_status.h"

namespace lotura::rpc {

struct RawAnswer {
  absl::Status status;
  std::vector<std::string> messages;
  // A google.rpc.Status, as it came.
  std::string details;
  // Of the server, in PEM; empty over plain text.
  std::string certificate;

  [[nodiscard]] int ErrorInfos() const {
    google::rpc::Status all;
    all.ParseFromString(details);
    int count = 0;
    for (const auto& detail : all.details()) count += detail.Is<google::rpc::ErrorInfo>() ? 1 : 0;
    return count;
  }
};

struct RawCall {
  std::string method;
  std::vector<std::string> messages = {std::string()};
  std::string token = {};
  std::chrono::milliseconds deadline{5'000};
  std::multimap<std::string, std::string> headers = {};
};

// Sends the messages, closes its side, and collects everything that comes back.
inline RawAnswer Send(const std::shared_ptr<grpc::Channel>& channel, const RawCall& call) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + call.deadline);
  if (!call.token.empty()) context.AddMetadata("authorization", "Bearer " + call.token);
  for (const auto& [key, value] : call.headers) context.AddMetadata(key, value);
  grpc::CompletionQueue queue;
  const auto await = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  const auto stream = stub.PrepareCall(&context, "/" + call.method, &queue);
  stream->StartCall(nullptr);
  bool open = await();
  for (const std::string& message : call.messages) {
    if (!open) break;
    const grpc::Slice slice(message);
    stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    open = await();
  }
  if (open) {
    stream->WritesDone(nullptr);
    await();
  }
  RawAnswer answer;
  for (grpc::ByteBuffer bytes;;) {
    stream->Read(&bytes, nullptr);
    if (!await()) break;
    grpc::Slice slice;
    bytes.DumpToSingleSlice(&slice);
    answer.messages.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  await();
  queue.Shutdown();
  for (const grpc::string_ref& pem :
       context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME))
    answer.certificate.assign(pem.data(), pem.size());
  answer.details = status.error_details();
  answer.status =
      FromWire({static_cast<int>(status.error_code()), status.error_message(), answer.details});
  return answer;
}

}  // namespace lotura::rpc
