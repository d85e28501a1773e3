// Errors to the wire and back.
#include "libs/rpc/wire_status.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::rpc {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::IsOk;
using testing::StatusIs;

google::rpc::ErrorInfo OnlyInfo(const WireStatus& wire) {
  google::rpc::Status all;
  EXPECT_TRUE(all.ParseFromString(wire.details));
  google::rpc::ErrorInfo info;
  int count = 0;
  for (const auto& detail : all.details()) count += detail.UnpackTo(&info) ? 1 : 0;
  EXPECT_EQ(count, 1);
  return info;
}

TEST(WireStatusTest, OkHasNoDetails) {
  EXPECT_EQ(ToWire(absl::OkStatus(), "lotura.sales").code, 0);
  EXPECT_THAT(FromWire({}), IsOk());
}

TEST(WireStatusTest, EveryErrorHasExactlyOneInfoWithItsDomain) {
  const std::vector<absl::Status> errors = {
      NotFound("thing", "things/a"), InvalidArgument("a", "TOO_LONG", "too long"),
      ResourceExhausted("QUEUE_FULL", "full", 100), absl::InternalError("made elsewhere")};
  for (const absl::Status& status : errors) {
    const google::rpc::ErrorInfo info = OnlyInfo(ToWire(status, "lotura.sales"));
    EXPECT_EQ(info.domain(), "lotura.sales");
    EXPECT_EQ(info.reason(), ReasonOf(status));
  }
}

TEST(WireStatusTest, AnErrorComesBackAsItWasMade) {
  Violations violations;
  violations.Add("a", "TOO_LONG", "too long");
  violations.Add("b.c", "REQUIRED", "needed");

  const absl::Status back = FromWire(ToWire(violations.ToStatus(), "lotura.sales"));

  EXPECT_THAT(back, StatusIs(StatusCode::kInvalidArgument, "BAD_REQUEST"));
  EXPECT_THAT(back, HasViolation("a", "TOO_LONG"));
  EXPECT_THAT(back, HasViolation("b.c", "REQUIRED"));
  EXPECT_EQ(InfoOf(back).metadata.at("count"), "2");
}

TEST(WireStatusTest, TheErrorOfANeighborKeepsItsDomain) {
  const absl::Status from_accounts =
      FromWire(ToWire(NotFound("thing", "things/a"), "lotura.accounts"));

  EXPECT_EQ(OnlyInfo(ToWire(from_accounts, "lotura.sales")).domain(), "lotura.accounts");
}

TEST(WireStatusTest, DetailsThatAreTooLargeForTrailersLoseViolationsFromTheEnd) {
  Violations violations;
  for (int i = 0; i < 50; ++i) {
    violations.Add("field_" + std::to_string(i), "TOO_LONG", std::string(300, 'x'));
  }

  const WireStatus wire = ToWire(violations.ToStatus(), "lotura.sales");

  EXPECT_LE(wire.details.size(), 4096U);
  const absl::Status back = FromWire(wire);
  EXPECT_THAT(back, HasViolation("field_0", "TOO_LONG"));
  EXPECT_EQ(InfoOf(back).metadata.at("count"), "50");
}

TEST(WireStatusTest, ErrorsOfGrpcItselfGetTheReasonOfTheirCode) {
  EXPECT_THAT(FromWire({.code = 14, .message = "no connection", .details = ""}),
              StatusIs(StatusCode::kUnavailable, "UNAVAILABLE"));
  EXPECT_THAT(FromWire({.code = 4, .message = "late", .details = "not a status"}),
              StatusIs(StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED"));
}

}  // namespace
}  // namespace lotura::rpc
