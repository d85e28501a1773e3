// Which records a condition leaves.
#include "libs/resource/record_reach.h"

#include <gmock/gmock.h>

#include "libs/resource/testdata/specimens.h"

namespace lotura::resource {
namespace {

using ::testing::ElementsAre;

std::optional<RecordReach> ReachOf(const std::string& filter) {
  return resource::ReachOf(*CompileFilter(filter, SpecimenDeclaration(), std::nullopt));
}

TEST(RecordReachTest, EveryoneOfAChoiceIsReached) {
  const auto reach = ReachOf("owner = a OR (owner = (b OR c))");

  ASSERT_TRUE(reach.has_value());
  EXPECT_THAT(reach->owners, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(reach->whole);
}

TEST(RecordReachTest, WhatNarrowsAnOwnersRecordsIsNotTheWholeOfThem) {
  const auto reach = ReachOf("owner = a OR (owner = b AND rank = 1)");

  ASSERT_TRUE(reach.has_value());
  EXPECT_THAT(reach->owners, ElementsAre("a", "b"));
  EXPECT_FALSE(reach->whole);
}

TEST(RecordReachTest, OfSeveralConditionsTheNarrowestLeads) {
  const auto reach = ReachOf("owner = (a OR b) AND owner = b AND rank = 1");

  ASSERT_TRUE(reach.has_value());
  EXPECT_THAT(reach->owners, ElementsAre("b"));
  EXPECT_FALSE(reach->whole);
}

TEST(RecordReachTest, RecordsOfOthersAreNotReached) {
  for (const char* filter :
       {"", "rank = 1", "NOT owner = a", "owner != a", "owner:*", "owner = a OR rank = 1",
        "owner = a* OR owner = b", "NOT readers:a", "readers:*", "tags:a", "NOT nickname:*"}) {
    EXPECT_FALSE(ReachOf(filter).has_value()) << filter;
  }
}

TEST(RecordReachTest, WhatIsSharedIsReachedByEachOfItsColumns) {
  const auto reach = ReachOf("readers:a OR readers:b OR editors:a OR owner = a");

  ASSERT_TRUE(reach.has_value());
  EXPECT_THAT(reach->owners, ElementsAre("a"));
  EXPECT_EQ(reach->shares.size(), 2U);
  EXPECT_THAT(reach->shares.at(SpecimenDeclaration().readers()), ElementsAre("a", "b"));
  EXPECT_THAT(reach->shares.at(SpecimenDeclaration().editors()), ElementsAre("a"));
  EXPECT_TRUE(reach->whole);
}

TEST(RecordReachTest, WhatNobodyOwnsIsReached) {
  const auto reach = ReachOf("NOT owner:* OR owner = a");

  ASSERT_TRUE(reach.has_value());
  EXPECT_TRUE(reach->unowned);
  EXPECT_EQ(reach->Ranges(), 2U);
  EXPECT_TRUE(reach->whole);
}

TEST(RecordReachTest, NobodyIsReachedByWhatNothingFulfills) {
  const Filter nothing{&SpecimenDeclaration(),
                       FilterNode{.kind = FilterNode::Kind::kOr, .children = {}, .test = {}}};

  const auto reach = resource::ReachOf(nothing);

  ASSERT_TRUE(reach.has_value());
  EXPECT_TRUE(reach->owners.empty());
  EXPECT_TRUE(reach->whole);
}

}  // namespace
}  // namespace lotura::resource
