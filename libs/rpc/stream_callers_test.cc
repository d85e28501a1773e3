// Streams end when their callers may not have them any more, and no tenant has them all.
#include "libs/rpc/pipeline_fixture.h"

namespace lotura::rpc {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class StreamCallersTest : public PipelineTest {};

TEST_F(StreamCallersTest, StreamsOfATenantThatIsServedNoMoreEndAtTheNextSweep) {
  const auto stream = Begin(streaming_, "anna");
  const auto unknown = Begin(streaming_, "later");
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

TEST_F(StreamCallersTest, ATenantThatOpensWithoutEndLeavesAPlaceToOthers) {
  const auto first = Begin(streaming_, "anna");
  Begin(streaming_, "anna");
  Begin(streaming_, "anna");

  const auto refused = Begin(streaming_, "anna");
  ASSERT_TRUE(refused->sent().has_value());
  EXPECT_THAT(*refused->sent(), StatusIs(StatusCode::kResourceExhausted, "TOO_MANY_STREAMS"));
  const auto other = Begin(streaming_, "zoe");
  EXPECT_FALSE(other->sent().has_value());

  other->Cancel();
  first->Cancel();
  EXPECT_FALSE(Begin(streaming_, "anna")->sent().has_value());
}

TEST_F(StreamCallersTest, StreamsEndWhenTheirCallerLosesThePermission) {
  const auto stream = Begin(streaming_, "berta");
  const auto other = Begin(streaming_, "anna");
  const auto now = std::chrono::steady_clock::now();
  pipeline_.Sweep(now);
  ASSERT_FALSE(stream->sent().has_value());

  authority_.permits = false;
  pipeline_.Sweep(now + 300ms);

  ASSERT_TRUE(stream->sent().has_value());
  EXPECT_THAT(*stream->sent(), StatusIs(StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
  EXPECT_FALSE(other->sent().has_value()) << "her token says what she may do";
}

TEST_F(StreamCallersTest, StreamsEndWithTheTokensThatOpenedThem) {
  const auto stream = Begin(streaming_, "later");
  const auto other = Begin(streaming_, "anna");
  Principal shortly = *FakeAuthenticator::Anna();
  shortly.until = clock_.Now() + 1min;
  authenticator_.AnswerAll(std::make_shared<const Principal>(std::move(shortly)));
  const auto now = std::chrono::steady_clock::now();
  pipeline_.Sweep(now);
  ASSERT_FALSE(stream->sent().has_value());

  clock_.Advance(1min);
  pipeline_.Sweep(now + 300ms);

  ASSERT_TRUE(stream->sent().has_value());
  EXPECT_THAT(*stream->sent(), StatusIs(StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  EXPECT_FALSE(other->sent().has_value());
}

}  // namespace
}  // namespace lotura::rpc
