// What headers, messages and resets mean.
#include "tools/bench/load/answer.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "libs/testing/status_matchers.h"

namespace lotura::bench {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;

constexpr std::string_view kMessage("\0\0\0\0\3abc", 8);

absl::Status StatusOf(std::string_view code, std::string_view bytes) {
  Answer answer;
  answer.TakeData(bytes);
  answer.TakeHeader("grpc-status", code);
  return answer.ToStatus(NGHTTP2_NO_ERROR);
}

TEST(AnswerTest, OnlyOneWholeMessageIsAnAnswer) {
  EXPECT_THAT(StatusOf("0", kMessage), IsOk());
  EXPECT_THAT(StatusOf("0", std::string_view("\0\0\0\0\0", 5)), IsOk());
  EXPECT_THAT(StatusOf("0", ""), StatusIs(StatusCode::kInternal, "INTERNAL"));
  EXPECT_THAT(StatusOf("0", kMessage.substr(0, 7)), StatusIs(StatusCode::kInternal, "INTERNAL"));
}

TEST(AnswerTest, AMessageMayComeInPieces) {
  Answer answer;
  for (const char byte : kMessage) answer.TakeData({&byte, 1});
  answer.TakeHeader("grpc-status", "0");

  EXPECT_THAT(answer.ToStatus(NGHTTP2_NO_ERROR), IsOk());
}

TEST(AnswerTest, AnErrorNeedsNoMessage) {
  EXPECT_THAT(StatusOf("8", ""), StatusIs(StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED"));
  EXPECT_THAT(StatusOf("many", ""), StatusIs(StatusCode::kUnknown, "UNKNOWN"));
  EXPECT_THAT(StatusOf("17", ""), StatusIs(StatusCode::kUnknown, "UNKNOWN"));
}

TEST(AnswerTest, TheTextOfAnErrorIsPercentEncoded) {
  Answer answer;
  answer.TakeHeader("grpc-status", "5");
  answer.TakeHeader("grpc-message", "100%25 gone%2C se%C3%B1ora %zz%");

  EXPECT_EQ(Message(answer.ToStatus(NGHTTP2_NO_ERROR)), "100% gone, señora %zz%");
}

TEST(AnswerTest, TheReasonStandsInTheDetailsWithOrWithoutPadding) {
  // google.rpc.Status with one ErrorInfo whose reason is DEAL_CLOSED.
  constexpr std::string_view kDetails =
      "CAkaOQoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLkVycm9ySW5mbxINCgtERUFMX0NMT1NFRA==";
  for (const auto details : {kDetails, kDetails.substr(0, kDetails.size() - 2)}) {
    Answer answer;
    answer.TakeHeader("grpc-status", "9");
    answer.TakeHeader("grpc-status-details-bin", details);

    EXPECT_THAT(answer.ToStatus(NGHTTP2_NO_ERROR),
                StatusIs(StatusCode::kFailedPrecondition, "DEAL_CLOSED"));
  }
}

TEST(AnswerTest, AResetStandsForACodeOfGrpc) {
  EXPECT_THAT(Answer().ToStatus(NGHTTP2_REFUSED_STREAM),
              StatusIs(StatusCode::kUnavailable, "UNAVAILABLE"));
  EXPECT_THAT(Answer().ToStatus(NGHTTP2_CANCEL), StatusIs(StatusCode::kCancelled, "CANCELLED"));
  EXPECT_THAT(Answer().ToStatus(NGHTTP2_PROTOCOL_ERROR),
              StatusIs(StatusCode::kInternal, "INTERNAL"));
  EXPECT_THAT(Answer().ToStatus(NGHTTP2_NO_ERROR), StatusIs(StatusCode::kUnknown, "UNKNOWN"));
}

TEST(AnswerTest, NothingIsLeftForTheNextCall) {
  Answer answer;
  answer.TakeData(kMessage);
  answer.TakeHeader("grpc-status", "9");
  answer.Clear();

  answer.TakeData(kMessage);
  answer.TakeHeader("grpc-status", "0");

  EXPECT_THAT(answer.ToStatus(NGHTTP2_NO_ERROR), IsOk());
}

}  // namespace
}  // namespace lotura::bench
