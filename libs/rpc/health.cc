#include "libs/rpc/health.h"

#include <vector>

namespace lotura::rpc {
namespace {

constexpr char kServer[] = "";
constexpr char kReadiness[] = "readiness";
constexpr char kLiveness[] = "liveness";

}  // namespace

Health::Health()
    : services_{{kServer, Serving::kNo}, {kReadiness, Serving::kNo}, {kLiveness, Serving::kYes}} {}

void Health::Add(const std::string& service) {
  const std::lock_guard lock(mutex_);
  services_.emplace(service, Serving::kNo);
}

void Health::Set(const std::string& service, Serving serving) {
  {
    const std::lock_guard lock(mutex_);
    services_[service] = serving;
  }
  Tell(service, serving);
  if (service == kServer) Set(kReadiness, serving);
}

void Health::SetAll(Serving serving) {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, state] : services_) {
      if (name != kLiveness) names.push_back(name);
    }
  }
  for (const std::string& name : names) Set(name, serving);
}

std::optional<Serving> Health::Find(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const auto found = services_.find(service);
  return found == services_.end() ? std::nullopt : std::optional(found->second);
}

std::uint64_t Health::Watch(std::string service, Watcher watcher) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  watches_[id] = {std::move(service), std::make_shared<const Watcher>(std::move(watcher))};
  return id;
}

void Health::Forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  watches_.erase(id);
}

void Health::Tell(const std::string& service, std::optional<Serving> serving) {
  std::vector<std::shared_ptr<const Watcher>> told;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, watch] : watches_) {
      if (watch.service == service) told.push_back(watch.tell);
    }
  }
  for (const auto& tell : told) (*tell)(serving);
}

}  // namespace lotura::rpc
