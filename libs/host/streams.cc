#include "libs/host/streams.h"

#include <fmt/format.h>

namespace lotura::host {
namespace {

events::RelayOptions RelayOptionsOf(const std::string& service, IdSource& ids) {
  events::RelayOptions options;
  options.service = service;
  options.holder = ids.Next();
  return options;
}

}  // namespace

Service::Streams::Streams(std::string service, const SharedParts& shared, const observe::Log& log, const observe::Metrics& metrics, pg::Database& database)
    : service_(std::move(service)), shared_(shared), log_(log), metrics_(metrics), database_(database), journal_(database, shared.clock),
      relay_(RelayOptionsOf(service_, shared.ids), journal_, shared.bus, shared.clock, metrics, log) {}

Service::Streams::~Streams() { Stop(); }

void Service::Streams::Consume(const std::string&, const std::vector<std::string>&, EventHandler) {}

absl::Status Service::Streams::Start() {
  relay_.Start();
  return absl::OkStatus();
}

void Service::Streams::Stop() { relay_.Stop(); }

}  // namespace lotura::host
