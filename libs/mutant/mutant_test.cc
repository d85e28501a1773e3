// A mutant leaves out the use that was chosen, and no other.
#include <gtest/gtest.h>

#include <cstdlib>

#include "libs/mutant/use.h"

namespace lotura::mutant {
namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): these tests have one thread.
TEST(MutantTest, OmitsTheUseThatWasChosenAndNoOther) {
  ::setenv("OMITTED_USE", "here", 1);

  EXPECT_TRUE(Omits("here"));
  EXPECT_FALSE(Omits("there"));
}

TEST(MutantTest, OmitsNothingUnlessToldTo) {
  ::unsetenv("OMITTED_USE");

  EXPECT_FALSE(Omits("here"));
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace
}  // namespace lotura::mutant
