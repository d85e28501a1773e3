// What all services announce, without starting them.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "libs/base/check.h"
#include "libs/feed/event_catalog.h"
#include "services/all/services.h"

namespace lotura {

class EventCatalogs {
 public:
  EventCatalogs() {
    for (const host::ServiceSpec& spec : AllServices()) {
      resource::Catalog& records = records_.emplace_back();
      // A wrong declaration stops every process that holds it.
      if (spec.declare) LOTURA_CHECK(spec.declare(records).ok());
      catalogs_.emplace_back(spec.name, records);
    }
    for (const feed::EventCatalog& catalog : catalogs_) all_.push_back(&catalog);
  }
  EventCatalogs(const EventCatalogs&) = delete;
  EventCatalogs& operator=(const EventCatalogs&) = delete;

  [[nodiscard]] const std::vector<const feed::EventCatalog*>& all() const { return all_; }

 private:
  std::deque<resource::Catalog> records_;
  std::deque<feed::EventCatalog> catalogs_;
  std::vector<const feed::EventCatalog*> all_;
};

}  // namespace lotura
