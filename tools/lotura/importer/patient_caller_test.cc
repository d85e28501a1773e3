// tsan
#include "tools/lotura/importer/patient_caller.h"

#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

#include <deque>

#include "libs/testing/status_matchers.h"
#include "lotura/directory/v1/team.pb.h"
#include "tools/lotura/importer/step_runner.h"

namespace lotura::importer {
namespace {

using std::chrono::milliseconds;
using testing::IsOk;
using testing::StatusIs;

// Answers as a test has laid down; afterwards with OK.
class ScriptedTransport final : public api::Transport {
 public:
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Call(
      const google::protobuf::MethodDescriptor& /*method*/,
      const google::protobuf::Message& request, milliseconds /*timeout*/) override {
    const std::lock_guard lock(mutex_);
    ++calls;
    if (!script.empty()) {
      const absl::Status status = script.front();
      if (script.size() > 1 || !repeat_last) script.pop_front();
      if (!status.ok()) return status;
    }
    return std::unique_ptr<google::protobuf::Message>(request.New());
  }

  std::deque<absl::Status> script;
  bool repeat_last = false;
  int calls = 0;

 private:
  std::mutex mutex_;  // held while a call is served
};

// Time passes only by waiting.
class FakePacer final : public Pacer {
 public:
  Point Now() override { return now_; }
  void Wait(milliseconds span) override {
    now_ += span;
    pauses.push_back(span);
  }
  double Jitter() override { return 1; }

  std::vector<milliseconds> pauses;

 private:
  Point now_{std::chrono::hours(1)};
};

absl::Status CallWith(PatientCaller& caller) {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      directory::v1::Team::descriptor()->file()->service(0)->full_name());
  return caller.Call(*service->FindMethodByName("GetTeam"), directory::v1::GetTeamRequest())
      .status();
}

class PatientCallerTest : public ::testing::Test {
 protected:
  absl::Status Call() { return CallWith(caller_); }

  ScriptedTransport transport_;
  FakePacer pacer_;
  PatientCaller caller_{transport_, pacer_, Patience{}};
};

absl::Status MissingReference(const std::string& name) {
  return FailedPrecondition("REFERENCE_NOT_FOUND", "there is no such record", {{"name", name}});
}

TEST_F(PatientCallerTest, FailuresThatMayPassAreRepeatedWithGrowingPauses) {
  transport_.script = {Unavailable("DOWN", "gone"),
                       Aborted("RACE", "lost"),
                       Error(absl::StatusCode::kUnknown, "COMMIT_IN_DOUBT", "who knows"),
                       absl::Status(absl::StatusCode::kUnknown, "Stream removed"),
                       DeadlineExceeded("late"),
                       absl::CancelledError("draining")};

  EXPECT_THAT(Call(), IsOk());

  EXPECT_EQ(transport_.calls, 7);
  EXPECT_THAT(pacer_.pauses,
              ::testing::ElementsAre(milliseconds(50), milliseconds(100), milliseconds(200),
                                     milliseconds(400), milliseconds(800), milliseconds(1600)));
}

TEST_F(PatientCallerTest, AnswersAboutTheRequestAreFinal) {
  for (const absl::Status& answer :
       {InvalidArgument("team", "REQUIRED", "is missing"), NotFound("team", "teams/x"),
        AlreadyExists("ID_TAKEN", "exists"), FailedPrecondition("SAME_STAGE", "is there"),
        PermissionDenied("directory.teams.read"),
        Error(absl::StatusCode::kUnknown, "OTHER", "said so")}) {
    transport_.script = {answer};
    transport_.calls = 0;

    EXPECT_EQ(Call(), answer);
    EXPECT_EQ(transport_.calls, 1);
  }
}

TEST_F(PatientCallerTest, AnInternalErrorIsTriedThreeTimes) {
  transport_.script = {Internal("bug")};
  transport_.repeat_last = true;

  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kInternal, "INTERNAL"));

  EXPECT_EQ(transport_.calls, 3);
}

TEST_F(PatientCallerTest, AFullQueueIsGivenTheTimeItAsksFor) {
  transport_.script = {ResourceExhausted("QUEUE_FULL", "later", 700)};

  EXPECT_THAT(Call(), IsOk());

  EXPECT_THAT(pacer_.pauses, ::testing::ElementsAre(milliseconds(700)));
}

TEST_F(PatientCallerTest, ExhaustionWithoutARetryInfoIsFinal) {
  transport_.script = {Error(absl::StatusCode::kResourceExhausted, "TOO_LARGE", "too large")};

  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kResourceExhausted, "TOO_LARGE"));
}

TEST_F(PatientCallerTest, ARecordOfAnotherServiceIsWaitedForButNotForever) {
  transport_.script = {MissingReference("//accounts.lotura/organizations/acme")};
  transport_.repeat_last = true;

  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  const int calls = transport_.calls;
  EXPECT_GT(calls, 5);

  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  EXPECT_EQ(transport_.calls, calls + 1) << "once it was waited for it is known to be missing";
}

TEST_F(PatientCallerTest, NobodyWaitsLongWhereWaitingNeverHelps) {
  transport_.repeat_last = true;
  milliseconds waited{0};
  for (int i = 0; i < 100; ++i) {
    transport_.script = {MissingReference(fmt::format("//accounts.lotura/organizations/o{}", i))};
    EXPECT_FALSE(Call().ok());
  }
  for (const milliseconds pause : pacer_.pauses) waited += pause;

  EXPECT_LE(waited, milliseconds(65'000)) << "not thirty seconds for each";
}

TEST_F(PatientCallerTest, AReferenceThatCameInTimeLetsOthersHope) {
  for (int i = 0; i < 10; ++i) {
    transport_.script.assign(
        12, MissingReference(fmt::format("//accounts.lotura/organizations/o{}", i)));

    EXPECT_THAT(Call(), IsOk()) << i;
  }
}

TEST_F(PatientCallerTest, ARecordOfTheSameServiceIsNotWaitedFor) {
  transport_.script = {MissingReference("teams/x")};

  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
  EXPECT_EQ(transport_.calls, 1);
}

TEST_F(PatientCallerTest, PatienceEndsWhenNothingIsAnswered) {
  transport_.script = {Unavailable("DOWN", "gone")};
  transport_.repeat_last = true;

  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kUnavailable, "PATIENCE_EXHAUSTED"));

  milliseconds waited{0};
  for (const milliseconds pause : pacer_.pauses) waited += pause;
  EXPECT_GE(waited, milliseconds(60'000));
  EXPECT_LE(waited, milliseconds(63'000));
  EXPECT_THAT(Call(), StatusIs(absl::StatusCode::kUnavailable, "PATIENCE_EXHAUSTED"))
      << "all others give up at once";
}

TEST(PatienceTest, AServiceThatAnswersIsNotSilent) {
  constexpr Patience kShort{.without_answer = milliseconds(20'000)};
  for (const absl::Status& again :
       {MissingReference("//accounts.lotura/organizations/x"), Aborted("CONFLICT", "lost")}) {
    ScriptedTransport transport;
    FakePacer pacer;
    PatientCaller caller(transport, pacer, kShort);
    transport.script.assign(17, again);

    EXPECT_THAT(CallWith(caller), IsOk()) << again;
  }
}

TEST(PatienceTest, AReferenceThatNeverComesIsAnsweredAndNotExhausted) {
  ScriptedTransport transport;
  FakePacer pacer;
  PatientCaller caller(transport, pacer, {.without_answer = milliseconds(20'000)});
  transport.script = {MissingReference("//accounts.lotura/organizations/x")};
  transport.repeat_last = true;

  EXPECT_THAT(CallWith(caller),
              StatusIs(absl::StatusCode::kFailedPrecondition, "REFERENCE_NOT_FOUND"));
}

TEST(PatienceTest, AnswersThatNeverBecomeResultsEndItToo) {
  ScriptedTransport transport;
  FakePacer pacer;
  PatientCaller caller(transport, pacer, Patience{});
  transport.script = {Aborted("CONFLICT", "lost")};
  transport.repeat_last = true;

  EXPECT_THAT(CallWith(caller), StatusIs(absl::StatusCode::kUnavailable, "PATIENCE_EXHAUSTED"));
}

TEST(ForEachTest, DoesEverythingOnceAndStopsAtAnError) {
  std::atomic<int> done = 0;
  EXPECT_THAT(ForEach(1000, 8, [&](std::size_t) { return ++done, absl::OkStatus(); }), IsOk());
  EXPECT_EQ(done, 1000);

  const absl::Status status =
      ForEach(1000, 8, [&](std::size_t i) { return i == 5 ? Internal("bug") : absl::OkStatus(); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
  EXPECT_THAT(ForEach(0, 8, [&](std::size_t) { return Internal("bug"); }), IsOk());
}

}  // namespace
}  // namespace lotura::importer
