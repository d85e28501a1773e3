// lotura.events.v1.EventService of a process: the feeds of all its services behind one door.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/feed/feed.h"
#include "libs/rpc/door.h"

namespace lotura::feed {

// The package that a door with it serves.
inline constexpr char kEventsPackage[] = "lotura.events.v1";

// Thread-safe. Must outlive the server; the feeds outlive it.
class EventService {
 public:
  explicit EventService(const std::vector<Feed*>& feeds);
  EventService(const EventService&) = delete;
  EventService& operator=(const EventService&) = delete;

  // Before the server starts.
  void ServeAt(rpc::Door& door);

  // INVALID_ARGUMENT (SERVICE_UNKNOWN) naming `field`.
  [[nodiscard]] absl::StatusOr<Feed*> FeedOf(const std::string& service,
                                             const std::string& field) const;

 private:
  [[nodiscard]] absl::StatusOr<events::v1::EventSchema> GetSchema(
      const events::v1::GetSchemaRequest& request) const;
  [[nodiscard]] absl::StatusOr<events::v1::ListEventTypesResponse> ListEventTypes(
      const events::v1::ListEventTypesRequest& request) const;

  std::map<std::string, Feed*> feeds_;  // services are no tenant's
};

}  // namespace lotura::feed
