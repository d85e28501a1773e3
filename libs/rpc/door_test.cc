// The door over a real connection: what it answers, and how it refuses.
#include "libs/rpc/door.h"

#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

#include <future>

#include "libs/rpc/door_fixture.h"
#include "libs/testing/eventually.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

std::string DomainOf(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::ErrorInfo info;
  return payload.has_value() && info.ParseFromString(std::string(*payload)) ? info.domain() : "";
}

class DoorTest : public ::testing::Test {
 protected:
  RawAnswer Call(const std::string& method, std::vector<std::string> messages) {
    return Send(server_.channel(),
                {.method = method, .messages = std::move(messages), .token = server_.Token()});
  }

  EchoServer server_;
};

TEST_F(DoorTest, ABlockingHandlerAnswers) {
  const RawAnswer answer = server_.Echo(Text<echo::EchoRequest>("hello"));

  ASSERT_THAT(answer.status, IsOk());
  ASSERT_EQ(answer.messages.size(), 1U);
  EXPECT_EQ(TextOf<echo::EchoResponse>(answer.messages[0]), "hello");
}

TEST_F(DoorTest, AnAsynchronousHandlerAnswersFromAnotherThread) {
  std::promise<Done> handed_over;
  const std::jthread other(
      [&] { handed_over.get_future().get()(std::make_shared<echo::EchoLaterResponse>()); });
  server_.later_handler = [&](auto, auto, Done done) { handed_over.set_value(std::move(done)); };

  EXPECT_THAT(Call(kEchoLater, {""}).status, IsOk());
}

TEST_F(DoorTest, AHandlerSeesWhoCalls) {
  lotura::Call seen{.deadline = Deadline::After(0s)};
  server_.echo_handler = [&](const lotura::Call& call, const auto&) {
    seen = call;
    return echo::EchoResponse();
  };

  const RawAnswer answer = Send(
      server_.channel(),
      {.method = kEcho,
       .token = server_.Token(),
       .headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}});

  ASSERT_THAT(answer.status, IsOk());
  EXPECT_EQ(seen.principal.name, "users/anna");
  EXPECT_EQ(seen.principal.tenant.value.ToString(), "00000000-0000-4000-8000-000000000001");
  EXPECT_EQ(seen.method, kEcho);
  EXPECT_EQ(seen.trace.TraceIdHex(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_LE(seen.deadline.Left(), 6s);
}

TEST_F(DoorTest, AnUnknownMethodIsUnimplemented) {
  for (const char* method :
       {"lotura.rpctest.v1.EchoService/Nothing", "no.Such/Method", "nonsense"}) {
    EXPECT_THAT(Call(method, {""}).status, StatusIs(StatusCode::kUnimplemented, "METHOD_UNKNOWN"));
  }
}

TEST_F(DoorTest, TwoRequestsAreOneTooMany) {
  const auto answer = Call(kEcho, {Text<echo::EchoRequest>("a"), Text<echo::EchoRequest>("b")});

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kInvalidArgument, "REQUEST_REPEATED"));
}

TEST_F(DoorTest, NoRequestIsOneTooFew) {
  EXPECT_THAT(Call(kEcho, {}).status, StatusIs(StatusCode::kInvalidArgument, "REQUEST_MISSING"));
}

TEST_F(DoorTest, BytesThatAreNoMessageAreRefused) {
  EXPECT_THAT(Call(kEcho, {"\xFF\xFF\xFF"}).status,
              StatusIs(StatusCode::kInvalidArgument, "REQUEST_MALFORMED"));
}

TEST_F(DoorTest, TextThatIsNotUtf8IsRefusedWithItsField) {
  // Field 2, three bytes: field 1, one byte that begins no character.
  const RawAnswer answer = Call(kEcho, {std::string("\x12\x03\x0A\x01\xFF", 5)});

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kInvalidArgument, "INVALID_UTF8"));
  EXPECT_THAT(answer.status, HasViolation("inner.text", "INVALID_UTF8"));
}

TEST_F(DoorTest, TextThatIsNotUtf8IsNamedWithItsPlaceInAList) {
  const RawAnswer answer = Call(kEcho, {std::string("\x1A\x00\x1A\x03\x0A\x01\xFF", 7)});

  EXPECT_THAT(answer.status, HasViolation("others[1].text", "INVALID_UTF8"));
  EXPECT_EQ(answer.ErrorInfos(), 1);
}

TEST_F(DoorTest, EveryErrorNamesTheDomainOfItsService) {
  server_.echo_handler = [](const auto&, const auto&) { return NotFound("thing", "things/a"); };

  const absl::Status status = server_.Echo("").status;

  EXPECT_THAT(status, StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
  EXPECT_EQ(DomainOf(status), "lotura.rpctest");
  EXPECT_EQ(InfoOf(status).metadata.at("name"), "things/a");
}

TEST_F(DoorTest, AnExceptionStopsAtTheFence) {
  server_.echo_handler = [](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
    throw std::runtime_error("secret");
  };

  const absl::Status status = server_.Echo("").status;

  EXPECT_THAT(status, StatusIs(StatusCode::kInternal, "INTERNAL"));
  EXPECT_EQ(Message(status).find("secret"), std::string::npos);
  EXPECT_FALSE(InfoOf(status).metadata.at("error_id").empty());
}

TEST_F(DoorTest, AnAsynchronousHandlerThatForgetsItsCallIsInternal) {
  server_.later_handler = [](const auto&, const auto&, const Done&) {};

  EXPECT_THAT(Call(kEchoLater, {""}).status, StatusIs(StatusCode::kInternal, "INTERNAL"));
}

TEST_F(DoorTest, OnlyTheFirstAnswerCounts) {
  server_.later_handler = [](const auto&, const auto&, const Done& done) {
    done(std::make_shared<echo::EchoLaterResponse>());
    done(NotFound("thing", "things/a"));
  };

  EXPECT_THAT(Call(kEchoLater, {""}).status, IsOk());
}

TEST_F(DoorTest, AHandlerThatAnswersAnotherTypeIsInternal) {
  server_.later_handler = [](const auto&, const auto&, const Done& done) {
    done(std::make_shared<echo::EchoResponse>());
  };

  EXPECT_THAT(Call(kEchoLater, {""}).status, StatusIs(StatusCode::kInternal, "INTERNAL"));
}

TEST_F(DoorTest, ThePolicyCutsALongDeadline) {
  std::optional<Done> kept;
  server_.later_handler = [&](const auto&, const auto&, Done done) { kept = std::move(done); };

  EXPECT_THAT(Call(kEchoLater, {""}).status,
              StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));

  (*kept)(std::make_shared<echo::EchoLaterResponse>());
}

TEST_F(DoorTest, AStreamAnswersEachMessage) {
  std::vector<std::string> messages;
  for (int i = 0; i < 500; ++i) messages.push_back(Text<echo::ChatRequest>(std::to_string(i)));

  const RawAnswer answer = Call(kChat, messages);

  ASSERT_THAT(answer.status, IsOk());
  ASSERT_EQ(answer.messages.size(), 500U);
  EXPECT_EQ(TextOf<echo::ChatResponse>(answer.messages[499]), "499");
}

TEST_F(DoorTest, ABadMessageEndsAStreamAndItsSessionBeforeTheClientKnows) {
  class Session final : public StreamSession {
   public:
    explicit Session(std::atomic<bool>& ended) : ended_(ended) {}
    void OnMessage(std::unique_ptr<pbuf::Message> /*message*/) override {}
    void OnEnd() override { ended_ = true; }

   private:
    std::atomic<bool>& ended_;
  };
  std::atomic<bool> ended = false;
  server_.chat_handler = [&](const auto&, const auto&) -> std::shared_ptr<StreamSession> {
    return std::make_shared<Session>(ended);
  };

  EXPECT_THAT(Call(kChat, {"\xFF\xFF"}).status,
              StatusIs(StatusCode::kInvalidArgument, "REQUEST_MALFORMED"));
  EXPECT_TRUE(ended);
}

TEST_F(DoorTest, CallsAreCountedByCode) {
  const std::string labels =
      R"(grpc_method="Echo",grpc_service="lotura.rpctest.v1.EchoService",grpc_type="unary",service="rpctest")";
  const std::string ok = "grpc_server_handled_total{grpc_code=\"OK\"," + labels + "}";
  const std::string missing =
      "grpc_server_handled_total{grpc_code=\"InvalidArgument\"," + labels + "}";
  EXPECT_EQ(server_.Metric(ok), 0);

  (void)server_.Echo("");
  (void)Call(kEcho, {});

  EXPECT_EQ(server_.Metric(ok), 1);
  EXPECT_EQ(server_.Metric(missing), 1);
  EXPECT_EQ(server_.Metric("grpc_server_handling_seconds_count{" + labels + "}"), 2);
  EXPECT_EQ(server_.Metric("grpc_server_msg_received_total{" + labels + "}"), 1);
}

TEST_F(DoorTest, ACompleteTableIsComplete) {
  EXPECT_THAT(server_.door().CheckComplete({"lotura.rpctest.v1"}), IsOk());
}

TEST_F(DoorTest, EveryGapOfTheTableIsNamed) {
  server_.door().Handle("lotura.rpctest.v1.EchoService/Ecoh",
                        AsyncHandler([](auto, auto, auto) {}));
  server_.door().Handle(kEcho, AsyncHandler([](auto, auto, auto) {}));
  server_.door().Handle(kChat, AsyncHandler([](auto, auto, auto) {}));

  const std::string text =
      Message(server_.door().CheckComplete({"lotura.rpcgap.v1", "lotura.none.v1"}));

  EXPECT_THAT(text, ::testing::HasSubstr("GapService/WithoutPolicy: it has no option"));
  EXPECT_THAT(text, ::testing::HasSubstr("GapService/WithoutHandler: it has no handler"));
  EXPECT_THAT(text, ::testing::HasSubstr("lotura.none.v1: the package has no service"));
  EXPECT_THAT(text, ::testing::HasSubstr("EchoService/Ecoh: there is no such method"));
  EXPECT_THAT(text, ::testing::HasSubstr("EchoService/Echo: it has two handlers"));
  EXPECT_THAT(text, ::testing::HasSubstr("EchoService/Chat: only a streaming method"));
}

}  // namespace
}  // namespace lotura::rpc
