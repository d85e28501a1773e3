// How many rows a list reads, whatever the server knows of the values that it asks for.
#include <gtest/gtest.h>

#include "libs/base/uuid.h"
#include "libs/resource/lister.h"
#include "libs/resource/testdata/bench.h"
#include "libs/resource/testdata/fixed_rights.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::StatusIs;

constexpr std::int64_t kPage = kPageSizeDefault + 1;
// Of the owners one has half of the widgets, one a hundredth, one a single one, and twenty a
// thousandth each; a tenth is shared
// with a crowd, and two of a thousand with a friend.
constexpr char kWidgets[] = R"(
INSERT INTO widget (tenant_id, name, version, create_time, update_time, display_name, email, tags, origin, score, verdict,
  amount, amount_currency, owner, readers)
SELECT '00000000-0000-0000-0000-000000000000', 'widgets/' || i, 1, now(), now(), md5(i::text), '', '{}', '', 0, '', i % 977,
  'EUR', CASE WHEN i % 2 = 0 THEN 'half' WHEN i % 100 = 1 THEN 'hundredth' WHEN i = 3 THEN 'single'
    WHEN i % 50 = 9 THEN 'o' || (i / 50 % 20) END,
  CASE WHEN i % 1000 IN (1, 7) THEN '{other, friend}'::text[] WHEN i % 10 = 3 THEN '{crowd}'::text[] ELSE '{}' END
FROM generate_series(1, 20000) AS i;)";
constexpr std::int64_t kShared = 40;
// More than the budget allows to read, and what is asked for is behind them.
constexpr char kTooMany[] = R"(
INSERT INTO widget (tenant_id, name, version, create_time, update_time, display_name, email, tags, origin, score, verdict, owner)
SELECT '00000000-0000-0000-0000-000000000000', 'widgets/' || i, 1, now(), now(), lpad(i::text, 8, '0'), '', '{}', '', 0, '',
  CASE WHEN i > 100000 THEN 'late' END
FROM generate_series(1, 101500) AS i;)";

// One owner has more than is read of each of two, and what is asked for is the last of it; the
// other one has a page behind that.
constexpr char kOneOfMany[] = R"(
INSERT INTO widget (tenant_id, name, version, create_time, update_time, display_name, email, tags, origin, score, verdict,
  amount, amount_currency, owner)
SELECT '00000000-0000-0000-0000-000000000000', 'widgets/' || i, 1, now(), now(), '', '', '{}', '',
  CASE WHEN i = 1 OR i > 60000 THEN 1 ELSE 0 END, '', CASE WHEN i > 60000 THEN 0 ELSE i END, 'EUR',
  CASE WHEN i > 60000 THEN 'few' ELSE 'many' END
FROM generate_series(1, 60060) AS i;)";

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
  // From here on the caller sees what fulfills the condition.
  void SeeOnly(const std::string& condition) {
    call_.principal.rights =
        std::make_shared<FixedRights>(std::vector<Given>{{Access::kRead, condition}});
  }
  // Rows of tables and entries of indexes so far.
  std::int64_t RowsRead() {
    return database_
        .Read(
            Soon(),
            [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
              tx.RunScript("SELECT pg_stat_force_next_flush()");
              return testing::Select(
                         tx,
                         "SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname "
                         "= 'widget')::bigint + (SELECT seq_tup_read FROM pg_stat_user_tables "
                         "WHERE "
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
  // All of a list, page by page.
  std::vector<std::string> NamesOf(ListRequest request) {
    std::vector<std::string> names;
    request.page_size = 37;
    do {
      const absl::StatusOr<ListPage> page = List(request);
      EXPECT_THAT(page, testing::IsOk());
      if (!page.ok()) break;
      for (const Record& record : page->records)
        names.push_back(record.message->GetReflection()->GetString(
            *record.message, declarations_.front()->name_field()));
      request.page_token = page->next_page_token;
    } while (!request.page_token.empty());
    return names;
  }
  void ExpectBounds();
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

  const std::string conninfo_ = testdata::NewWidgetDatabase();
  SystemClock clock_;
  const Catalog catalog_ = testdata::WidgetCatalog();
  Call call_{.principal = {.grounds = Grounds::kToken},
             .method = "test",
             .deadline = Soon(),
             .now = clock_.Now()};
  const PageTokens tokens_ = PageTokens::Create({{"k1", AesKey{1}}}).value();
  pg::Database database_{{.conninfo = conninfo_,
                          .schema = "testdata",
                          .pool_size = 1,
                          .plan_for = pg::PlanFor::kLists}};
  pg::Database shares_{{.conninfo = conninfo_,
                        .schema = "testdata",
                        .pool_size = 1,
                        .plan_for = pg::PlanFor::kSets}};
  const std::vector<const Declaration*> declarations_ = catalog_.Declarations();
  const Lister lister_{{database_, shares_}, tokens_, declarations_};
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
    {"owner = single AND score = 0", "amount desc", 2},
    {"score = 0", "amount desc", 2 * kPage},
    {"score = 0", "display_name", 2 * kPage},
    {"owner = half AND score = 0", "amount desc", 2 * kPage}};

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

TEST_F(ListPlansTest, WhoSeesTheRecordsOfSomeOwnersReadsTheirs) {
  Fill(kWidgets);
  const std::pair<const char*, std::int64_t> views[] = {
      {"owner = hundredth", 2 * kPage},
      {"owner = (hundredth OR single)", 2 * (kPage + 1)},
      {"owner = (half OR hundredth)", 4 * kPage},
      {"owner = (nobody OR none)", 0}};
  for (const auto& [view, rows] : views) {
    SeeOnly(view);
    for (const char* order : {"amount desc", "name"})
      EXPECT_LE(RowsOfTwoPages({.order_by = order}), rows) << view << " by " << order;
  }
  // Whether the rows of one are cut is asked before; then those are read of each that come before
  // what the filter leaves.
  SeeOnly("owner = (hundredth OR single) AND score = 0");
  EXPECT_LE(RowsOfTwoPages({.filter = "score >= 0", .order_by = "amount desc"}),
            2 * (201 + kPage + 1));
}

// "o0 OR o1 ...": the owners of a thousandth each.
std::string TwentyOwners() {
  std::string owners = "o0";
  for (int i = 1; i < 20; ++i) owners += fmt::format(" OR o{}", i);
  return owners;
}

TEST_F(ListPlansTest, OfManyOwnersTheirSharesOfThePageAreRead) {
  Fill(kWidgets);
  Fill("ANALYZE widget");
  SeeOnly("owner = (" + TwentyOwners() + ")");
  for (const char* order : {"amount desc", "name"})
    EXPECT_LE(RowsOfTwoPages({.order_by = order}), 2 * (20 * 4 * kPage / 20 + kPage)) << order;

  // Who has the whole page is read once more, as a whole page of each.
  SeeOnly("owner = (half OR " + TwentyOwners() + ")");
  EXPECT_LE(RowsOfTwoPages({.order_by = "amount desc"}), 2 * (4 * kPage + kPage + 20 * 20 + kPage));
}

TEST_F(ListPlansTest, WhoSeesWhatNobodyOwnsReadsIt) {
  Fill(kWidgets);
  SeeOnly("NOT owner:*");

  for (const char* order : {"amount desc", "name"})
    EXPECT_LE(RowsOfTwoPages({.order_by = order}), 2 * kPage) << order;
}

// The names are found and counted, and each is read by its name.
TEST_F(ListPlansTest, WhatIsSharedWithSomebodyIsReadByItsNames) {
  Fill(kWidgets);
  const std::pair<const char*, std::int64_t> views[] = {
      {"readers:friend", 3 * kShared},
      {"readers:nobody", 0},
      {"readers:friend OR owner = half", 2 * (3 * kShared + kPage)},
      {"readers:friend OR owner = hundredth OR NOT owner:*", 2 * (3 * kShared + 2 * kPage)}};
  for (const auto& [view, rows] : views) {
    SeeOnly(view);
    for (const char* order : {"amount desc", "name"})
      EXPECT_LE(RowsOfTwoPages({.order_by = order}), rows) << view << " by " << order;
  }
}

TEST_F(ListPlansTest, WhatIsSharedWithManyIsFoundAlongTheOrder) {
  Fill(kWidgets);
  SeeOnly("readers:crowd");

  // All that are shared are counted by their index.
  EXPECT_LE(RowsOfTwoPages({.order_by = "amount desc"}), 2 * (2 * 2'000 + 10 * 3 * kPage));
}

// The same as a filter, which goes along the order, and as a view, which merges what it reaches.
TEST_F(ListPlansTest, EveryRecordOfAViewIsListedOnceInItsOrder) {
  Fill(kWidgets);
  const std::string twenty = "owner = (" + TwentyOwners() + ")";
  const std::string conditions[] = {twenty,
                                    twenty + " OR readers:friend OR NOT owner:*",
                                    "owner = (half OR " + TwentyOwners() + ")",
                                    "readers:friend",
                                    "owner = single OR readers:friend",
                                    "owner = (hundredth OR single) OR readers:friend",
                                    "owner = hundredth OR readers:friend OR NOT owner:*",
                                    "NOT owner:* AND score = 0 OR readers:other",
                                    "owner = hundredth AND readers:friend",
                                    "readers:crowd OR owner = hundredth",
                                    "readers:nobody OR owner = nobody"};
  for (const std::string& condition : conditions) {
    for (const char* order : {"amount desc", "display_name", "name"}) {
      call_.principal.rights = nullptr;
      const auto expected = NamesOf({.filter = condition, .order_by = order});
      SeeOnly(condition);
      EXPECT_EQ(NamesOf({.order_by = order}), expected) << condition << " by " << order;
    }
  }
}

TEST_F(ListPlansTest, NoOwnersRecordIsLostBehindThoseOfAnother) {
  Fill(kOneOfMany);
  SeeOnly("owner = (many OR few) AND score = 1");

  const auto page = List({.order_by = "amount desc"});

  ASSERT_THAT(page, testing::IsOk());
  EXPECT_EQ(page->records.size(), kPageSizeDefault);
  EXPECT_EQ(page->records.front().message->GetReflection()->GetString(
                *page->records.front().message, declarations_.front()->name_field()),
            "widgets/1");
}

TEST_F(ListPlansTest, WhoSeesTheRecordsOfManyFindsThemAlongTheOrder) {
  Fill(kWidgets);
  std::string owners = "half";
  for (std::size_t i = 0; i < kOwnersFew; ++i) owners += fmt::format(" OR u{}", i);
  SeeOnly("owner = (" + owners + ")");

  EXPECT_LE(RowsOfTwoPages({.order_by = "amount desc"}), 2 * 3 * kPage);

  // Where these are few, the first look is in vain.
  SeeOnly("owner = (hundredth OR " + owners.substr(owners.find("u0")) + ")");
  EXPECT_LE(RowsOfTwoPages({.order_by = "amount desc"}), 2 * (kFirstLookRows + 2 * kPage));
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
