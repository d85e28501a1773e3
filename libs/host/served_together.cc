// What a process serves for all of its services at once.
#include "libs/host/service.h"

namespace lotura::host {

std::unique_ptr<access::AccessService> ServeAccess(
    const std::vector<std::unique_ptr<Service>>& services, rpc::Door& door) {
  auto access = std::make_unique<access::AccessService>();
  for (const auto& service : services) access->Add(service->name(), service->access());
  access->ServeAt(door);
  return access;
}

std::unique_ptr<audit::AuditService> ServeAudit(
    const std::vector<std::unique_ptr<Service>>& services, const resource::PageTokens& tokens,
    rpc::Door& door) {
  auto audit = std::make_unique<audit::AuditService>(tokens);
  for (const auto& service : services) audit->Add(service->name(), service->logs());
  audit->ServeAt(door);
  return audit;
}

std::unique_ptr<feed::EventService> ServeEvents(
    const std::vector<std::unique_ptr<Service>>& services, rpc::Door& door) {
  std::vector<feed::Feed*> feeds;
  for (const auto& service : services) feeds.push_back(&service->feed());
  auto events = std::make_unique<feed::EventService>(feeds);
  events->ServeAt(door);
  return events;
}

}  // namespace lotura::host
