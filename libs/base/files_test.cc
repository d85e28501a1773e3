#include "libs/base/files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "libs/base/errors.h"

namespace lotura {
namespace {

std::string FileWith(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "lotura_files_test_" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(FilesTest, AFileIsReadByteForByte) {
  std::string text(1 << 19, 'x');
  text.replace(0, 5, std::string_view("a\r\n\0b", 5));

  EXPECT_EQ(ReadFile(FileWith("whole", text)).value(), text);
  EXPECT_EQ(ReadFile(FileWith("empty", "")).value(), "");
}

TEST(FilesTest, ABoundIsThatOfTheCaller) {
  const std::string text(kFileBytesMax + 1, 'x');
  const std::string path = FileWith("larger", text);

  EXPECT_EQ(ReadFile(path, text.size()).value(), text);
  EXPECT_EQ(ReasonOf(ReadFile(path, text.size() - 1).status()), "FILE_UNREADABLE");
}

TEST(FilesTest, WhatCannotBeReadIsNamed) {
  for (const std::string& path : {std::string("/nowhere/at/all"), ::testing::TempDir(),
                                  FileWith("large", std::string((1 << 20) + 1, 'x'))}) {
    const absl::Status status = ReadFile(path).status();
    EXPECT_EQ(ReasonOf(status), "FILE_UNREADABLE");
    EXPECT_NE(Message(status).find(path), std::string::npos);
  }
}

}  // namespace
}  // namespace lotura
