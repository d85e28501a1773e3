#include "libs/base/sha256_stream.h"

#include <gtest/gtest.h>

namespace lotura {
namespace {

TEST(Sha256StreamTest, IsTheDigestOfAllPieces) {
  Sha256Stream none;
  Sha256Stream pieces;
  for (const char* piece : {"abc", "", "def"}) pieces.Add(piece);

  EXPECT_EQ(none.Finish(), Sha256(""));
  EXPECT_EQ(pieces.Finish(), Sha256("abcdef"));
}

}  // namespace
}  // namespace lotura
