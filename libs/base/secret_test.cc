#include "libs/base/secret.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libs/testing/status_matchers.h"

namespace lotura {
namespace {

using ::lotura::testing::StatusIs;

class SecretTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void Write(const std::string& content) const { std::ofstream(path_) << content; }

  const std::filesystem::path directory_ =
      std::filesystem::path(::testing::TempDir()) / ("secret-" + std::to_string(getpid()));
  const std::filesystem::path path_ = directory_ / "password";
};

TEST_F(SecretTest, ATextIsWhatItSays) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(*Secret().Read(), "");
  EXPECT_FALSE(Secret("hush").empty());
  EXPECT_EQ(*Secret("hush\n").Read(), "hush\n");
}

TEST_F(SecretTest, AFileIsReadWheneverItIsAskedFor) {
  Write("old");
  const Secret secret = Secret::InFile(path_);

  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(*secret.Read(), "old");
  Write("new\n");
  EXPECT_EQ(*secret.Read(), "new");
  Write(" new \r\n");
  EXPECT_EQ(*secret.Read(), " new ");
  Write("two\n\n");
  EXPECT_EQ(*secret.Read(), "two\n");
}

TEST_F(SecretTest, WhatServedLastIsKnownToAllCopies) {
  Write("old");
  const Secret secret = Secret::InFile(path_);
  const Secret copy = secret;
  EXPECT_EQ(copy.ServedLast(), std::nullopt);

  secret.NoteServed("old");
  Write("new");

  EXPECT_EQ(copy.ServedLast(), "old");
  EXPECT_EQ(*copy.Read(), "new");
}

TEST_F(SecretTest, AFileThatIsNotThereIsTold) {
  const auto read = Secret::InFile(path_).Read();

  EXPECT_THAT(read, StatusIs(absl::StatusCode::kUnavailable, "FILE_UNREADABLE"));
  EXPECT_NE(read.status().message().find(path_.string()), std::string::npos);
}

}  // namespace
}  // namespace lotura
