// Values as PostgreSQL sends them.
#include "libs/pg/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "libs/pg/database.h"
#include "libs/testing/postgres.h"
#include "libs/testing/select.h"

namespace lotura::pg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RowsTest : public ::testing::Test {
 protected:
  Rows Select(const std::string& list) {
    return database_
        .Read(Deadline::After(std::chrono::seconds(10)),
              [&](Tx& tx) -> absl::StatusOr<Rows> { return testing::Select(tx, "SELECT " + list); })
        .value();
  }

  Database database_{{.conninfo = testing::Postgres().Conninfo("postgres"), .pool_size = 1}};
};

TEST_F(RowsTest, IntegersOfEachWidth) {
  const Rows rows = Select(
      "(-32768)::smallint, (-2147483648)::integer, (-9223372036854775808)::bigint, "
      "4294967295::oid, '18446744073709551615'::xid8");

  EXPECT_EQ(rows.Int(0, 0), std::numeric_limits<std::int16_t>::min());
  EXPECT_EQ(rows.Int(0, 1), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(rows.Int(0, 2), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(rows.Int(0, 3), std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(rows.Xid(0, 4), std::numeric_limits<std::uint64_t>::max());
}

TEST_F(RowsTest, TruthAndFractions) {
  const Rows rows = Select("true, false, 0.1::double precision, (-1.5)::real, 'infinity'::float8");

  EXPECT_TRUE(rows.Bool(0, 0));
  EXPECT_FALSE(rows.Bool(0, 1));
  EXPECT_EQ(rows.Double(0, 2), 0.1);
  EXPECT_EQ(rows.Double(0, 3), -1.5);
  EXPECT_EQ(rows.Double(0, 4), std::numeric_limits<double>::infinity());
}

TEST_F(RowsTest, TextOfEachType) {
  const Rows rows = Select(
      "'ü'::text, ''::varchar, 'pg_class'::name, 'r'::\"char\", '{\"a\": 1}'::jsonb, "
      "'\\x00ff'::bytea");

  EXPECT_EQ(rows.Text(0, 0), "ü");
  EXPECT_EQ(rows.Text(0, 1), "");
  EXPECT_EQ(rows.Text(0, 2), "pg_class");
  EXPECT_EQ(rows.Text(0, 3), "r");
  EXPECT_EQ(rows.Text(0, 4), "{\"a\": 1}");
  EXPECT_EQ(rows.Bytes(0, 5), std::string("\0\xff", 2));
}

TEST_F(RowsTest, TimesAndDatesOnBothSidesOfTheEpoch) {
  using std::chrono::sys_days;
  using std::chrono::year;
  const Rows rows = Select(
      "'1999-12-31 23:59:59.999999+00'::timestamptz, '2026-01-31 08:15:00.123456+01'::timestamptz, "
      "'1969-02-28'::date, '9999-12-31'::date");

  EXPECT_EQ(rows.Time(0, 0), Instant(sys_days{year{2000} / 1 / 1}) - std::chrono::microseconds(1));
  EXPECT_EQ(rows.Time(0, 1), Instant(sys_days{year{2026} / 1 / 31}) + std::chrono::hours(7) +
                                 std::chrono::minutes(15) + std::chrono::microseconds(123456));
  EXPECT_EQ(rows.Date(0, 2), sys_days(year{1969} / 2 / 28));
  EXPECT_EQ(rows.Date(0, 3), sys_days(year{9999} / 12 / 31));
}

// The server writes the same value as text.
TEST_F(RowsTest, DecimalsAreWrittenAsTheServerWritesThem) {
  for (const std::string value :
       {"0", "0.00", "1", "-1", "12.5", "-12.50", "10000", "100000000", "123456789.000100020003",
        "0.1", "0.0001", "0.00001", "0.000000010", "-0.0000000001", "99999999999999999999.99",
        "10000.0001", "5000000", "0.99990"}) {
    const Rows rows = Select("'" + value + "'::numeric, ('" + value + "'::numeric)::text");
    EXPECT_EQ(rows.Numeric(0, 0), rows.Text(0, 1)) << value;
  }
}

TEST_F(RowsTest, WhatWasSentIsRead) {
  for (const std::string value : {"0", "-7", "0.05", "1234567890.98765", "-0.0001", "10000"}) {
    const auto read = database_.Read(
        Deadline::After(std::chrono::seconds(10)), [&](Tx& tx) -> absl::StatusOr<std::string> {
          return tx
              .RunBuilt("test.Decimal", "SELECT $1::numeric", Params().Raw(binary::Numeric(value)))
              .Numeric(0, 0);
        });
    EXPECT_EQ(read.value(), value);
  }
}

TEST_F(RowsTest, Arrays) {
  const Rows rows =
      Select("'{}'::text[], ARRAY['a', 'b,\"c\"', '', 'NULL'], ARRAY['pg_class']::name[]");

  EXPECT_THAT(rows.Texts(0, 0), IsEmpty());
  EXPECT_THAT(rows.Texts(0, 1), ElementsAre("a", "b,\"c\"", "", "NULL"));
  EXPECT_THAT(rows.Texts(0, 2), ElementsAre("pg_class"));
}

TEST_F(RowsTest, IdsAndNull) {
  const Rows rows = Select("'0195f3c2-7c9e-7d51-8f2e-0123456789ab'::uuid, NULL::text, ''");

  EXPECT_EQ(rows.Id(0, 0).ToString(), "0195f3c2-7c9e-7d51-8f2e-0123456789ab");
  EXPECT_TRUE(rows.IsNull(0, 1));
  EXPECT_FALSE(rows.IsNull(0, 2));
}

TEST_F(RowsTest, RowsOutliveTheOnesTheyWereCopiedFrom) {
  std::optional<Rows> rows = Select("'a text that no small string can hold by itself'");
  const Rows copy = *rows;
  rows.reset();

  EXPECT_EQ(copy.Text(0, 0), "a text that no small string can hold by itself");
}

TEST_F(RowsTest, AStatementWithoutRowsHasNone) {
  const Rows rows = Select("1 WHERE false");

  EXPECT_TRUE(rows.empty());
  EXPECT_EQ(rows.Columns(), 1U);
}

using RowsDeathTest = RowsTest;

TEST_F(RowsDeathTest, AValueIsOfOneType) {
  const Rows rows = Select("1::bigint, 'a', NULL::bigint, 'infinity'::timestamptz, 'NaN'::numeric");

  EXPECT_DEATH((void)rows.Text(0, 0), "");
  EXPECT_DEATH((void)rows.Int(0, 1), "");
  EXPECT_DEATH((void)rows.Int(0, 2), "");
  EXPECT_DEATH((void)rows.Time(0, 3), "");
  EXPECT_DEATH((void)rows.Numeric(0, 4), "");
  EXPECT_DEATH((void)rows.Int(0, 5), "");
  EXPECT_DEATH((void)rows.Int(1, 0), "");
}

}  // namespace
}  // namespace lotura::pg
