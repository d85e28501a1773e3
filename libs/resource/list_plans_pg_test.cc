// How many rows a list reads, whatever the server knows of the values that it asks for.
#include <gtest/gtest.h>

#include "libs/base/uuid.h"
#include "libs/resource/lister.h"
#include "libs/resource/testdata/bench.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::StatusIs;

constexpr std::int64_t kPage = kPageSizeDefault + 1;
// Of the owners one has half of the widgets, one a hundredth, and one a single one.
constexpr char kWidgets[] = R"(
INSERT INTO widget (tenant_id, name, version, create_time, update_time, display_name, email, tags, origin, score, verdict,
  amount, amount_currency, owner)
SELECT '00000000-0000-0000-0000-000000000000', 'widgets/' || i, 1, now(), now(), md5(i::text), '', '{}', '', 0, '', i % 977,
  'EUR', CASE WHEN i % 2 = 0 THEN 'half' WHEN i % 100 = 1 THEN 'hundredth' WHEN i = 3 THEN 'single' END
FROM generate_series(1, 20000) AS i;)";
// More than the budget allows to read, and what is asked for is behind them.
constexpr char kTooMany[] = R"(
INSERT INTO widget (tenant_id, name, version, create_time, update_time, display_name, email, tags, origin, score, verdict, owner)
SELECT '00000000-0000-0000-0000-000000000000', 'widgets/' || i, 1, now(), now(), lpad(i::text, 8, '0'), '', '{}', '', 0, '',
  CASE WHEN i > 100000 THEN 'late' END
FROM generate_series(1, 101500) AS i;)";

class ListPlansTest : public ::testing::Test {
 protected:
  void Fill(const std::string& script) {
    const auto filled = database_.WriteOne(Soon(), [&](pg::Tx& tx) {
      tx.RunScript(script);
      return absl::OkStatus();
    });
    ASSERT_THAT(filled, testing::IsOk());
  }
  absl::StatusOr<ListPage> List(const ListRequest& request) {
    return lister_.List(call_, *catalog_.types().front().declaration, request);
  }
  // Rows of tables and entries of indexes so far.
  std::int64_t RowsRead() {
    return database_
        .Read(Soon(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                tx.RunScript("SELECT pg_stat_force_next_flush()");
                return tx
                    .RunScript(
                        "SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname "
                        "= 'widget')::bigint + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE "
                        "relname = 'widget')")
                    .Int(0, 0);
              })
        .value();
  }
  // Of the first page and the one behind it together.
  std::int64_t RowsOfTwoPages(ListRequest request) {
    const std::int64_t before = RowsRead();
    std::int64_t listed = 0;
    for (int page = 0; page < 2 && (page == 0 || !request.page_token.empty()); ++page) {
      const absl::StatusOr<ListPage> answer = List(request);
      EXPECT_THAT(answer, testing::IsOk());
      if (!answer.ok()) break;
      request.page_token = answer->next_page_token;
      listed += std::ssize(answer->records);
    }
    const std::int64_t rows = RowsRead() - before;
    EXPECT_GE(rows, listed) << "not all that was read has been counted";
    return rows;
  }
  void ExpectBounds();
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

  const std::string conninfo_ = testdata::NewWidgetDatabase();
  SystemClock clock_;
  const Catalog catalog_ = testdata::WidgetCatalog();
  const Call call_{.method = "test", .deadline = Soon(), .now = clock_.Now()};
  const PageTokens tokens_ = PageTokens::Create({{"k1", AesKey{1}}}).value();
  pg::Database database_{{.conninfo = conninfo_,
                          .schema = "testdata",
                          .pool_size = 1,
                          .plan_for = pg::PlanFor::kLists}};
  const std::vector<const Declaration*> declarations_ = catalog_.Declarations();
  const Lister lister_{database_, tokens_, declarations_};
};

struct Bound {
  const char* filter;
  const char* order_by;
  std::int64_t rows;
};

// For two pages: what is within an order is read record by record, of what is not a few are sorted,
// or counted before the list goes along the order.
constexpr Bound kBounds[] = {
    {"", "amount desc", 2 * kPage},
    {"", "display_name", 2 * kPage},
    {"", "name", 2 * kPage},
    {"owner = half", "amount desc", 2 * kPage},
    {"owner = hundredth", "amount desc", 2 * kPage},
    {"owner = single", "amount desc", 1},
    {"owner = nobody", "amount desc", 0},
    {"owner = half", "name", 2 * kPage},
    {"owner = hundredth", "name", 2 * kPage},
    {"owner = single", "name", 1},
    {"owner = nobody", "name", 0},
    {"owner = half", "display_name", 2 * (kFewRows + 1 + 4 * kPage)},
    {"owner = hundredth", "display_name", 4 * 200},
    {"owner = single", "display_name", 2},
    {"owner = nobody", "display_name", 0},
    {"display_name = nothing", "amount desc", 0},
    {"display_name = nothing AND owner = half", "amount desc", 0},
    {"owner = half AND display_name = nothing", "display_name", kFewRows + 1},
    {"owner = single AND score = 0", "amount desc", 2}};

void ListPlansTest::ExpectBounds() {
  for (const Bound& bound : kBounds) {
    EXPECT_LE(RowsOfTwoPages({.filter = bound.filter, .order_by = bound.order_by}), bound.rows)
        << "'" << bound.filter << "' by " << bound.order_by;
  }
}

TEST_F(ListPlansTest, RowsReadAreBoundedBeforeTheServerKnowsTheTable) {
  Fill(kWidgets);

  ExpectBounds();
}

TEST_F(ListPlansTest, RowsReadAreBoundedWhenTheServerKnowsTheTable) {
  Fill(kWidgets);
  Fill("ANALYZE widget");

  ExpectBounds();
}

TEST_F(ListPlansTest, WhatNobodyHasIsNotSoughtWhereAllSeemToHaveTheSame) {
  Fill(kWidgets);
  Fill("UPDATE widget SET owner = 'half'");
  Fill("ANALYZE widget");

  EXPECT_EQ(RowsOfTwoPages({.filter = "owner = nobody", .order_by = "amount desc"}), 0);
}

TEST_F(ListPlansTest, FilterThatReadsTooMuchIsRefusedAndNamesItsIndex) {
  Fill(kTooMany);

  const absl::Status of_field = List({.filter = "score = 5", .order_by = "display_name"}).status();
  const absl::Status of_lookup =
      List({.filter = "owner = late", .order_by = "display_name"}).status();

  EXPECT_THAT(of_field, StatusIs(absl::StatusCode::kFailedPrecondition, "QUERY_TOO_EXPENSIVE"));
  EXPECT_EQ(InfoOf(of_field).metadata["index"], "widget (tenant_id, score, display_name, name)");
  EXPECT_THAT(of_lookup, StatusIs(absl::StatusCode::kFailedPrecondition, "QUERY_TOO_EXPENSIVE"));
  EXPECT_EQ(InfoOf(of_lookup).metadata["index"], "widget (tenant_id, owner, display_name, name)");
}

TEST_F(ListPlansTest, TheSameLookupIsServedInAnOrderWithinIt) {
  Fill(kTooMany);

  const absl::StatusOr<ListPage> page = List({.filter = "owner = late", .order_by = "amount desc"});

  ASSERT_THAT(page, testing::IsOk());
  EXPECT_EQ(page->records.size(), kPageSizeDefault);
}

}  // namespace
}  // namespace lotura::resource
