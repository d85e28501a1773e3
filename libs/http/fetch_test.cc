#include "libs/http/fetch.h"

#include <gtest/gtest.h>

#include "libs/base/errors.h"
#include "libs/http/testdata/web_server.h"
#include "libs/testing/status_matchers.h"

namespace lotura::http {
namespace {

using ::lotura::testing::StatusIs;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class FetchTest : public ::testing::Test {
 protected:
  absl::StatusOr<Answer> Ask(std::size_t bytes_max = 100) {
    return Fetch(
        {.url = server_.url(), .deadline = Deadline::After(5s), .answer_bytes_max = bytes_max});
  }
  static auto HasFailed() { return StatusIs(absl::StatusCode::kUnavailable, "HTTP_FAILED"); }

  WebServer server_;
};

TEST_F(FetchTest, AnAnswerIsOneWhateverItsCode) {
  server_.Serve(200, "all is well");
  const auto good = Ask();
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->code, 200);
  EXPECT_EQ(good->body, "all is well");

  server_.Serve(503, "down");
  const auto bad = Ask();
  ASSERT_TRUE(bad.ok()) << bad.status();
  EXPECT_EQ(bad->code, 503);
  EXPECT_EQ(bad->body, "down");
}

TEST_F(FetchTest, RedirectsAreNotFollowed) {
  WebServer elsewhere;
  server_.Serve(302, "", fmt::format("Location: {}\r\n", elsewhere.url()));
  const auto answer = Ask();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->code, 302);
  EXPECT_EQ(elsewhere.requests(), 0);
}

TEST_F(FetchTest, ALongerAnswerIsNone) {
  server_.Serve(200, std::string(101, 'x'));
  EXPECT_THAT(Ask().status(), HasFailed());
  EXPECT_TRUE(Ask(101).ok());
}

TEST_F(FetchTest, WithoutTimeNothingIsAsked) {
  EXPECT_THAT(Fetch({.url = server_.url(), .deadline = Deadline::After(0s)}).status(), HasFailed());
  EXPECT_EQ(server_.requests(), 0);
}

TEST_F(FetchTest, WhereNobodyListensThereIsNoAnswer) {
  const Request request{.url = "http://127.0.0.1:1/", .deadline = Deadline::After(5s)};
  EXPECT_THAT(Fetch(request).status(), HasFailed());
}

TEST_F(FetchTest, OtherSchemesAreNotAsked) {
  const Request request{.url = "file:///etc/hostname", .deadline = Deadline::After(5s)};
  EXPECT_THAT(Fetch(request).status(), HasFailed());
}

}  // namespace
}  // namespace lotura::http
