// What a broker that denies by default has to allow each service, on an operator's command line.
#pragma once

#include <absl/status/statusor.h>

#include <set>
#include <span>
#include <string>
#include <vector>

#include "libs/host/service.h"

namespace lotura::host {

// The group of a consumer: "communications.timeline".
std::string GroupOf(const std::string& service, const std::string& consumer);

// The topics that it reads.
std::vector<std::string> TopicsOf(const ConsumerSpec& consumer);

// Whether a service has records, whose changes it announces.
enum class Announces { kNothing, kChanges };

// Names of topics and groups that a service uses, and of no others.
struct KafkaUse {
  std::string service;
  // Its own topic and the dead letters of its consumers, which it creates if they are missing.
  std::set<std::string> written;
  // Its own topic if it announces nothing.
  std::set<std::string> created = {};
  std::set<std::string> read;
  std::set<std::string> groups;
};

KafkaUse KafkaUseOf(const std::string& service, std::span<const ConsumerSpec> consumers,
                    Announces announces);

// The words before the flags: kafka-acls [principal=PATTERN].
struct KafkaAclsCommand {
  // Whom the broker takes each service for; "{service}" stands for its name.
  std::string principal = "User:{service}";

  // INVALID_ARGUMENT (WRONG_USAGE) says how it is used.
  static absl::StatusOr<KafkaAclsCommand> Parse(std::span<const std::string> words);
};

// Lines of arguments of kafka-acls.sh, without quotes.
std::vector<std::string> KafkaAcls(const KafkaAclsCommand& command, const KafkaUse& use);

}  // namespace lotura::host
