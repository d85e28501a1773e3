// Records so large that few of them fit a message.
#include <gtest/gtest.h>

#include "libs/base/limits.h"
#include "libs/resource/testdata/engine_bench.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the bench that this file is
                           // about
using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

constexpr int kTags = 100;
constexpr int kTagSize = 255;

class MessageSizeTest : public ::testing::Test {
 protected:
  // Creates that take about 25 KiB each.
  static v1::BatchCreateWidgetsRequest LargeWidgets(int first, int count) {
    v1::BatchCreateWidgetsRequest batch;
    for (int i = first; i < first + count; ++i) {
      auto* request = batch.add_requests();
      *request = NewWidget(fmt::format("w{:03}", i));
      for (int tag = 0; tag < kTags; ++tag)
        request->mutable_widget()->add_tags(std::string(kTagSize, 'x'));
    }
    return batch;
  }
  absl::StatusOr<v1::BatchCreateWidgetsResponse> Create(
      const v1::BatchCreateWidgetsRequest& batch) {
    return engine_.Do<v1::BatchCreateWidgetsResponse>(CallAs(1), "BatchCreateWidgets", batch);
  }

  EngineBench engine_;
};

TEST_F(MessageSizeTest, PageEndsBeforeItIsTooLargeAndTheNextOneGoesOn) {
  for (int first = 0; first < 300; first += 100)
    ASSERT_THAT(Create(LargeWidgets(first, 100)), IsOk());
  v1::ListWidgetsRequest list;
  list.set_page_size(1000);
  std::set<std::string> names;
  int pages = 0;

  do {
    ASSERT_OK_AND_ASSIGN(const auto page,
                         engine_.Do<v1::ListWidgetsResponse>(CallAs(1), "ListWidgets", list));
    EXPECT_LE(page.ByteSizeLong(), kMessageBytesMax);
    for (const v1::Widget& widget : page.widgets()) EXPECT_TRUE(names.insert(widget.name()).second);
    list.set_page_token(page.next_page_token());
    ASSERT_LT(++pages, 10);
  } while (!list.page_token().empty());

  EXPECT_EQ(names.size(), 300);
  EXPECT_EQ(pages, 2);
}

TEST_F(MessageSizeTest, WhatCouldNotBeAnsweredIsNotWritten) {
  const auto created = Create(LargeWidgets(0, 200));

  EXPECT_THAT(created, StatusIs(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE"));
  EXPECT_EQ(engine_.Count("widget"), 0);
}

}  // namespace
}  // namespace lotura::resource
