// What a batch refuses as a whole, and what a record does not take along.
#include <gtest/gtest.h>

#include "libs/resource/testdata/engine_bench.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;
using testdata::EngineBench;
using testdata::NewWidget;
using testdata::Rename;
namespace v1 = testdata::v1;

constexpr char kRequestId[] = "8b1a9953-c461-4b6a-a1a6-0b4a1c0f0001";

class BatchRequestTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::BatchCreateWidgetsResponse> BatchCreate(
      const v1::BatchCreateWidgetsRequest& request) {
    return engine_.Do<v1::BatchCreateWidgetsResponse>(testdata::CallAs(1), "BatchCreateWidgets",
                                                      request);
  }

  EngineBench engine_;
};

TEST_F(BatchRequestTest, ElementsHaveNoRequestIdOfTheirOwn) {
  v1::BatchCreateWidgetsRequest batch;
  *batch.add_requests() = NewWidget("a");
  *batch.add_requests() = NewWidget("b");
  batch.mutable_requests(1)->set_request_id(kRequestId);
  batch.mutable_requests(1)->set_validate_only(true);

  const auto created = BatchCreate(batch);

  EXPECT_THAT(created, HasViolation("requests[1].request_id", "NOT_IN_BATCH"));
  EXPECT_THAT(created, HasViolation("requests[1].validate_only", "NOT_IN_BATCH"));
  EXPECT_EQ(engine_.Count("widget"), 0);
}

TEST_F(BatchRequestTest, RecordIsAskedForOnce) {
  ASSERT_THAT(engine_.Create(NewWidget("a")), IsOk());
  v1::BatchGetWidgetsRequest get;
  get.add_names("widgets/a");
  get.add_names("widgets/a");

  EXPECT_THAT(engine_.Do<v1::BatchGetWidgetsResponse>(testdata::CallAs(1), "BatchGetWidgets", get),
              HasViolation("names[1]", "DUPLICATE_NAME"));
}

TEST_F(BatchRequestTest, FieldsThatTheTypeDoesNotHaveAreNotTakenAlong) {
  constexpr int kUnknownField = 900;
  auto create = NewWidget("a");
  v1::Widget& widget = *create.mutable_widget();
  widget.GetReflection()->MutableUnknownFields(&widget)->AddLengthDelimited(kUnknownField,
                                                                            "ann@example.org");
  auto update = Rename("widgets/a", "other");
  v1::Widget& patch = *update.mutable_widget();
  google::type::Money& amount = *patch.mutable_amount();
  amount.set_currency_code("EUR");
  amount.GetReflection()->MutableUnknownFields(&amount)->AddLengthDelimited(kUnknownField,
                                                                            "ann@example.org");
  update.mutable_update_mask()->add_paths("amount");

  ASSERT_OK_AND_ASSIGN(const v1::Widget created, engine_.Create(create));
  ASSERT_OK_AND_ASSIGN(const v1::Widget updated, engine_.Update(update));

  EXPECT_EQ(created.SerializeAsString().find("ann@"), std::string::npos);
  EXPECT_EQ(updated.SerializeAsString().find("ann@"), std::string::npos);
  const auto kept = engine_.reads().Read(
      Deadline::After(std::chrono::seconds(10)), [](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
        return testing::Select(
                   tx,
                   "SELECT count(*) FROM journal WHERE position('ann@' in encode(after_plain, "
                   "'escape') || encode(after_personal, 'escape')) > 0")
            .Int(0, 0);
      });
  EXPECT_EQ(kept.value_or(-1), 0);
}

}  // namespace
}  // namespace lotura::resource
