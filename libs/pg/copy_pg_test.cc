// Rows by COPY, and values in forms that statements do not use.
#include <gtest/gtest.h>

#include "libs/pg/database.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::pg {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;

constexpr char kCopy[] = "COPY thing (id, label, amount, tags) FROM STDIN (FORMAT binary)";

Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

class CopyTest : public ::testing::Test {
 protected:
  CopyTest() {
    EXPECT_THAT(database_.WriteOne(Soon(),
                                   [](Tx& tx) {
                                     tx.RunScript(
                                         "CREATE TABLE thing (id bigint PRIMARY KEY, label text, "
                                         "amount numeric, tags text[])");
                                     return absl::OkStatus();
                                   }),
                IsOk());
  }

  static void Add(CopyRows& rows, std::int64_t id, const std::string& amount = "0") {
    const std::vector<std::string> tags = {"a", "b,\"c\""};
    rows.Add(binary::Int64(id)).AddNull().Add(binary::Numeric(amount)).Add(binary::TextArray(tags));
  }
  absl::Status Copy(const CopyRows& rows, const std::vector<std::size_t>& places) {
    return database_.Write(Soon(), [&](Tx& tx) {
      tx.Copy("test.Copy", kCopy, rows, places);
      return absl::OkStatus();
    });
  }
  // Joined by spaces.
  std::string Select(const std::string& what) {
    return database_
        .Read(Soon(),
              [&](Tx& tx) -> absl::StatusOr<std::string> {
                return testing::Select(tx, "SELECT coalesce(string_agg(" + what +
                                               ", ' ' ORDER BY id), '') FROM thing")
                    .String(0, 0);
              })
        .value();
  }

  Database database_{{.conninfo = testing::Postgres().Conninfo(testing::Postgres().NewDatabase()),
                      .pool_size = 1}};
};

TEST_F(CopyTest, RowsArriveThatWerePicked) {
  CopyRows rows(4);
  for (std::int64_t id = 0; id < 7; ++id) Add(rows, id);

  ASSERT_THAT(Copy(rows, {0, 2, 3, 6}), IsOk());

  EXPECT_EQ(Select("id::text"), "0 2 3 6");
  EXPECT_EQ(Select("(label IS NULL AND tags = ARRAY['a', 'b,\"c\"'])::text"),
            "true true true true");
}

TEST_F(CopyTest, RowsOfManyPiecesArrive) {
  CopyRows rows(4);
  std::vector<std::size_t> places;
  for (std::size_t id = 0; id < 5'000; ++id) {
    Add(rows, static_cast<std::int64_t>(id));
    places.push_back(id);
  }

  ASSERT_THAT(Copy(rows, places), IsOk());

  EXPECT_EQ(Select("CASE WHEN id IN (0, 4999) THEN id::text END"), "0 4999");
}

TEST_F(CopyTest, DecimalsArriveAsTheyAreWritten) {
  const std::vector<std::string> decimals = {
      "0",      "1",         "-1",       "10000",          "9999.5",     "0.05",
      "-0.001", "123456789", "100000.1", "0.000000000001", "20000.0003", "9223372036854775807.999"};
  CopyRows rows(4);
  std::string expected;
  std::vector<std::size_t> places;
  for (const std::string& decimal : decimals) {
    places.push_back(places.size());
    Add(rows, static_cast<std::int64_t>(places.size()), decimal);
    expected += (expected.empty() ? "" : " ") + decimal;
  }

  ASSERT_THAT(Copy(rows, places), IsOk());

  EXPECT_EQ(Select("amount::text"), expected);
  EXPECT_EQ(Select("(amount = amount::text::numeric)::text").find("false"), std::string::npos);
}

TEST_F(CopyTest, ARowThatIsThereFailsAllAndTheConnectionStays) {
  CopyRows rows(4);
  Add(rows, 1);
  Add(rows, 2);
  ASSERT_THAT(Copy(rows, {1}), IsOk());

  EXPECT_THAT(Copy(rows, {0, 1}), StatusIs(absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION"));

  EXPECT_EQ(Select("id::text"), "2");
  EXPECT_EQ(database_.Figures().opened, 1U);
}

TEST_F(CopyTest, AValueOfAnotherTypeIsAMistakeOfTheProgram) {
  CopyRows rows(4);
  rows.Add("odd").AddNull().AddNull().AddNull();

  EXPECT_THAT(Copy(rows, {0}), StatusIs(absl::StatusCode::kInternal, "DATABASE_ERROR"));
}

TEST_F(CopyTest, ALostConnectionIsUnavailable) {
  CopyRows rows(4);
  Add(rows, 1);

  const absl::Status status = database_.Write(Soon(), [&](Tx& tx) {
    try {
      tx.RunScript("SELECT pg_terminate_backend(pg_backend_pid())");
    } catch (const std::exception&) {
      // That is what was wanted.
    }
    tx.Copy("test.Copy", kCopy, rows, std::vector<std::size_t>{0});
    return absl::OkStatus();
  });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_EQ(Select("id::text"), "");
}

TEST_F(CopyTest, ElementsOfAnArrayArriveThatWerePicked) {
  Array array(Type::kText);
  for (const char* text : {"a", "b", "c"}) array.Add(text);
  array.AddNull();

  const auto same = database_.Read(Soon(), [&](Tx& tx) -> absl::StatusOr<bool> {
    return tx
        .RunBuilt("test.Echo", "SELECT $1::text[] = ARRAY['b', NULL] AND $2::text[] = '{}'",
                  Params().Add(array.Pick(std::vector<std::size_t>{1, 3})).Add(array.Pick({})))
        .Bool(0, 0);
  });

  EXPECT_TRUE(same.value());
}

}  // namespace
}  // namespace lotura::pg
