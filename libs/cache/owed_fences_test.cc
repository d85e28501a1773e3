#include "libs/cache/owed_fences.h"

#include <gtest/gtest.h>

namespace lotura::cache {
namespace {

TEST(OwedFencesTest, FenceThatBecomesDueWhileItIsPaidStaysOwed) {
  OwedFences owed(10);
  const Key key{"k", 1};
  owed.Add({&key, 1});
  const auto being_told = owed.Some(10);
  owed.Add({&key, 1});

  owed.Paid(being_told);

  EXPECT_TRUE(owed.Holds(key));
  owed.Paid(owed.Some(10));
  EXPECT_FALSE(owed.Holds(key));
  EXPECT_TRUE(owed.empty());
}

TEST(OwedFencesTest, NoMoreAreKeptThanTheLimit) {
  OwedFences owed(2);
  const std::vector<Key> keys = {{"a", 1}, {"b", 1}, {"a", 1}, {"c", 1}};

  EXPECT_EQ(owed.Add(keys), 1U);

  EXPECT_EQ(owed.Some(10).size(), 2U);
  EXPECT_EQ(owed.Some(1).size(), 1U);
  EXPECT_FALSE(owed.Holds({"c", 1}));
}

}  // namespace
}  // namespace lotura::cache
