// Lists of the engine: orders, pages and filters, on a real server.
#include "libs/resource/lister.h"

#include <gtest/gtest.h>

#include "libs/resource/testdata/engine_bench.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using namespace testdata;  // NOLINT(google-build-using-namespace): the bench that this file is
                           // about
using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;

class ListTest : public ::testing::Test {
 protected:
  EngineBench engine_;
};

TEST_F(ListTest, ReadsEveryRecordOnceInItsOrder) {
  v1::BatchCreateWidgetsRequest batch;
  for (int i = 0; i < 57; ++i) {
    auto* request = batch.add_requests();
    *request = NewWidget(fmt::format("w{:02}", i), i % 3 == 0 ? "third" : "other");
    if (i % 5 != 0) {
      request->mutable_widget()->mutable_amount()->set_currency_code("EUR");
      request->mutable_widget()->mutable_amount()->set_units(i % 7);
    }
  }
  ASSERT_THAT(engine_.Do<v1::BatchCreateWidgetsResponse>(CallAs(1), "BatchCreateWidgets", batch),
              IsOk());
  for (const char* order : {"", "amount desc", "display_name", "name"}) {
    std::set<std::string> names;
    v1::ListWidgetsRequest list;
    list.set_order_by(order);
    list.set_page_size(10);
    double last_amount = 1e9;
    int pages = 0;
    do {
      ASSERT_OK_AND_ASSIGN(const auto page,
                           engine_.Do<v1::ListWidgetsResponse>(CallAs(1), "ListWidgets", list));
      for (const v1::Widget& widget : page.widgets()) {
        EXPECT_TRUE(names.insert(widget.name()).second) << order << " " << widget.name();
        if (std::string_view(order) != "amount desc") continue;
        EXPECT_LE(static_cast<double>(widget.amount().units()), last_amount);
        last_amount = static_cast<double>(widget.amount().units());
      }
      list.set_page_token(page.next_page_token());
      ASSERT_LT(++pages, 20);
    } while (!list.page_token().empty());
    EXPECT_EQ(names.size(), 57) << order;
  }
}

TEST_F(ListTest, FiltersAndHidesDeletedRecords) {
  ASSERT_THAT(engine_.Create(NewWidget("a", "one")), IsOk());
  ASSERT_THAT(engine_.Create(NewWidget("b", "two")), IsOk());
  v1::DeleteWidgetRequest remove;
  remove.set_name("widgets/b");
  ASSERT_THAT(engine_.Do<v1::Widget>(CallAs(1), "DeleteWidget", remove), IsOk());
  const auto count = [&](const std::string& filter, bool show_deleted) {
    v1::ListWidgetsRequest list;
    list.set_filter(filter);
    list.set_show_deleted(show_deleted);
    return engine_.Do<v1::ListWidgetsResponse>(CallAs(1), "ListWidgets", list)->widgets_size();
  };

  EXPECT_EQ(count("", false), 1);
  EXPECT_EQ(count("", true), 2);
  EXPECT_EQ(count("display_name = \"two\"", true), 1);
  EXPECT_EQ(count("display_name = \"t*\"", true), 1);
  EXPECT_EQ(count("NOT display_name = \"two\"", true), 1);
  EXPECT_EQ(count("score > 5", false), 0);
  EXPECT_EQ(count("display_name = \"one\" AND score = 0", false), 1);
  EXPECT_EQ(count("display_name = \"one\" AND score > 5", false), 0);
}

TEST_F(ListTest, WrongListsAreRefused) {
  const auto list = [&](const v1::ListWidgetsRequest& request) {
    return engine_.Do<v1::ListWidgetsResponse>(CallAs(1), "ListWidgets", request);
  };
  v1::ListWidgetsRequest request;
  request.set_page_size(-1);
  EXPECT_THAT(list(request), HasViolation("page_size", "OUT_OF_RANGE"));
  request.Clear();
  request.set_order_by("score");
  EXPECT_THAT(list(request), HasViolation("order_by", "ORDER_UNKNOWN"));
  request.set_order_by("display_name");
  request.set_show_deleted(true);
  EXPECT_THAT(list(request), HasViolation("order_by", "ORDER_UNKNOWN"));
  request.Clear();
  request.set_filter("colour = 1");
  EXPECT_THAT(list(request), HasViolation("filter", "FILTER_UNKNOWN_FIELD"));
  request.Clear();
  request.set_page_token("bm9uc2Vuc2U");
  EXPECT_THAT(list(request), HasViolation("page_token", "PAGE_TOKEN_INVALID"));
}

}  // namespace
}  // namespace lotura::resource
