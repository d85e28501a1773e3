// That bad input gets a typed error naming the field and changes nothing, for every method of every
// record type.
#include <gmock/gmock.h>

#include "tests/component/bad_requests.h"

namespace lotura::component {
namespace {

class BadInputTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    platform = new Platform(Operated::kYes);
    samples = new Samples(*platform);
    samples->MakeAll();
    platform->StopStreams();
  }
  static void TearDownTestSuite() {
    delete samples;
    delete platform;
  }

  static inline Platform* platform = nullptr;
  static inline Samples* samples = nullptr;
};

bool NamesTheField(const BadRequest& bad, const absl::Status& status) {
  if (bad.field.empty()) return ReasonOf(status) == bad.reason;
  if (bad.code != absl::StatusCode::kInvalidArgument)
    return ReasonOf(status) == bad.reason && !InfoOf(status).metadata[bad.field].empty();
  const std::vector<FieldViolation> violations = ViolationsOf(status);
  // A rule may refuse the field, or the message that it stands in, before its form is looked at,
  // for a reason of its own.
  if (violations.size() == 1 && (bad.field + ".").starts_with(violations.front().field + "."))
    return true;
  return std::ranges::any_of(violations, [&](const FieldViolation& violation) {
    return violation.field == bad.field && violation.reason == bad.reason;
  });
}

std::string Shown(const absl::Status& status) {
  std::string text = status.ToString();
  for (const FieldViolation& violation : ViolationsOf(status))
    text += "\n  " + violation.field + ": " + violation.reason;
  return text;
}

TEST_P(BadInputTest, IsRefusedWithItsFieldAndChangesNothing) {
  const std::vector<BadRequest> requests =
      BadRequestsOf(samples->Find(GetParam()), *samples, *platform);
  const RowCounts before = platform->CountRows();

  for (const BadRequest& bad : requests) {
    const rpc::RawAnswer answer = platform->Send(GetParam(), bad.messages, bad.caller);
    EXPECT_EQ(answer.status.code(), bad.code) << bad.what << ": " << Shown(answer.status);
    EXPECT_TRUE(NamesTheField(bad, answer.status))
        << bad.what << ", not " << bad.field << ": " << bad.reason << ", but "
        << Shown(answer.status);
    EXPECT_EQ(answer.ErrorInfos(), 1) << bad.what;
  }

  EXPECT_EQ(platform->CountRows(), before);
  EXPECT_THAT(FieldsNotHeld(samples->Find(GetParam()), requests), ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, BadInputTest, ::testing::ValuesIn(AllMethods()),
                         [](const auto& test) {
                           const std::size_t slash = test.param.rfind('/');
                           return test.param.substr(slash + 1);
                         });

}  // namespace
}  // namespace lotura::component
