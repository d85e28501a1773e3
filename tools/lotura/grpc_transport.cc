#include "tools/lotura/grpc_transport.h"

#include <fmt/format.h>

#include <future>

#include "libs/base/errors.h"
#include "libs/base/text.h"
#include "libs/rpc/conversation.h"
#include "tools/lotura/api/resource_model.h"

namespace lotura::cli {
namespace {

constexpr int kAttempts = 3;

// Reads, and writes that a service recognizes when they come again.
bool IsRepeatable(const google::protobuf::Message& request) {
  const auto* request_id = request.GetDescriptor()->FindFieldByName("request_id");
  return request_id == nullptr || !api::TextOf(request, "request_id").empty();
}

// Who answers: what a process does for each of its services says for which.
std::string ServiceOf(const google::protobuf::MethodDescriptor& method,
                      const google::protobuf::Message& request) {
  if (request.GetDescriptor()->FindFieldByName("service") != nullptr)
    return api::TextOf(request, "service");
  return std::string(Split(method.file()->package(), '.').at(1));
}

class GrpcConversation final : public api::Conversation {
 public:
  GrpcConversation(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                   const std::string& bearer)
      : conversation_(channel, method, bearer) {}

  absl::Status Write(const google::protobuf::Message& message,
                     std::chrono::milliseconds timeout) override {
    return conversation_.Write(message, Deadline::After(timeout));
  }
  absl::StatusOr<bool> Read(google::protobuf::Message& message,
                            std::chrono::milliseconds timeout) override {
    return conversation_.Read(message, Deadline::After(timeout));
  }

 private:
  rpc::Conversation conversation_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> GrpcTransport::Call(
    const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
    std::chrono::milliseconds timeout) {
  LOTURA_ASSIGN_OR_RETURN(rpc::Client* const client, ClientOf(ServiceOf(method, request)));
  const bool repeat = manner_.retries == Retries::kHere && IsRepeatable(request);
  const rpc::CallOptions options{.deadline = Deadline::After(timeout),
                                 .bearer = connection_.token,
                                 .repeat = repeat ? rpc::Repeat::kSafe : rpc::Repeat::kNever,
                                 .priority = manner_.priority};
  std::shared_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  std::promise<rpc::Client::Response> answer;
  client->Start(
      fmt::format("{}/{}", method.service()->full_name(), method.name()), std::move(copy),
      api::NewMessage(*method.output_type()), options,
      [&answer](rpc::Client::Response response) { answer.set_value(std::move(response)); });
  return answer.get_future().get();
}

absl::StatusOr<rpc::Client*> GrpcTransport::ClientOf(const std::string& service) {
  LOTURA_ASSIGN_OR_RETURN(const std::string endpoint, connection_.EndpointOf(service));
  const std::lock_guard lock(mutex_);
  std::unique_ptr<rpc::Client>& client = clients_[endpoint];
  if (client == nullptr) {
    client = std::make_unique<rpc::Client>(OptionsOf(service, endpoint), metrics_);
  }
  return client.get();
}

rpc::ClientOptions GrpcTransport::OptionsOf(const std::string& service,
                                            const std::string& endpoint) const {
  rpc::ClientOptions options{
      .target = endpoint, .neighbor = service, .security = security_, .attempts_max = kAttempts};
  if (connection_.certificates != nullptr)
    options.certificates = [certificates = connection_.certificates] { return certificates; };
  return options;
}

absl::StatusOr<std::unique_ptr<api::Conversation>> GrpcTransport::Converse(
    const google::protobuf::MethodDescriptor& method, const std::string& service) {
  LOTURA_ASSIGN_OR_RETURN(const std::string endpoint, connection_.EndpointOf(service));
  return std::make_unique<GrpcConversation>(
      rpc::ConnectTo(OptionsOf(service, endpoint)),
      fmt::format("{}/{}", method.service()->full_name(), method.name()), connection_.token);
}

}  // namespace lotura::cli
