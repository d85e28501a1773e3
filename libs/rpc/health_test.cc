// Health and reflection as clients see them.
#include "libs/rpc/health.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>
#include <gtest/gtest.h>

#include "libs/rpc/door_fixture.h"
#include "libs/testing/eventually.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr char kService[] = "lotura.rpctest.v1.EchoService";
constexpr char kReflectV1[] = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr char kReflectV1Alpha[] = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

std::string Asking(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request.SerializeAsString();
}

HealthCheckResponse::ServingStatus StatusIn(const std::string& bytes) {
  HealthCheckResponse response;
  EXPECT_TRUE(response.ParseFromString(bytes));
  return response.status();
}

class HealthTest : public ::testing::Test {
 protected:
  RawAnswer Check(const std::string& service) {
    return Send(server_.channel(),
                {.method = "grpc.health.v1.Health/Check", .messages = {Asking(service)}});
  }

  EchoServer server_;
};

TEST_F(HealthTest, AServiceDoesNotServeUntilItIsSaidTo) {
  EXPECT_EQ(StatusIn(Check(kService).messages.at(0)), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StatusIn(Check("").messages.at(0)), HealthCheckResponse::NOT_SERVING);

  server_.door().health().SetAll(Serving::kYes);

  EXPECT_EQ(StatusIn(Check(kService).messages.at(0)), HealthCheckResponse::SERVING);
  EXPECT_EQ(StatusIn(Check("").messages.at(0)), HealthCheckResponse::SERVING);
  EXPECT_EQ(StatusIn(Check("readiness").messages.at(0)), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, LivenessDependsOnNothing) {
  EXPECT_EQ(StatusIn(Check("liveness").messages.at(0)), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, AnUnknownServiceIsNotFound) {
  EXPECT_THAT(Check("no.Such").status, StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
}

TEST_F(HealthTest, AWatchSeesEachChangeUntilTheServerStops) {
  server_.door().health().SetAll(Serving::kYes);
  RawAnswer answer;
  std::jthread watcher([&] {
    answer = Send(
        server_.channel(),
        {.method = "grpc.health.v1.Health/Watch", .messages = {Asking(kService)}, .deadline = 30s});
  });
  ASSERT_TRUE(Eventually([&] { return server_.door().pipeline().open() == 1; }, 5s));
  const std::string sent =
      R"(grpc_server_msg_sent_total{grpc_method="Watch",grpc_service="grpc.health.v1.Health",grpc_type="server_stream",service="rpctest"})";
  ASSERT_TRUE(Eventually([&] { return server_.Metric(sent) == 1; }, 5s));
  server_.door().health().Set(kService, Serving::kYes);

  server_.server().Drain({.announce = 50ms, .calls = 1s});
  watcher.join();

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kUnavailable, "STOPPING"));
  ASSERT_EQ(answer.messages.size(), 2U);
  EXPECT_EQ(StatusIn(answer.messages[0]), HealthCheckResponse::SERVING);
  EXPECT_EQ(StatusIn(answer.messages[1]), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, AWatchOfAnUnknownServiceSaysSo) {
  const RawAnswer answer = Send(
      server_.channel(),
      {.method = "grpc.health.v1.Health/Watch", .messages = {Asking("no.Such")}, .deadline = 2s});

  ASSERT_EQ(answer.messages.size(), 1U);
  EXPECT_EQ(StatusIn(answer.messages[0]), HealthCheckResponse::SERVICE_UNKNOWN);
}

TEST(HealthLimitTest, WatchesWithoutATokenTakeNoPlaceFromOthers) {
  EchoServer server({}, {.pipeline = {.streams_max = 1, .open_max = 1}});
  std::jthread watcher([&] {
    Send(server.channel(), {.method = "grpc.health.v1.Health/Watch", .messages = {Asking("")}});
  });
  ASSERT_TRUE(Eventually([&] { return server.door().pipeline().open() == 1; }, 5s));

  const RawAnswer second =
      Send(server.channel(), {.method = "grpc.health.v1.Health/Watch", .messages = {Asking("")}});
  const RawAnswer chat = Send(server.channel(), {.method = kChat, .token = server.Token()});

  EXPECT_THAT(second.status, StatusIs(StatusCode::kResourceExhausted, "TOO_MANY_STREAMS"));
  EXPECT_THAT(chat.status, IsOk());
}

TEST_F(HealthTest, AWatchHasOneRequest) {
  EXPECT_THAT(
      Send(server_.channel(), {.method = "grpc.health.v1.Health/Watch", .messages = {}}).status,
      StatusIs(StatusCode::kInvalidArgument, "REQUEST_MISSING"));
  EXPECT_THAT(Send(server_.channel(),
                   {.method = "grpc.health.v1.Health/Watch", .messages = {Asking(""), Asking("")}})
                  .status,
              StatusIs(StatusCode::kInvalidArgument, "REQUEST_REPEATED"));
}

template <typename Api>
class ReflectionTest : public ::testing::Test {
 protected:
  using Request = typename Api::Request;
  using Response = typename Api::Response;

  Response Ask(const Request& request) {
    const RawAnswer answer = Send(server_.channel(), {.method = Api::kMethod,
                                                      .messages = {request.SerializeAsString()},
                                                      .token = server_.Token({})});
    EXPECT_THAT(answer.status, IsOk());
    Response response;
    EXPECT_EQ(answer.messages.size(), 1U);
    EXPECT_TRUE(response.ParseFromString(answer.messages.at(0)));
    return response;
  }
  static std::set<std::string> FilesIn(const Response& response) {
    std::set<std::string> names;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      pbuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.insert(file.name());
    }
    return names;
  }

  EchoServer server_;
};

struct V1 {
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  static constexpr const char* kMethod = kReflectV1;
};
struct V1Alpha {
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
  static constexpr const char* kMethod = kReflectV1Alpha;
};
using Apis = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Apis);

TYPED_TEST(ReflectionTest, ServicesOfTheDoorAreListed) {
  typename TypeParam::Request request;
  request.set_list_services("*");
  std::set<std::string> names;
  const auto response = this->Ask(request);
  for (const auto& service : response.list_services_response().service())
    names.insert(service.name());

  EXPECT_TRUE(names.contains(kService));
  EXPECT_TRUE(names.contains("grpc.health.v1.Health"));
  EXPECT_FALSE(names.contains("lotura.rpcgap.v1.GapService"));
}

TYPED_TEST(ReflectionTest, ASymbolBringsItsFileAndAllThatThisImports) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol(kService);

  const auto files = this->FilesIn(this->Ask(request));

  EXPECT_TRUE(files.contains("lotura/rpctest/v1/echo.proto"));
  EXPECT_TRUE(files.contains("lotura/options/v1/options.proto"));
  EXPECT_TRUE(files.contains("google/protobuf/descriptor.proto"));
}

TYPED_TEST(ReflectionTest, FilesAndExtensionsAreFound) {
  typename TypeParam::Request request;
  request.set_file_by_filename("google/api/field_behavior.proto");
  EXPECT_TRUE(this->FilesIn(this->Ask(request)).contains("google/api/field_behavior.proto"));
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.MethodOptions");
  request.mutable_file_containing_extension()->set_extension_number(51001);
  EXPECT_TRUE(this->FilesIn(this->Ask(request)).contains("lotura/options/v1/options.proto"));
  request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  EXPECT_THAT(this->Ask(request).all_extension_numbers_response().extension_number(),
              ::testing::Contains(51001));
}

TYPED_TEST(ReflectionTest, WhatIsUnknownIsNotFound) {
  typename TypeParam::Request request;
  for (const auto& ask :
       {std::function([&] { request.set_file_by_filename("none.proto"); }),
        std::function([&] { request.set_file_containing_symbol("no.Such"); }),
        std::function([&] { request.set_all_extension_numbers_of_type("no.Such"); })}) {
    ask();
    EXPECT_EQ(this->Ask(request).error_response().error_code(), 5);
  }
}

TYPED_TEST(ReflectionTest, ItNeedsAToken) {
  typename TypeParam::Request request;
  request.set_list_services("*");

  EXPECT_THAT(Send(this->server_.channel(),
                   {.method = TypeParam::kMethod, .messages = {request.SerializeAsString()}})
                  .status,
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_MISSING"));
}

TEST(ReflectionOffTest, ItCanBeSwitchedOff) {
  EchoServer server({}, {.reflection = Reflection::kOff});

  EXPECT_THAT(Send(server.channel(), {.method = kReflectV1, .token = server.Token()}).status,
              StatusIs(StatusCode::kUnimplemented, "METHOD_UNKNOWN"));
}

}  // namespace
}  // namespace lotura::rpc
