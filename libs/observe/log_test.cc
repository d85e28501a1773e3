// Log lines: form, bounds, redaction, and a reader that does not read. (tsan)
#include "libs/observe/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "libs/base/text.h"

namespace lotura::observe {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  void TearDown() override {
    close(pipe_[0]);
    close(pipe_[1]);
  }

  LogOptions Options() const {
    return {.service = "accounts", .version = "1.2.3", .descriptor = pipe_[1]};
  }

  std::vector<nlohmann::json> Lines(const Log& log) {
    log.Flush();
    std::string text(1 << 16, '\0');
    const ssize_t size = read(pipe_[0], text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    std::vector<nlohmann::json> lines;
    for (const std::string_view line : Split(text, '\n')) {
      if (!line.empty()) lines.push_back(nlohmann::json::parse(line));
    }
    return lines;
  }

  Metrics metrics_{"accounts"};
  std::array<int, 2> pipe_{};
};

TEST_F(LogTest, ALineIsJsonWithTypedFields) {
  const Log log(Options(), metrics_);

  log.Info("call", {Fields::kMethod("a.B/C"), Fields::kCount(3), Fields::kDurationMs(1.5)});

  const auto lines = Lines(log);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["message"], "call");
  EXPECT_EQ(lines[0]["service"], "accounts");
  EXPECT_EQ(lines[0]["version"], "1.2.3");
  EXPECT_EQ(lines[0]["method"], "a.B/C");
  EXPECT_EQ(lines[0]["count"], 3);
  EXPECT_EQ(lines[0]["duration_ms"], 1.5);
  EXPECT_EQ(lines[0]["ts"].get<std::string>().back(), 'Z');
}

TEST_F(LogTest, TheLevelCanBeChangedWhileRunning) {
  const Log log(Options(), metrics_);
  const Log sales = log.ForService("sales");

  sales.Debug("unseen");
  log.SetLevel(Level::kDebug);
  sales.Debug("seen");
  log.SetLevel(Level::kError);
  log.Warning("unseen");

  const auto lines = Lines(log);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["message"], "seen");
  EXPECT_EQ(lines[0]["service"], "sales");
}

TEST_F(LogTest, ControlCharactersAndBrokenTextStayValidJson) {
  const Log log(Options(), metrics_);

  log.Info("odd", {Fields::kPath("a\"b\\c\n\x01"), Fields::kReason("\xC3\x28")});

  const auto lines = Lines(log);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["path"], "a\"b\\c\n\x01");
  EXPECT_EQ(lines[0]["reason"], "?(");
}

TEST_F(LogTest, LongFieldsAreCutBetweenCharacters) {
  const Log log(Options(), metrics_);
  std::string text;
  while (text.size() < 5000) text += "é";

  log.Info("long", {Fields::kPath("x" + text)});

  const auto lines = Lines(log);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["path"].get<std::string>().size(), 1023U);
}

TEST_F(LogTest, AReaderThatDoesNotReadBlocksNobody) {
  const std::string path(1000, 'x');
  {
    const Log log(Options(), metrics_);
    for (int i = 0; i < 3000; ++i) log.Info("flood", {Fields::kPath(path)});
  }

  const Counter dropped =
      metrics_.AddCounter({.name = "lotura_log_dropped_lines_total",
                           .help = "Log lines dropped because nobody read them."});
  EXPECT_GT(dropped.value(), 0);
}

TEST(RedactedTest, WhatIsQuotedIsGone) {
  EXPECT_EQ(Redacted("Key (email)=(anna@example.org) already exists").text(),
            "Key (...) already exists");
  EXPECT_EQ(Redacted("invalid input syntax for uuid: \"anna\"").text(),
            "invalid input syntax for uuid: \"...\"");
  EXPECT_EQ(Redacted("no address anna@example.org here").text(), "no address ... here");
  EXPECT_EQ(Redacted("Failing row contains (1, 'O(').\nHINT:  none").text(),
            "Failing row contains (...).\nHINT:  none");
  EXPECT_EQ(Redacted("never closed (secret").text(), "never closed (...");
}

TEST(LevelTest, NamesReadBackAsTheLevel) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    EXPECT_EQ(ParseLevel(NameOf(level)), level);
  }
  EXPECT_EQ(ParseLevel("loud"), std::nullopt);
}

}  // namespace
}  // namespace lotura::observe
