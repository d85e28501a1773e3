// A server of the test's own with the echo service.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "libs/rpc/door.h"
#include "libs/rpc/raw_call.h"
#include "libs/rpc/server.h"
#include "libs/rpc/token_issuer.h"
#include "libs/rpc/token_verifier.h"
#include "libs/rpc/witness.h"
#include "libs/testing/process.h"
#include "libs/testing/status_matchers.h"
#include "lotura/rpctest/v1/echo.pb.h"

namespace lotura::rpc {

inline constexpr char kEcho[] = "lotura.rpctest.v1.EchoService/Echo";
inline constexpr char kEchoLater[] = "lotura.rpctest.v1.EchoService/EchoLater";
inline constexpr char kChat[] = "lotura.rpctest.v1.EchoService/Chat";

namespace echo = ::lotura::rpctest::v1;

// Says everything back.
class EchoSession final : public StreamSession {
 public:
  explicit EchoSession(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  void OnMessage(std::unique_ptr<pbuf::Message> message) override {
    auto response = std::make_shared<echo::ChatResponse>();
    response->set_text(static_cast<const echo::ChatRequest&>(*message).text());
    stream_->Write(std::move(response));
  }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }

 private:
  const std::shared_ptr<Stream> stream_;  // kept by the transport, too, until OnEnd
};

inline StreamHandler EchoStream() {
  return [](const auto&,
            std::shared_ptr<Stream> stream) -> absl::StatusOr<std::shared_ptr<StreamSession>> {
    return std::make_shared<EchoSession>(std::move(stream));
  };
}

// Serves Echo by `echo_handler`, EchoLater by `later_handler`, and Chat by `chat_handler`.
class EchoServer {
 public:
  explicit EchoServer(const ServerOptions& options = {}, const DoorOptions& door_options = {},
                      const ExecutorOptions& executor_options = {.threads = 2},
                      const std::vector<ServicePrincipal>& services = {}, Quotas* quotas = nullptr)
      : services_(services, metrics_), executor_(executor_options, metrics_) {
    WriteKeys(issuer_.KeySetJson());
    verifier_ = *TokenVerifier::Create(
        {.issuers = {{.id = "test", .keys = KeysPath(), .rules = rules_}}}, clock_, log_, metrics_);
    PipelineParts parts{*verifier_, executor_, clock_, log_, metrics_};
    if (!services.empty()) parts.services = &services_;
    parts.witness = &witness_;
    parts.quotas = quotas;
    door_.emplace(door_options, parts);
    door_->Handle(kEcho, Bind<echo::EchoRequest, echo::EchoResponse>(
                             [this](const Call& call, const echo::EchoRequest& request) {
                               return echo_handler(call, request);
                             }));
    door_->Handle(kEchoLater, AsyncHandler([this](auto call, auto request, Done done) {
                    later_handler(std::move(call), std::move(request), std::move(done));
                  }));
    door_->Handle(kChat, StreamHandler([this](auto call, auto stream) {
                    return chat_handler(std::move(call), std::move(stream));
                  }));
    server_ = *Server::Start(options, *door_);
    channel_ = NewChannel();
  }

  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(fmt::format("127.0.0.1:{}", server_->port()),
                                     grpc::InsecureChannelCredentials(), arguments);
  }

  std::string Token(const std::vector<std::string>& permissions = {"rpctest.*"}) const {
    const Principal anna{TenantId{*Uuid::Parse("00000000-0000-4000-8000-000000000001")},
                         "users/anna", permissions, Grounds::kToken};
    return issuer_.Mint(anna, rules_, clock_.Now() + std::chrono::hours(1));
  }
  RawAnswer Echo(const std::string& message,
                 std::chrono::milliseconds deadline = std::chrono::seconds(5)) {
    return Send(channel_,
                {.method = kEcho, .messages = {message}, .token = Token(), .deadline = deadline});
  }
  std::string KeysPath() const { return directory_.path() + "/keys.json"; }
  void WriteKeys(const std::string& json) const { std::ofstream(KeysPath()) << json; }
  const observe::Metrics& metrics() const { return metrics_; }
  // The value of a series, from the exposition; -1 if there is none.
  double Metric(const std::string& series) const {
    const std::string text = metrics_.Exposition();
    const std::size_t at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
  }

  std::function<absl::StatusOr<echo::EchoResponse>(const Call&, const echo::EchoRequest&)>
      echo_handler =
          [](const Call&, const echo::EchoRequest& request) -> absl::StatusOr<echo::EchoResponse> {
    echo::EchoResponse response;
    response.set_text(request.text());
    return response;
  };
  StreamHandler chat_handler = EchoStream();
  AsyncHandler later_handler = [](const auto&, const auto& request, const Done& done) {
    auto response = std::make_shared<echo::EchoLaterResponse>();
    response->set_text(static_cast<const echo::EchoLaterRequest&>(*request).text());
    done(std::move(response));
  };

  // Lets everything leave unless a test says otherwise.
  class TestWitness final : public Witness {
   public:
    std::function<bool(const pbuf::Message&, const Leave&)> may_leave =
        [](const pbuf::Message&, const Leave&) { return true; };

    bool MayLeave(const Method&, const Call&, const pbuf::Message& answer, Leave leave) override {
      return may_leave(answer, leave);
    }
  };
  TestWitness& witness() { return witness_; }

  Door& door() { return *door_; }
  Server& server() const { return *server_; }
  void StopServer() { server_.reset(); }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  testing::TempDir directory_;
  SystemClock clock_;
  observe::Metrics metrics_{"rpctest"};
  int null_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
  observe::Log log_{{.service = "rpctest", .descriptor = null_}, metrics_};
  TokenRules rules_{
      .issuer = "https://issuer.test", .audience = "lotura", .grounds = Grounds::kToken};
  TokenIssuer issuer_{Algorithm::kEs256, "key-1"};
  std::unique_ptr<TokenVerifier> verifier_;
  const ServicePrincipals services_;
  TestWitness witness_;
  Executor executor_;
  std::optional<Door> door_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;  // shared with the stubs that tests make
};

template <typename Message>
std::string Text(const std::string& text) {
  Message message;
  message.set_text(text);
  return message.SerializeAsString();
}

template <typename Message>
std::string TextOf(const std::string& bytes) {
  Message message;
  return message.ParseFromString(bytes) ? message.text() : "(not a message)";
}

}  // namespace lotura::rpc
