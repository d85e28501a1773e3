#include "libs/observe/readiness.h"

#include <nlohmann/json.hpp>

#include "libs/base/errors.h"

namespace lotura::observe {

void Readiness::Require(std::string name, Check check) {
  const std::lock_guard lock(mutex_);
  checks_.emplace_back(std::move(name), std::move(check));
}

Readiness::Answer Readiness::Ask() const {
  std::vector<std::pair<std::string, Check>> checks;
  {
    const std::lock_guard lock(mutex_);
    checks = checks_;
  }
  Answer answer;
  nlohmann::ordered_json missing = nlohmann::ordered_json::array();
  for (const auto& [name, check] : checks) {
    const absl::Status status = check();
    if (status.ok()) continue;
    answer.ready = false;
    missing.push_back({{"name", name}, {"reason", Message(status)}});
  }
  const nlohmann::ordered_json all = {{"ready", answer.ready}, {"not_ready", std::move(missing)}};
  answer.json = all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return answer;
}

}  // namespace lotura::observe
