// The pipeline over calls without a transport. (tsan)
#include "libs/rpc/pipeline.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"
#include "libs/testing/status_matchers.h"
#include "lotura/rpctest/v1/echo.pb.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::Eventually;
using testing::FakeClock;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
namespace echo = ::lotura::rpctest::v1;

// Knows "anna" at once, finds out about "later" when it is told to, and refuses everyone else.
class FakeAuthenticator final : public Authenticator {
 public:
  std::optional<absl::StatusOr<PrincipalPtr>> Try(std::string_view authorization) override {
    if (authorization == "anna") return Anna();
    if (authorization == "later") return std::nullopt;
    return Unauthenticated("TOKEN_MISSING", "nobody");
  }
  void Ask(std::string, Done done) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(done));
  }
  void AnswerAll(const absl::StatusOr<PrincipalPtr>& answer) {
    std::vector<Done> asked;
    {
      const std::lock_guard lock(mutex_);
      asked.swap(asked_);
    }
    for (const Done& done : asked) done(answer);
  }
  static PrincipalPtr Anna() {
    return std::make_shared<const Principal>(
        Principal{{}, "users/anna", {"echoes.read"}, Grounds::kToken});
  }

 private:
  std::mutex mutex_;  // guards asked_
  std::vector<Done> asked_;
};

// Admits until it is told to refuse, or to let calls wait.
class FakeQuotas final : public Quotas {
 public:
  std::optional<absl::Status> Try(const Principal& caller) override {
    const std::lock_guard lock(mutex_);
    names_.push_back(caller.name);
    return known_;
  }
  void Ask(const Principal&, Done done) override {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  void Say(std::optional<absl::Status> known) {
    const std::lock_guard lock(mutex_);
    known_ = std::move(known);
  }
  void AnswerAll(const absl::Status& answer) {
    std::vector<Done> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const Done& done : waiting) done(answer);
  }
  std::size_t counted() const {
    const std::lock_guard lock(mutex_);
    return names_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards the members below
  std::optional<absl::Status> known_ = absl::OkStatus();
  std::vector<std::string> names_;
  std::vector<Done> waiting_;
};

absl::Status OverQuota() { return ResourceExhausted("QUOTA_EXCEEDED", "too many", 100); }

// Serves every tenant until it is told to refuse; the operator's is none unless it is told so.
class FakeAuthority final : public Authority {
 public:
  absl::Status CheckTenant(std::string_view /*domain*/, const TenantId& /*tenant*/) const override {
    return refuses ? Error(StatusCode::kPermissionDenied, "TENANT_SUSPENDED", "suspended")
                   : absl::OkStatus();
  }
  absl::Status CheckOperator(const TenantId& /*tenant*/) const override {
    return operates ? absl::OkStatus()
                    : Error(StatusCode::kPermissionDenied, "OPERATOR_ONLY", "another tenant");
  }
  absl::Status Authorize(std::string_view /*domain*/, Principal& /*caller*/) const override {
    return absl::OkStatus();
  }

  std::atomic<bool> refuses = false;
  std::atomic<bool> operates = false;
};

class FakeCall final : public UnaryExchange {
 public:
  using UnaryExchange::UnaryExchange;

  std::optional<absl::Status> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }
  int times() const {
    const std::lock_guard lock(mutex_);
    return times_;
  }

 protected:
  void Keep(std::shared_ptr<const pbuf::Message>) override {}
  void Send(const absl::Status& status, std::shared_ptr<const pbuf::Message>) override {
    const std::lock_guard lock(mutex_);
    sent_ = status;
    ++times_;
  }

 private:
  mutable std::mutex mutex_;  // guards the members below
  std::optional<absl::Status> sent_;
  int times_ = 0;
};

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest()
      : pipeline_({.calls_max = 2}, {.authenticator = authenticator_,
                                     .executor = executor_,
                                     .clock = clock_,
                                     .log = log_,
                                     .metrics = metrics_,
                                     .authority = &authority_,
                                     .quotas = &quotas_}) {
    executor_.Start();
  }
  ~PipelineTest() override {
    executor_.Stop();
    pipeline_.EndCalls(Unavailable("STOPPING", "stopping"));
    authenticator_.AnswerAll(Unauthenticated("TOKEN_MISSING", "nobody"));
    quotas_.AnswerAll(OverQuota());
  }

  Method MethodWith(Method::Handler handler, const std::string& permission = "echoes.read") const {
    return {.descriptor = echo::EchoRequest::descriptor()->file()->service(0)->method(0),
            .name = "lotura.rpctest.v1.EchoService/Echo",
            .domain = "lotura.rpctest",
            .policy = {.permission = permission, .deadline_max = 1s},
            .handler = std::move(handler),
            .request_prototype = &echo::EchoRequest::default_instance(),
            .metrics = MethodMetrics(Side::kServer, {"unary", "Echo", "Echo"}, metrics_)};
  }
  std::shared_ptr<FakeCall> Begin(const Method& method, std::string_view who,
                                  std::optional<Deadline> deadline = std::nullopt,
                                  std::string_view priority = {}) {
    auto call = std::make_shared<FakeCall>(pipeline_, method);
    calls_.push_back(call);
    call->Begin({.authorization = who,
                 .traceparent = {},
                 .tracestate = {},
                 .priority = priority,
                 .deadline = deadline});
    return call;
  }
  static std::unique_ptr<pbuf::Message> Request() { return std::make_unique<echo::EchoRequest>(); }

  FakeClock clock_;
  observe::Metrics metrics_{"rpctest"};
  observe::Log log_{{.service = "rpctest", .level = observe::Level::kError}, metrics_};
  FakeAuthenticator authenticator_;
  FakeQuotas quotas_;
  FakeAuthority authority_;
  Executor executor_{{.threads = 2}, metrics_};
  std::mutex mutex_;  // guards kept_
  std::vector<Done> kept_;
  std::vector<std::shared_ptr<FakeCall>> calls_;
  Pipeline pipeline_;

  const Method blocking_ = MethodWith(BlockingHandler(
      [](const auto&, const auto&) { return std::make_unique<echo::EchoResponse>(); }));
  // Keeps its calls.
  const Method keeping_ = MethodWith(AsyncHandler([this](const auto&, const auto&, Done done) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(done));
  }));
  // Keeps its calls, too, without keeping a thread.
  const Method deferring_ = MethodWith(DeferredHandler{std::get<AsyncHandler>(keeping_.handler)});
  const Method forbidden_ = MethodWith(keeping_.handler, "echoes.write");

  Done Kept() {
    EXPECT_TRUE(Eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return !kept_.empty();
        },
        5s));
    const std::lock_guard lock(mutex_);
    Done done = std::move(kept_.back());
    kept_.pop_back();
    return done;
  }
};

TEST_F(PipelineTest, ACallOfAKnownCallerIsAnswered) {
  const auto call = Begin(blocking_, "anna");
  call->Received(Request());

  ASSERT_TRUE(Eventually([&] { return call->sent().has_value(); }, 5s));
  EXPECT_THAT(*call->sent(), IsOk());
  EXPECT_EQ(call->call()->principal.name, "users/anna");
}

TEST_F(PipelineTest, ACallerWithoutTokenIsRefusedBeforeHisRequestIsRead) {
  const auto call = Begin(blocking_, "");

  EXPECT_THAT(*call->sent(), StatusIs(StatusCode::kUnauthenticated, "TOKEN_MISSING"));
}

TEST_F(PipelineTest, ACallerWithoutThePermissionIsRefused) {
  EXPECT_THAT(*Begin(forbidden_, "anna")->sent(),
              StatusIs(StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
}

TEST_F(PipelineTest, CallersOfATenantThatIsNotServedAreRefusedWhateverTheyMayDo) {
  authority_.refuses = true;

  EXPECT_THAT(*Begin(blocking_, "anna")->sent(),
              StatusIs(StatusCode::kPermissionDenied, "TENANT_SUSPENDED"));
}

TEST_F(PipelineTest, StreamsOfATenantThatIsServedNoMoreEndAtTheNextSweep) {
  const Method streaming = MethodWith(
      StreamHandler([](const auto&, const auto&) -> absl::StatusOr<std::shared_ptr<StreamSession>> {
        return Internal("nobody opens it");
      }));
  const auto stream = Begin(streaming, "anna");
  const auto unknown = Begin(streaming, "later");
  const auto now = std::chrono::steady_clock::now();
  pipeline_.Sweep(now);
  ASSERT_FALSE(stream->sent().has_value());

  authority_.refuses = true;
  pipeline_.Sweep(now + 300ms);

  ASSERT_TRUE(stream->sent().has_value());
  EXPECT_THAT(*stream->sent(), StatusIs(StatusCode::kPermissionDenied, "TENANT_SUSPENDED"));
  EXPECT_FALSE(unknown->sent().has_value()) << "whose it is, nobody knows";
  authenticator_.AnswerAll(FakeAuthenticator::Anna());
  EXPECT_THAT(*unknown->sent(), StatusIs(StatusCode::kPermissionDenied, "TENANT_SUSPENDED"));
}

TEST_F(PipelineTest, WhatIsTheOperatorsIsRefusedToAllOthers) {
  Method operators = MethodWith(keeping_.handler);
  operators.policy.operator_only = true;

  EXPECT_THAT(*Begin(operators, "anna")->sent(),
              StatusIs(StatusCode::kPermissionDenied, "OPERATOR_ONLY"));
  authority_.operates = true;
  const auto allowed = Begin(operators, "anna");
  EXPECT_FALSE(allowed->sent().has_value());
  // The method does not outlive the test.
  allowed->Cancel();
}

TEST_F(PipelineTest, ARequestMayArriveBeforeItsCallerIsKnown) {
  const auto call = Begin(blocking_, "later");
  call->Received(Request());
  EXPECT_FALSE(call->sent().has_value());

  authenticator_.AnswerAll(FakeAuthenticator::Anna());

  ASSERT_TRUE(Eventually([&] { return call->sent().has_value(); }, 5s));
  EXPECT_THAT(*call->sent(), IsOk());
}

TEST_F(PipelineTest, CallsBeyondTheBoundAreRefused) {
  const auto first = Begin(keeping_, "anna");
  const auto second = Begin(keeping_, "anna");

  const auto third = Begin(keeping_, "anna");
  EXPECT_THAT(*third->sent(), StatusIs(StatusCode::kResourceExhausted, "TOO_MANY_CALLS"));
  first->Cancel();

  EXPECT_FALSE(Begin(keeping_, "anna")->sent().has_value());
}

TEST_F(PipelineTest, BulkCallsGetHalfOfThePlacesAndAreRefusedBeforeTheirRequestIsRead) {
  const auto first = Begin(keeping_, "anna", std::nullopt, kBulkHeader);
  EXPECT_FALSE(first->sent().has_value());

  const auto refused = Begin(keeping_, "anna", std::nullopt, kBulkHeader);
  ASSERT_TRUE(refused->sent().has_value());
  EXPECT_THAT(*refused->sent(), StatusIs(StatusCode::kResourceExhausted, "OVERLOADED"));
  EXPECT_FALSE(Begin(keeping_, "anna")->sent().has_value());
  first->Cancel();
  calls_.back()->Cancel();

  EXPECT_FALSE(Begin(keeping_, "anna", std::nullopt, kBulkHeader)->sent().has_value());
}

TEST_F(PipelineTest, EachKindOfHandlerHasPlacesOfItsOwn) {
  const auto deferred = Begin(deferring_, "anna", std::nullopt, kBulkHeader);

  const auto async = Begin(keeping_, "anna", std::nullopt, kBulkHeader);

  EXPECT_FALSE(deferred->sent().has_value());
  EXPECT_FALSE(async->sent().has_value());
}

TEST_F(PipelineTest, APlaceIsFreeAgainWhenACallEndsBeforeItsCallerIsKnown) {
  for (int i = 0; i < 5; ++i) {
    const auto call = Begin(keeping_, "later", std::nullopt, kBulkHeader);
    call->Cancel();
    authenticator_.AnswerAll(FakeAuthenticator::Anna());
  }

  EXPECT_FALSE(Begin(keeping_, "anna", std::nullopt, kBulkHeader)->sent().has_value());
}

TEST_F(PipelineTest, ACallOverItsQuotaIsRefusedBeforeItsRequestIsReadAndTakesNoPlace) {
  quotas_.Say(OverQuota());
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(*Begin(keeping_, "anna")->sent(),
                StatusIs(StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
  }

  quotas_.Say(absl::OkStatus());

  EXPECT_FALSE(Begin(keeping_, "anna", std::nullopt, kBulkHeader)->sent().has_value());
}

TEST_F(PipelineTest, OnlyWhoMayCallIsCounted) {
  Begin(blocking_, "");
  Begin(forbidden_, "anna");
  EXPECT_EQ(quotas_.counted(), 0U);

  Begin(keeping_, "anna");
  EXPECT_EQ(quotas_.counted(), 1U);
}

TEST_F(PipelineTest, ACallWaitsUntilItsQuotaIsKnown) {
  quotas_.Say(std::nullopt);
  const auto call = Begin(blocking_, "anna");
  call->Received(Request());
  const auto refused = Begin(blocking_, "anna");
  EXPECT_FALSE(call->sent().has_value());
  refused->Cancel();

  quotas_.AnswerAll(absl::OkStatus());

  ASSERT_TRUE(Eventually([&] { return call->sent().has_value(); }, 5s));
  EXPECT_THAT(*call->sent(), IsOk());
  EXPECT_THAT(*refused->sent(), StatusIs(StatusCode::kCancelled, "CANCELLED"));
}

TEST_F(PipelineTest, ACallThatWaitedInVainIsRefused) {
  quotas_.Say(std::nullopt);
  const auto call = Begin(blocking_, "anna");

  quotas_.AnswerAll(OverQuota());

  EXPECT_THAT(*call->sent(), StatusIs(StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"));
}

TEST_F(PipelineTest, CallsBeyondTheBoundTakeNothingFromTheirQuota) {
  Begin(keeping_, "anna");
  Begin(keeping_, "anna");

  EXPECT_THAT(*Begin(keeping_, "anna")->sent(),
              StatusIs(StatusCode::kResourceExhausted, "TOO_MANY_CALLS"));

  EXPECT_EQ(quotas_.counted(), 2U);
}

TEST_F(PipelineTest, ADeadlineThatPassedIsAnsweredByTheSweep) {
  const auto call = Begin(keeping_, "anna", Deadline::After(1h));
  call->Received(Request());

  pipeline_.Sweep(std::chrono::steady_clock::now());
  EXPECT_FALSE(call->sent().has_value());
  pipeline_.Sweep(std::chrono::steady_clock::now() + 1s);

  EXPECT_THAT(*call->sent(), StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
}

TEST_F(PipelineTest, ADeferredCallGoesOnWhereItMayBlock) {
  const auto call = Begin(deferring_, "anna");
  call->Received(Request());
  const Done done = Kept();
  std::promise<std::thread::id> where;

  done.Continue([&] {
    where.set_value(std::this_thread::get_id());
    done(std::make_shared<echo::EchoResponse>());
  });

  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
  ASSERT_TRUE(Eventually([&] { return call->sent().has_value(); }, 5s));
  EXPECT_THAT(*call->sent(), IsOk());
}

TEST_F(PipelineTest, DeferredCallsHoldNoThread) {
  const auto first = Begin(deferring_, "anna");
  first->Received(Request());
  const Done one = Kept();
  const auto second = Begin(deferring_, "anna");
  second->Received(Request());
  const Done two = Kept();
  first->Cancel();

  const auto third = Begin(blocking_, "anna");
  third->Received(Request());

  EXPECT_TRUE(Eventually([&] { return third->sent().has_value(); }, 5s));
  EXPECT_FALSE(second->sent().has_value());
}

TEST_F(PipelineTest, AnExceptionOfALaterStepIsInternal) {
  const auto call = Begin(deferring_, "anna");
  call->Received(Request());

  Kept().Continue([] { throw std::runtime_error("secret"); });

  ASSERT_TRUE(Eventually([&] { return call->sent().has_value(); }, 5s));
  EXPECT_THAT(*call->sent(), StatusIs(StatusCode::kInternal, "INTERNAL"));
}

TEST_F(PipelineTest, ALateAnswerIsHarmless) {
  const auto call = Begin(keeping_, "anna");
  call->Received(Request());
  call->Cancel();

  ASSERT_EQ(kept_.size(), 1U);
  kept_[0](std::make_shared<echo::EchoResponse>());

  EXPECT_EQ(call->times(), 1);
  EXPECT_THAT(*call->sent(), StatusIs(StatusCode::kCancelled, "CANCELLED"));
}

TEST_F(PipelineTest, RacingAnswersGiveOne) {
  for (int round = 0; round < 50; ++round) {
    const auto call = Begin(keeping_, "anna");
    call->Received(Request());
    Done done = std::exchange(kept_, {}).at(0);
    {
      const std::jthread one([&] { done(std::make_shared<echo::EchoResponse>()); });
      const std::jthread two([&] { call->Cancel(); });
      const std::jthread three([&] { pipeline_.Sweep(Deadline::Point::max()); });
    }
    EXPECT_EQ(call->times(), 1);
  }
  EXPECT_EQ(pipeline_.calls(), 0U);
}

TEST_F(PipelineTest, WaitingForCallsEndsWithTheLast) {
  const auto call = Begin(keeping_, "anna");
  EXPECT_FALSE(pipeline_.AwaitCalls(Deadline::After(0ms)));

  const std::jthread other([&] { call->Cancel(); });

  EXPECT_TRUE(pipeline_.AwaitCalls(Deadline::After(5s)));
}

TEST_F(PipelineTest, EndingCallsAnswersThemAll) {
  const auto one = Begin(keeping_, "anna");
  const auto two = Begin(keeping_, "later");

  pipeline_.EndCalls(Unavailable("STOPPING", "stopping"));
  authenticator_.AnswerAll(FakeAuthenticator::Anna());

  EXPECT_THAT(*one->sent(), StatusIs(StatusCode::kUnavailable, "STOPPING"));
  EXPECT_THAT(*two->sent(), StatusIs(StatusCode::kUnavailable, "STOPPING"));
}

}  // namespace
}  // namespace lotura::rpc
