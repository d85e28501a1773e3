// Answers leave when the witness lets them.
#include "libs/rpc/witness.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <latch>
#include <mutex>

#include "libs/rpc/door_fixture.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

// Holds everything back until a test lets it go.
class Held {
 public:
  explicit Held(EchoServer& server) {
    server.witness().may_leave = [this](const pbuf::Message& answer, const Witness::Leave& leave) {
      const std::lock_guard lock(mutex_);
      texts_.push_back(answer.ShortDebugString());
      held_.push_back(leave);
      changed_.notify_all();
      return false;
    };
  }

  // The one that came first, when it has come.
  Witness::Leave Take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [this] { return !held_.empty(); })) return nullptr;
    Witness::Leave leave = std::move(held_.front());
    held_.pop_front();
    return leave;
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
  std::deque<Witness::Leave> held_;
};

// Says one thing and ends the stream.
class OneWord final : public StreamSession {
 public:
  OneWord(std::shared_ptr<Stream> stream, std::latch& ended)
      : stream_(std::move(stream)), ended_(ended) {}
  void OnMessage(std::unique_ptr<pbuf::Message> /*message*/) override {
    stream_->Write(std::make_shared<echo::ChatResponse>());
    stream_->Finish(absl::OkStatus());
    ended_.count_down();
  }

 private:
  const std::shared_ptr<Stream> stream_;  // kept by the transport, too, until OnEnd
  std::latch& ended_;
};

class WitnessTest : public ::testing::Test {
 protected:
  RawAnswer Chat(const std::vector<std::string>& messages,
                 std::chrono::milliseconds deadline = 5s) {
    return Send(
        server_.channel(),
        {.method = kChat, .messages = messages, .token = server_.Token(), .deadline = deadline});
  }

  EchoServer server_;
};

TEST_F(WitnessTest, AnAnswerIsSeenBeforeItLeaves) {
  Held held(server_);
  std::jthread lets_go([&] { held.Take()(absl::OkStatus()); });

  const RawAnswer answer = server_.Echo(Text<echo::EchoRequest>("hello"));

  ASSERT_THAT(answer.status, IsOk());
  EXPECT_EQ(TextOf<echo::EchoResponse>(answer.messages[0]), "hello");
  EXPECT_EQ(held.texts(), std::vector<std::string>{R"(text: "hello")"});
}

TEST_F(WitnessTest, WhatMayNotLeaveIsAnErrorAndNothingElse) {
  Held held(server_);
  std::jthread keeps(
      [&] { held.Take()(Unavailable("READ_NOT_NOTED", "who reads this could not be noted")); });

  const RawAnswer answer = server_.Echo(Text<echo::EchoRequest>("secret"));

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kUnavailable, "READ_NOT_NOTED"));
  EXPECT_TRUE(answer.messages.empty());
}

TEST_F(WitnessTest, WhatDoesNotLeaveInTimeIsLate) {
  Held held(server_);

  EXPECT_THAT(server_.Echo(Text<echo::EchoRequest>("hello"), 200ms).status,
              StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
  // Nobody waits for it any more.
  held.Take()(absl::OkStatus());
}

TEST_F(WitnessTest, AHandlerThatAnsweredIsNotTakenForOneThatDidNot) {
  Held held(server_);
  std::jthread lets_go([&] { held.Take()(absl::OkStatus()); });

  const RawAnswer answer =
      Send(server_.channel(), {.method = kEchoLater,
                               .messages = {Text<echo::EchoLaterRequest>("later")},
                               .token = server_.Token()});

  ASSERT_THAT(answer.status, IsOk());
  EXPECT_EQ(TextOf<echo::EchoLaterResponse>(answer.messages[0]), "later");
}

TEST_F(WitnessTest, ErrorsAreNotSeen) {
  Held held(server_);
  server_.echo_handler = [](const auto&, const auto&) -> absl::StatusOr<echo::EchoResponse> {
    return NotFound("record", "people/p1");
  };

  EXPECT_THAT(server_.Echo("").status, StatusIs(StatusCode::kNotFound, "NOT_FOUND"));
  EXPECT_TRUE(held.texts().empty());
}

TEST_F(WitnessTest, AStreamKeepsItsOrderWhateverLeavesFirst) {
  Held held(server_);
  std::jthread lets_go([&] {
    const Witness::Leave first = held.Take();
    const Witness::Leave second = held.Take();
    second(absl::OkStatus());
    first(absl::OkStatus());
    held.Take()(absl::OkStatus());
  });

  const RawAnswer answer = Chat(
      {Text<echo::ChatRequest>("a"), Text<echo::ChatRequest>("b"), Text<echo::ChatRequest>("c")});

  ASSERT_THAT(answer.status, IsOk());
  std::vector<std::string> texts;
  for (const std::string& message : answer.messages)
    texts.push_back(TextOf<echo::ChatResponse>(message));
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(WitnessTest, AStreamEndsWhereAMessageMayNotLeave) {
  Held held(server_);
  std::jthread keeps([&] {
    held.Take()(absl::OkStatus());
    held.Take()(Unavailable("READ_NOT_NOTED", "who reads this could not be noted"));
  });

  const RawAnswer answer = Chat({Text<echo::ChatRequest>("a"), Text<echo::ChatRequest>("b")});

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kUnavailable, "READ_NOT_NOTED"));
  EXPECT_LE(answer.messages.size(), 1U);
}

TEST_F(WitnessTest, AStreamThatEndedWellFailsWhereAMessageMayNotLeave) {
  Held held(server_);
  std::latch ended(1);
  server_.chat_handler = [&ended](const auto&, auto stream) {
    return std::make_shared<OneWord>(std::move(stream), ended);
  };
  std::jthread keeps([&] {
    ended.wait();
    held.Take()(Unavailable("READ_NOT_NOTED", "who reads this could not be noted"));
  });

  const RawAnswer answer = Chat({Text<echo::ChatRequest>("a")});

  EXPECT_THAT(answer.status, StatusIs(StatusCode::kUnavailable, "READ_NOT_NOTED"));
  EXPECT_TRUE(answer.messages.empty());
}

TEST_F(WitnessTest, AStreamWhoseClientLeftWaitsForNobody) {
  Held held(server_);
  std::latch ended(1);
  server_.chat_handler = [&ended](const auto&, auto stream) {
    return std::make_shared<OneWord>(std::move(stream), ended);
  };

  EXPECT_THAT(Chat({Text<echo::ChatRequest>("a")}, 200ms).status,
              StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
  // The server's end waits for every stream.
  server_.StopServer();
  held.Take()(absl::OkStatus());
}

TEST_F(WitnessTest, TheEndOfTheServerAnswersWhatIsHeld) {
  Held held(server_);
  std::jthread stops([&] {
    const Witness::Leave leave = held.Take();
    server_.StopServer();
    leave(absl::OkStatus());
  });

  EXPECT_FALSE(server_.Echo(Text<echo::EchoRequest>("hello"), 30s).status.ok());
}

}  // namespace
}  // namespace lotura::rpc
