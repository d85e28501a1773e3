// Which settings go together, and what they tell Kafka.
#include "libs/host/config.h"

#include <gtest/gtest.h>

#include "libs/events/kafka_config.h"
#include "libs/testing/status_matchers.h"

namespace lotura::host {
namespace {

using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;

TEST(ConfigTest, DefaultsGoTogether) { EXPECT_THAT(Config().Validate(), IsOk()); }

TEST(ConfigTest, MoreCopiesInSyncThanThereAreAreRefused) {
  Config config;
  config.topic_replicas = 1;

  EXPECT_THAT(config.Validate(), HasViolation("topic-replicas-in-sync", "SETTING_INVALID"));
}

TEST(ConfigTest, SaslNeedsAUserAndAPassword) {
  Config config;
  config.kafka_protocol = "sasl_ssl";
  config.kafka_username = "sales";

  EXPECT_THAT(config.Validate(), HasViolation("kafka-username", "SETTING_MISSING"));
}

TEST(ConfigTest, SecretsOfAProtocolThatUsesNoneAreRefused) {
  Config config;
  config.kafka_password = "secret";
  config.kafka_ca_file = "ca.pem";

  EXPECT_THAT(config.Validate(), HasViolation("kafka-username", "SETTING_INVALID"));
  EXPECT_THAT(config.Validate(), HasViolation("kafka-ca-file", "SETTING_INVALID"));
}

TEST(ConfigTest, LibrdkafkaTakesEveryProtocolAndMechanism) {
  for (const char* protocol : {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}) {
    for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
      Config config;
      config.kafka_protocol = protocol;
      config.kafka_sasl_mechanism = mechanism;
      config.kafka_username = "sales";
      config.kafka_password = "secret";
      config.kafka_ca_file = "ca.pem";

      EXPECT_THAT(events::NewKafkaConf({.brokers = "b:1", .security = config.KafkaSecurity()}, {}),
                  IsOk());
      EXPECT_EQ(config.KafkaSecurity().contains("sasl.password"),
                std::string_view(protocol).starts_with("sasl"));
    }
  }
}

TEST(ConfigTest, TopicsKeepEventsAsLongAsTheJournalUnlessTold) {
  Config config;
  EXPECT_EQ(config.TopicRetention(), std::chrono::days(30));
  config.journal_days = 60;
  EXPECT_EQ(config.TopicRetention(), std::chrono::days(60));

  config.topic_retention_days = 90;

  EXPECT_EQ(config.TopicRetention(), std::chrono::days(90));
}

TEST(ConfigTest, PasswordsAreNotShown) {
  Config config;
  Options options;
  config.Declare(options);
  config.kafka_password = "hush";

  for (const auto& [name, value] : options.InForce()) EXPECT_NE(value, "hush") << name;
}

}  // namespace
}  // namespace lotura::host
