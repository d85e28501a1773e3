// A pipeline, and calls without a transport. For the tests of libs/rpc.
#pragma once

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <optional>

#include "libs/rpc/pipeline.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fakes.h"
#include "libs/testing/status_matchers.h"
#include "libs/testing/tenant.h"
#include "lotura/rpctest/v1/echo.pb.h"

namespace lotura::rpc {

using absl::StatusCode;
using testing::Eventually;
using testing::FakeClock;
using testing::IsOk;
using testing::StatusIs;
namespace echo = ::lotura::rpctest::v1;

// Knows "anna" and "berta" at once, of whom berta's rights stand in the directory, and "zoe" of
// another tenant, finds out about "later" when it is told to, and refuses everyone else.
class FakeAuthenticator final : public Authenticator {
 public:
  std::optional<absl::StatusOr<PrincipalPtr>> Try(std::string_view authorization) override {
    if (authorization == "anna") return Anna();
    if (authorization == "berta")
      return std::make_shared<const Principal>(Principal{.tenant = {}, .name = "users/berta"});
    if (authorization == "zoe") {
      Principal zoe = *Anna();
      zoe.tenant = testing::TenantOf(2);
      return std::make_shared<const Principal>(std::move(zoe));
    }
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

inline absl::Status OverQuota() { return ResourceExhausted("QUOTA_EXCEEDED", "too many", 100); }

// Permits everything, as long as it is told so.
class FakeRights final : public Rights {
 public:
  explicit FakeRights(const std::atomic<bool>& permits) : permits_(permits) {}
  absl::Status CheckPermission(std::string_view permission) const override {
    return permits_ ? absl::OkStatus() : PermissionDenied(permission);
  }

 private:
  const std::atomic<bool>& permits_;
};

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
  absl::Status Authorize(std::string_view /*domain*/, Principal& caller) const override {
    caller.permissions = {"echoes.read"};
    caller.rights = std::make_shared<const FakeRights>(permits);
    return absl::OkStatus();
  }

  std::atomic<bool> refuses = false;
  std::atomic<bool> permits = true;
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
      : pipeline_({.calls_max = 2, .streams_max = 4}, {.authenticator = authenticator_,
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
    pipeline_.EndStreams(Unavailable("STOPPING", "stopping"));
    pipeline_.EndCalls(Unavailable("STOPPING", "stopping"));
    authenticator_.AnswerAll(Unauthenticated("TOKEN_MISSING", "nobody"));
    quotas_.AnswerAll(OverQuota());
  }

  Method MethodWith(Method::Handler handler, const std::string& permission = "echoes.read") const {
    return {.descriptor = echo::EchoRequest::descriptor()->file()->service(0)->method(0),
            .name = "lotura.rpctest.v1.EchoService/Echo",
            .domain = "lotura.rpctest",
            .policy = {.permission = permission, .deadline_max = std::chrono::seconds(1)},
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
  const Method streaming_ = MethodWith(
      StreamHandler([](const auto&, const auto&) -> absl::StatusOr<std::shared_ptr<StreamSession>> {
        return Internal("nobody opens it");
      }));
  const Method forbidden_ = MethodWith(keeping_.handler, "echoes.write");

  Done Kept() {
    EXPECT_TRUE(Eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return !kept_.empty();
        },
        std::chrono::seconds(5)));
    const std::lock_guard lock(mutex_);
    Done done = std::move(kept_.back());
    kept_.pop_back();
    return done;
  }
};

}  // namespace lotura::rpc
