// What a service asks of the broker.
#include "libs/host/kafka_acls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/testing/status_matchers.h"

namespace lotura::host {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::StatusIs;
using ::testing::ElementsAre;
using Words = std::vector<std::string>;

std::vector<ConsumerSpec> TwoConsumers() {
  std::vector<ConsumerSpec> consumers;
  consumers.push_back({.name = "policy", .services = {"directory"}, .handler = {}});
  consumers.push_back({.name = "facts", .services = {"directory", "sales"}, .handler = {}});
  return consumers;
}

TEST(KafkaAclsTest, ServiceUsesItsTopicThoseItReadsItsDeadLettersAndItsGroups) {
  const KafkaUse use = KafkaUseOf("analytics", TwoConsumers(), Announces::kChanges);

  EXPECT_THAT(use.written,
              ElementsAre("lotura.analytics.v1", "lotura.directory.v1.analytics.facts.dlq",
                          "lotura.directory.v1.analytics.policy.dlq",
                          "lotura.sales.v1.analytics.facts.dlq"));
  EXPECT_THAT(use.read, ElementsAre("lotura.directory.v1", "lotura.sales.v1"));
  EXPECT_THAT(use.groups, ElementsAre("analytics.facts", "analytics.policy"));
}

TEST(KafkaAclsTest, LinesAreArgumentsForThePrincipalOfTheService) {
  const auto command =
      KafkaAclsCommand::Parse(Words{"kafka-acls", "principal=User:CN={service},O=Example"});
  ASSERT_THAT(command, IsOk());
  const KafkaUse use{.service = "sales", .written = {"own"}, .read = {"other"}, .groups = {"g"}};

  EXPECT_THAT(KafkaAcls(*command, use),
              ElementsAre("--add --allow-principal User:CN=sales,O=Example --operation Write "
                          "--operation Create --topic own",
                          "--add --allow-principal User:CN=sales,O=Example --operation Read "
                          "--topic other --group g"));
}

TEST(KafkaAclsTest, ServiceThatReadsNothingNeedsNoRightToRead) {
  const auto command = KafkaAclsCommand::Parse(Words{"kafka-acls"});
  ASSERT_THAT(command, IsOk());

  EXPECT_THAT(KafkaAcls(*command, KafkaUseOf("sales", {}, Announces::kChanges)),
              ElementsAre("--add --allow-principal User:sales --operation Write --operation "
                          "Create --topic lotura.sales.v1"));
}

TEST(KafkaAclsTest, ServiceThatAnnouncesNothingMayOnlyCreateItsTopic) {
  const auto command = KafkaAclsCommand::Parse(Words{"kafka-acls"});
  ASSERT_THAT(command, IsOk());

  EXPECT_THAT(KafkaAcls(*command, KafkaUseOf("analytics", {}, Announces::kNothing)),
              ElementsAre("--add --allow-principal User:analytics --operation Describe --operation "
                          "Create --topic lotura.analytics.v1"));
}

TEST(KafkaAclsTest, AnythingElseIsRefused) {
  for (const Words& words :
       std::vector<Words>{{},
                          {"kafka-acls", "sales"},
                          {"kafka-acls", "principal="},
                          {"kafka-acls", "principal=User:a b"},
                          {"kafka-acls", "principal=User:'a"},
                          {"kafka-acls", "principal=User:a", "principal=User:b"}}) {
    EXPECT_THAT(KafkaAclsCommand::Parse(words),
                StatusIs(absl::StatusCode::kInvalidArgument, "WRONG_USAGE"));
  }
}

}  // namespace
}  // namespace lotura::host
