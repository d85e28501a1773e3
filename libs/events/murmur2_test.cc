// The values are those of Kafka's Java client.
#include "libs/events/murmur2.h"

#include <gtest/gtest.h>

namespace lotura::events {
namespace {

TEST(Murmur2Test, HashesAsKafkasJavaClientDoes) {
  EXPECT_EQ(Murmur2(""), 275646681U);
  EXPECT_EQ(Murmur2("a"), 2731586172U);
  EXPECT_EQ(Murmur2("ab"), 316155434U);
  EXPECT_EQ(Murmur2("abc"), 479470107U);
  EXPECT_EQ(Murmur2("abcd"), 2971317748U);
  EXPECT_EQ(Murmur2("0195f3c2-7c9e-7d51-8f2e-0123456789ab/opportunities/o1"), 1751751118U);
  EXPECT_EQ(Murmur2("Z\xc3\xbcrich/\xe2\x82\xac"), 1606556564U);
}

TEST(Murmur2Test, PartitionIgnoresTheSign) {
  EXPECT_EQ(PartitionOf("a", 6), 4);
  EXPECT_EQ(PartitionOf("abcd", 6), 2);
}

}  // namespace
}  // namespace lotura::events
