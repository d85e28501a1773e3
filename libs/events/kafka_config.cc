#include "libs/events/kafka_config.h"

#include "libs/base/errors.h"

namespace lotura::events {

void KafkaEvents::event_cb(RdKafka::Event& event) {
  if (event.type() == RdKafka::Event::EVENT_ERROR && event.err() == RdKafka::ERR__AUTHENTICATION)
    return ChangePassword();
  if (event.type() != RdKafka::Event::EVENT_LOG) return;
  const bool serious = event.severity() <= RdKafka::Event::EVENT_SEVERITY_ERROR;
  log_.Write(serious ? observe::Level::kWarning : observe::Level::kDebug, "line of librdkafka",
             {observe::Fields::kReason(event.fac()),
              observe::Fields::kError(observe::Redacted(event.str()))});
}

// It is used when the client connects again, which it does by itself.
void KafkaEvents::ChangePassword() {
  log_.Warning("Kafka refuses the user or the password", {});
  const auto now = password_.Read();
  if (client_ == nullptr || !now.ok()) return;
  std::string next = *now == used_ && !before_.empty() ? before_ : *now;
  before_ = std::exchange(used_, std::move(next));
  const std::unique_ptr<RdKafka::Error> refused(client_->sasl_set_credentials(username_, used_));
}

absl::StatusOr<std::unique_ptr<RdKafka::Conf>> NewKafkaConf(const KafkaOptions& options,
                                                            const KafkaSettings& settings) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  KafkaSettings all = {
      {"bootstrap.servers", options.brokers},
      {"client.id", options.client_id},
      {"socket.keepalive.enable", "true"},
      // A broker that is back is found within a second.
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
  };
  all.insert(all.end(), settings.begin(), settings.end());
  all.insert(all.end(), options.security.begin(), options.security.end());
  if (!options.username.empty()) {
    LOTURA_ASSIGN_OR_RETURN(const std::string password, options.password.Read());
    all.emplace_back("sasl.username", options.username);
    all.emplace_back("sasl.password", password);
  }
  for (const auto& [name, value] : all) {
    std::string why;
    if (conf->set(name, value, why) != RdKafka::Conf::CONF_OK) {
      // The value may be a secret.
      return Error(absl::StatusCode::kInternal, "KAFKA_SETTING", "librdkafka refuses a setting",
                   {{"setting", name}});
    }
  }
  return conf;
}

}  // namespace lotura::events
