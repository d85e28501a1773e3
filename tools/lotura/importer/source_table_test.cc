#include "tools/lotura/importer/source_table.h"

#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

TEST(SourceTableTest, ReadsQuotesLineBreaksAndLineNumbers) {
  ASSERT_OK_AND_ASSIGN(
      const SourceTable table,
      ParseCsv("a.csv",
               "name,note\r\n\"Gekko, Inc\",\"says \"\"hi\"\"\"\r\n\"two\nlines\",x\n,\n"));

  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_THAT(table.columns, ElementsAre("name", "note"));
  EXPECT_THAT(table.rows[0].cells, ElementsAre("Gekko, Inc", "says \"hi\""));
  EXPECT_EQ(table.rows[0].text, "\"Gekko, Inc\",\"says \"\"hi\"\"\"");
  EXPECT_THAT(table.rows[1].cells, ElementsAre("two\nlines", "x"));
  EXPECT_EQ(table.rows[1].line, 3u);
  EXPECT_THAT(table.rows[2].cells, ElementsAre("", ""));
  EXPECT_EQ(table.rows[2].line, 5u) << "a line break within a field counts";
}

TEST(SourceTableTest, TheLastLineNeedsNoEnd) {
  ASSERT_OK_AND_ASSIGN(const SourceTable table, ParseCsv("a.csv", "a,b\n1,2"));

  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_THAT(table.rows[0].cells, ElementsAre("1", "2"));
}

TEST(SourceTableTest, AByteOrderMarkIsNoPartOfTheFirstName) {
  ASSERT_OK_AND_ASSIGN(const SourceTable table, ParseCsv("a.csv", "\xEF\xBB\xBFname\nx\n"));

  EXPECT_TRUE(table.FindColumn("name").has_value());
}

TEST(SourceTableTest, RowsOfAnotherLengthAreKept) {
  ASSERT_OK_AND_ASSIGN(const SourceTable table, ParseCsv("a.csv", "a,b\n1\n\n1,2,3\n"));

  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].cells.size(), 1u);
  EXPECT_EQ(table.rows[1].cells.size(), 1u);
  EXPECT_EQ(table.rows[2].cells.size(), 3u);
}

struct BadCsv {
  const char* text;
  const char* message;
};

class BadCsvTest : public ::testing::TestWithParam<BadCsv> {};

TEST_P(BadCsvTest, IsRefusedWithItsLine) {
  const auto table = ParseCsv("a.csv", GetParam().text);

  EXPECT_THAT(table, StatusIs(absl::StatusCode::kInvalidArgument, "CSV_MALFORMED"));
  EXPECT_THAT(Message(table.status()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, BadCsvTest,
                         ::testing::Values(BadCsv{"", "a.csv:1: the file is empty"},
                                           BadCsv{"a,a\n", "two columns are named 'a'"},
                                           BadCsv{"a,\n", "a column has no name"},
                                           BadCsv{"a\n1\n\"2\n3\n", "a.csv:3: a quoted field"},
                                           BadCsv{"a\nx\"y\n", "a.csv:2: a quote stands"},
                                           BadCsv{"a\n\"x\"y\n", "a.csv:2: text follows"},
                                           BadCsv{"a\nx\ry\n", "a.csv:2: a carriage return"}));

TEST(SourceTableTest, ALineReadsBackAsItWasWritten) {
  const std::vector<std::string> cells{"plain", "with, comma", "with \"quote\"", "two\nlines", ""};

  ASSERT_OK_AND_ASSIGN(const SourceTable table,
                       ParseCsv("a.csv", "a,b,c,d,e\n" + CsvLine(cells) + "\n"));

  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0].cells, cells);
}

TEST(SourceTableTest, AMissingFileIsNamed) {
  EXPECT_THAT(ReadCsv("/nowhere/a.csv"), StatusIs(absl::StatusCode::kNotFound, "FILE_UNREADABLE"));
}

}  // namespace
}  // namespace lotura::importer
