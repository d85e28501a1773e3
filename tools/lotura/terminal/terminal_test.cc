#include <gtest/gtest.h>

#include <sstream>

#include "tools/lotura/terminal/display_width.h"
#include "tools/lotura/terminal/progress_bar.h"
#include "tools/lotura/terminal/table.h"

namespace lotura::terminal {
namespace {

TEST(DisplayWidthTest, CountsColumnsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("Acme"), 4u);
  EXPECT_EQ(DisplayWidth("Müller"), 6u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u) << "a combining accent takes no room";
}

TEST(DisplayWidthTest, ShortenedTextEndsInAnEllipsis) {
  EXPECT_EQ(Shortened("Acme Corporation", 6), "Acme …");
  EXPECT_EQ(Shortened("日本語", 4), "日…") << "half a character is not shown";
  EXPECT_EQ(Shortened("Acme", 4), "Acme");
  EXPECT_EQ(Shortened("Acme", 0), "");
}

TEST(DisplayWidthTest, DataCannotControlTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\xEF\xBF\xBD[31mb");
  EXPECT_EQ(Printable("two\nlines"), "two lines");
  EXPECT_EQ(Printable("\xFF"), "\xEF\xBF\xBD");
}

Table SampleTable() {
  Table table;
  table.AddColumn("name");
  table.AddColumn("note");
  table.AddColumn("amount", Align::kRight);
  table.AddRow({"Müller", "", "1,054"});
  table.AddRow({"日本", "", "7"});
  return table;
}

TEST(TableTest, AlignsByWidthAndLeavesEmptyColumnsOut) {
  EXPECT_EQ(SampleTable().Render(Style{}),
            "name    amount\n"
            "Müller   1,054\n"
            "日本         7\n");
}

TEST(TableTest, ShortensTheWidestColumnToFit) {
  Table table;
  table.AddColumn("name");
  table.AddColumn("amount", Align::kRight);
  table.AddRow({"Genco Pura Olive Oil Company", "1,054"});

  EXPECT_EQ(table.Render(Style{.width = 20}),
            "name          amount\n"
            "Genco Pura …   1,054\n");
}

TEST(TableTest, MayLeaveOutItsLastColumns) {
  Table table(Overflow::kDropColumns);
  for (const char* title : {"one", "two", "three", "four", "five"}) table.AddColumn(title);
  table.AddRow({"1", "2", "3", "4", "5"});

  EXPECT_EQ(table.Render(Style{.width = 22}),
            "one  two  three  four\n"
            "1    2    3      4\n");
  EXPECT_EQ(table.Render(Style{.width = 10}),
            "one  two  three\n"
            "1    2    3\n")
      << "three columns stay";
}

TEST(TableTest, WithoutATerminalThereAreNoEscapeSequences) {
  EXPECT_EQ(SampleTable().Render(Style{}).find('\x1b'), std::string::npos);
  EXPECT_NE(SampleTable().Render(Style{.color = true}).find("\x1b[1m"), std::string::npos);
}

TEST(StyleTest, ABarShowsItsFraction) {
  const Style style;

  EXPECT_EQ(style.Bar(0, 10), "");
  EXPECT_EQ(style.Bar(0.5, 4), "██");
  EXPECT_EQ(style.Bar(0.0001, 10), "▏") << "more than nothing is seen";
  EXPECT_EQ(style.Bar(2, 2), "██");
  EXPECT_EQ((Style{.unicode = false}).Bar(0.5, 4), "##");
}

TEST(ProgressBarTest, DrawsOnATerminalAlone) {
  std::ostringstream terminal;
  std::ostringstream file;
  {
    ProgressBar shown(terminal, Style{.width = 80, .is_terminal = true});
    ProgressBar hidden(file, Style{});
    shown.Begin("teams", 6);
    hidden.Begin("teams", 6);
    shown.Advance(6);
    hidden.Advance(6);
  }

  EXPECT_NE(terminal.str().find("6/6"), std::string::npos);
  EXPECT_TRUE(terminal.str().ends_with("\r\x1b[K")) << "the line is wiped";
  EXPECT_EQ(file.str(), "");
}

}  // namespace
}  // namespace lotura::terminal
