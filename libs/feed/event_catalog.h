// Every type of event that a service announces.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/resource/catalog.h"
#include "lotura/events/v1/event_service.pb.h"

namespace lotura::feed {

namespace pbuf = google::protobuf;

// Filled at start-up, then immutable and shared by all threads. Refers to the service's catalog.
class EventCatalog {
 public:
  EventCatalog(std::string service, const resource::Catalog& catalog);

  [[nodiscard]] const std::string& service() const { return service_; }
  [[nodiscard]] const resource::Catalog& records() const { return catalog_; }
  // By type.
  [[nodiscard]] const std::map<std::string, events::v1::EventType>& types() const { return types_; }
  // What reading records of the type takes, as its Get method declares it: "sales.stages.read".
  [[nodiscard]] const std::string& PermissionOf(const resource::RecordType& type) const;
  // How events of this type, one of `types`, are read.
  [[nodiscard]] events::v1::EventSchema SchemaOf(const events::v1::EventType& type) const;

 private:
  const std::string service_;
  const resource::Catalog& catalog_;
  std::map<std::string, events::v1::EventType> types_;  // types are no tenant's
  std::map<const resource::RecordType*, std::string> permissions_;
};

}  // namespace lotura::feed
