// The pipeline over calls without a transport. (tsan)
#include "libs/rpc/pipeline.h"

#include <future>

#include "libs/rpc/pipeline_fixture.h"

namespace lotura::rpc {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

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
