#include "tools/lotura/api/text_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "libs/testing/process.h"
#include "libs/testing/status_matchers.h"

namespace lotura::api {
namespace {

using testing::StatusIs;

class TextFileTest : public ::testing::Test {
 protected:
  const testing::TempDir temporary_;
  const std::filesystem::path directory_ = temporary_.path();
};

TEST_F(TextFileTest, APipeIsReadToItsEnd) {
  const std::string text(200'000, 'x');
  const auto pipe = directory_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::jthread writer([&] { std::ofstream(pipe) << text; });

  EXPECT_EQ(ReadTextFile(pipe).value_or(""), text);
}

TEST_F(TextFileTest, AFileMayBeAsLargeAsTheBoundAndNoLarger) {
  std::ofstream(directory_ / "file") << "12345";

  EXPECT_EQ(ReadTextFile(directory_ / "file", 5).value_or(""), "12345");
  EXPECT_THAT(ReadTextFile(directory_ / "file", 4),
              StatusIs(absl::StatusCode::kInvalidArgument, "FILE_TOO_LARGE"));
}

TEST_F(TextFileTest, WhatIsNoFileIsUnreadable) {
  EXPECT_THAT(ReadTextFile(directory_ / "gone"),
              StatusIs(absl::StatusCode::kNotFound, "FILE_UNREADABLE"));
  EXPECT_THAT(ReadTextFile(directory_), StatusIs(absl::StatusCode::kNotFound, "FILE_UNREADABLE"));
}

}  // namespace
}  // namespace lotura::api
