// Which settings go together, and what they tell Kafka.
#include "libs/host/config.h"

#include <gtest/gtest.h>

#include "libs/events/kafka_config.h"
#include "libs/testing/status_matchers.h"

namespace lotura::host {
namespace {

using ::lotura::testing::HasViolation;
using ::lotura::testing::IsOk;

Config ConfigWithKeys() {
  Config config;
  config.audit_key = "audit.pem";
  return config;
}

TEST(ConfigTest, DefaultsGoTogether) { EXPECT_THAT(ConfigWithKeys().Validate(), IsOk()); }

TEST(ConfigTest, OnlyDevelopmentMayDoWithoutSeals) {
  Config config;
  EXPECT_THAT(config.Validate(), HasViolation("audit-key", "SETTING_MISSING"));
  config.environment = "development";

  EXPECT_THAT(config.Validate(), IsOk());
}

TEST(ConfigTest, AnArchiveIsWhereItCanBeWritten) {
  Config config = ConfigWithKeys();
  config.audit_archive = "/tmp";
  EXPECT_THAT(config.Validate(), IsOk());

  config.audit_archive = "/nowhere/at/all";
  EXPECT_THAT(config.Validate(), HasViolation("audit-archive", "SETTING_INVALID"));
  config.audit_archive = "s3://bucket";
  EXPECT_THAT(config.Validate(), HasViolation("audit-archive", "SETTING_INVALID"));
}

TEST(ConfigTest, OnlyWhatIsSealedIsArchived) {
  Config config;
  config.environment = "development";
  config.audit_archive = "/tmp";

  EXPECT_THAT(config.Validate(), HasViolation("audit-key", "SETTING_MISSING"));
}

TEST(ConfigTest, MoreCopiesInSyncThanThereAreAreRefused) {
  Config config = ConfigWithKeys();
  config.topic_replicas = 1;

  EXPECT_THAT(config.Validate(), HasViolation("topic-replicas-in-sync", "SETTING_INVALID"));
}

TEST(ConfigTest, SaslNeedsAUserAndAPassword) {
  Config config = ConfigWithKeys();
  config.kafka_protocol = "sasl_ssl";
  config.kafka_username = "sales";

  EXPECT_THAT(config.Validate(), HasViolation("kafka-username", "SETTING_MISSING"));
}

TEST(ConfigTest, SecretsOfAProtocolThatUsesNoneAreRefused) {
  Config config = ConfigWithKeys();
  config.kafka_password = "secret";
  config.kafka_ca_file = "ca.pem";

  EXPECT_THAT(config.Validate(), HasViolation("kafka-username", "SETTING_INVALID"));
  EXPECT_THAT(config.Validate(), HasViolation("kafka-ca-file", "SETTING_INVALID"));
}

TEST(ConfigTest, LibrdkafkaTakesEveryProtocolAndMechanism) {
  for (const char* protocol : {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}) {
    for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
      Config config = ConfigWithKeys();
      config.kafka_protocol = protocol;
      config.kafka_sasl_mechanism = mechanism;
      config.kafka_username = "sales";
      config.kafka_password = "secret";
      config.kafka_ca_file = "ca.pem";

      EXPECT_THAT(events::NewKafkaConf(config.KafkaOptions(), {}), IsOk());
      EXPECT_EQ(config.KafkaOptions().password.empty(),
                !std::string_view(protocol).starts_with("sasl"));
    }
  }
}

TEST(ConfigTest, TopicsKeepEventsAsLongAsTheJournalUnlessTold) {
  Config config = ConfigWithKeys();
  EXPECT_EQ(config.TopicRetention(), std::chrono::days(30));
  config.journal_days = 60;
  EXPECT_EQ(config.TopicRetention(), std::chrono::days(60));

  config.topic_retention_days = 90;

  EXPECT_EQ(config.TopicRetention(), std::chrono::days(90));
}

TEST(ConfigTest, RedisBeyondThisMachineMustBeAllowedSinceItIsPlainText) {
  for (const char* address : {"redis.internal:6379", "10.0.0.7:6379", "[2001:db8::1]:6379"}) {
    Config config = ConfigWithKeys();
    config.redis = address;
    EXPECT_THAT(config.Validate(), HasViolation("redis", "SETTING_INVALID")) << address;

    config.redis_plain_tcp = "allowed";
    EXPECT_THAT(config.Validate(), IsOk()) << address;
  }
  for (const char* address : {"unix:/run/redis.sock", "127.0.0.1:6379", "localhost:6379"}) {
    Config config = ConfigWithKeys();
    config.redis = address;
    EXPECT_THAT(config.Validate(), IsOk()) << address;
  }
}

TEST(ConfigTest, GrpcBeyondThisMachineNeedsACertificateOrPermission) {
  for (const char* address : {"0.0.0.0:7443", "[::]:7443", "10.0.0.7:7443", "accounts:7443"}) {
    Config config = ConfigWithKeys();
    config.grpc_listen = address;
    EXPECT_THAT(config.Validate(), HasViolation("grpc-listen", "SETTING_INVALID")) << address;

    config.grpc_plaintext = "allowed";
    EXPECT_THAT(config.Validate(), IsOk()) << address;
  }
  Config config = ConfigWithKeys();
  config.grpc_listen = "0.0.0.0:7443";
  config.grpc_certificate_file = "own.pem";
  config.grpc_key_file = "own.key";
  EXPECT_THAT(config.Validate(), IsOk());
  config.grpc_listen = "localhost:7443";
  EXPECT_THAT(config.Validate(), HasViolation("grpc-listen", "SETTING_INVALID"));
}

TEST(ConfigTest, ACertificateAndItsKeyAreGivenTogether) {
  Config config = ConfigWithKeys();
  config.grpc_certificate_file = "own.pem";
  EXPECT_THAT(config.Validate(), HasViolation("grpc-key-file", "SETTING_MISSING"));

  config = Config();
  config.grpc_key_file = "own.key";
  EXPECT_THAT(config.Validate(), HasViolation("grpc-key-file", "SETTING_INVALID"));
}

TEST(ConfigTest, WhatIsOfNoUseWithoutCertificatesIsRefused) {
  Config config = ConfigWithKeys();
  config.grpc_client_ca_file = "ca.pem";
  config.service_principals = "services.json";
  EXPECT_THAT(config.Validate(), HasViolation("grpc-client-ca-file", "SETTING_INVALID"));

  config.grpc_client_ca_file = "";
  EXPECT_THAT(config.Validate(), HasViolation("service-principals", "SETTING_INVALID"));
}

TEST(ConfigTest, TheOperatorTenantIsAUuid) {
  for (const char* text : {"acme", "00000000-0000-4000-8000-00000000000", "*"}) {
    Config config = ConfigWithKeys();
    config.operator_tenant = text;
    EXPECT_THAT(config.Validate(), HasViolation("operator-tenant", "SETTING_INVALID")) << text;
    EXPECT_FALSE(config.OperatorTenant().has_value());
  }
  Config config = ConfigWithKeys();
  EXPECT_FALSE(config.OperatorTenant().has_value());
  config.operator_tenant = "0b0e6a5e-7d52-4a35-9a5e-0f5a4f6f1c11";
  EXPECT_THAT(config.Validate(), IsOk());
  EXPECT_EQ(config.OperatorTenant()->value.ToString(), config.operator_tenant);
}

TEST(ConfigTest, OnlyDevelopmentLetsADeletedTenantGoAtOnce) {
  Config config = ConfigWithKeys();
  config.tenant_grace_days = 0;
  EXPECT_THAT(config.Validate(), HasViolation("tenant-grace-days", "SETTING_INVALID"));

  config.environment = "development";
  EXPECT_THAT(config.Validate(), IsOk());
}

TEST(ConfigTest, OnlyDevelopmentDoesNotWaitForWhatIsOnItsWayToATenant) {
  Config config = ConfigWithKeys();
  config.tenant_settle_seconds = 89;
  EXPECT_THAT(config.Validate(), HasViolation("tenant-settle-seconds", "SETTING_INVALID"));

  config.environment = "development";
  EXPECT_THAT(config.Validate(), IsOk());
}

TEST(ConfigTest, PasswordsAreNotShown) {
  Config config = ConfigWithKeys();
  Options options;
  config.Declare(options);
  config.kafka_password = "hush";

  for (const auto& [name, value] : options.InForce()) EXPECT_NE(value, "hush") << name;
}

}  // namespace
}  // namespace lotura::host
