#include "libs/rpc/priority.h"

#include <gtest/gtest.h>

namespace lotura::rpc {
namespace {

TEST(PriorityTest, ACallIsInteractiveUnlessItSaysOtherwise) {
  for (const char* header : {"", "u=0", "u=3", "i", "u=1, i", "other=7"})
    EXPECT_EQ(ParsePriority(header), Priority::kInteractive) << header;
}

TEST(PriorityTest, WhatIsLessUrgentThanTheDefaultIsBulk) {
  for (const char* header :
       {"u=4", "u=7", "i, u=5", " u=7 ,\ti", "u=6;x=1", "u=1, u=7", kBulkHeader})
    EXPECT_EQ(ParsePriority(header), Priority::kBulk) << header;
}

TEST(PriorityTest, WhatIsUnknownOrOutOfRangeCountsAsTheDefault) {
  for (const char* header : {"u=8", "u=-1", "u=77", "u=", "u", "u;x=7", "urgency=7", "U=7", "bulk",
                             "u=7, u=9", R"(a="x,u=7")", R"(a="\",u=7")", "=,;=", ","})
    EXPECT_EQ(ParsePriority(header), Priority::kInteractive) << header;
}

TEST(PriorityTest, ClassesHaveNamesOfTheirOwn) {
  EXPECT_STREQ(NameOf(Priority::kInteractive), "interactive");
  EXPECT_STREQ(NameOf(Priority::kBulk), "bulk");
}

}  // namespace
}  // namespace lotura::rpc
