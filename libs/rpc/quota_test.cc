// Quotas at the door over a real connection.
#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

#include <future>

#include "libs/rpc/conversation.h"
#include "libs/rpc/door_fixture.h"
#include "libs/rpc/quotas.h"
#include "libs/testing/eventually.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

// Admits so many calls, every second of them later from another thread.
class CountedQuotas final : public Quotas {
 public:
  explicit CountedQuotas(int calls) : left_(calls) {}

  std::optional<absl::Status> Try(const Principal&) override {
    if (asked_++ % 2 == 0) return Take();
    return std::nullopt;
  }
  void Ask(const Principal&, Done done) override {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, done = std::move(done)] { done(Take()); });
  }

 private:
  absl::Status Take() {
    if (left_-- > 0) return absl::OkStatus();
    absl::Status refusal = ResourceExhausted("QUOTA_EXCEEDED", "the caller may make 2 calls", 500);
    google::rpc::QuotaFailure failure;
    failure.add_violations()->set_subject("caller");
    refusal.SetPayload("type.googleapis.com/google.rpc.QuotaFailure",
                       absl::Cord(failure.SerializeAsString()));
    return refusal;
  }

  std::atomic<int> asked_ = 0;
  std::atomic<int> left_;
  std::mutex mutex_;  // guards threads_
  std::vector<std::jthread> threads_;
};

// Decides nothing before it is told to.
class HeldQuotas final : public Quotas {
 public:
  std::optional<absl::Status> Try(const Principal&) override { return std::nullopt; }
  void Ask(const Principal&, Done done) override { asked_.set_value(std::move(done)); }

  void Admit() {
    auto asked = asked_.get_future();
    ASSERT_EQ(asked.wait_for(5s), std::future_status::ready);
    asked.get()(absl::OkStatus());
  }

 private:
  std::promise<Done> asked_;
};

TEST(QuotaTest, NothingOfARequestIsTakenBeforeItsCallIsAdmitted) {
  HeldQuotas quotas;
  EchoServer server({}, {}, {.threads = 2}, {}, &quotas);
  Conversation call(server.channel(), kEcho, server.Token());
  // More than the transport takes on its own account.
  echo::EchoRequest large;
  large.set_text(std::string(12 << 20, 'x'));

  EXPECT_TRUE(absl::IsDeadlineExceeded(call.Write(large, Deadline::After(300ms))));
  quotas.Admit();

  // Reading learns that it was taken; writes can be closed only then.
  echo::EchoResponse answer;
  EXPECT_TRUE(Eventually(
      [&] {
        call.Read(answer, Deadline::After(10ms)).IgnoreError();
        return call.CloseWrites(Deadline::After(5s)).ok();
      },
      5s));
}

TEST(QuotaTest, CallsAndStreamsOverAQuotaAreRefusedWithAllThatACallerNeeds) {
  CountedQuotas quotas(3);
  EchoServer server({}, {}, {.threads = 2}, {}, &quotas);
  const auto open_chat = [&] {
    return Send(server.channel(),
                {.method = kChat,
                 .messages = {Text<echo::ChatRequest>("a"), Text<echo::ChatRequest>("b"),
                              Text<echo::ChatRequest>("c"), Text<echo::ChatRequest>("d")},
                 .token = server.Token()});
  };
  EXPECT_THAT(server.Echo(Text<echo::EchoRequest>("one")).status, IsOk());
  EXPECT_THAT(server.Echo(Text<echo::EchoRequest>("two")).status, IsOk());
  // One call, however many messages it has.
  EXPECT_EQ(open_chat().messages.size(), 4U);

  EXPECT_THAT(open_chat().status, StatusIs(StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
  const RawAnswer answer = server.Echo(Text<echo::EchoRequest>("three"));

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
  google::rpc::Status all;
  ASSERT_TRUE(all.ParseFromString(answer.details));
  google::rpc::RetryInfo retry;
  google::rpc::QuotaFailure failure;
  for (const auto& detail : all.details()) {
    detail.UnpackTo(&retry);
    detail.UnpackTo(&failure);
  }
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
  ASSERT_EQ(failure.violations_size(), 1);
  EXPECT_EQ(failure.violations(0).subject(), "caller");
}

TEST(QuotaTest, WhoHasNoTokenIsNotCounted) {
  CountedQuotas quotas(0);
  EchoServer server({}, {}, {.threads = 2}, {}, &quotas);

  EXPECT_THAT(Send(server.channel(), {.method = kEcho}).status,
              StatusIs(StatusCode::kUnauthenticated, "TOKEN_MISSING"));
  EXPECT_THAT(Send(server.channel(), {.method = "grpc.health.v1.Health/Check"}).status, IsOk());
}

}  // namespace
}  // namespace lotura::rpc
