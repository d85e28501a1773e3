// Which events a record type announces.
#pragma once

#include <string>
#include <vector>

#include "libs/resource/declaration.h"

namespace lotura::resource {

struct EventKind {
  // "moved".
  std::string name;
  // "lotura.sales.opportunity.moved.v1".
  std::string type;
  // Null for created, updated, deleted and undeleted.
  const pbuf::Descriptor* detail = nullptr;
};

// Created and updated, for types that are deleted softly also deleted and undeleted, and one for
// each detail that the file of the record declares for it by (lotura.options.v1.event_detail).
std::vector<EventKind> EventKindsOf(const Declaration& declaration);

// Whether the message is declared as a detail of the type's events.
bool IsDetailOf(const Declaration& declaration, const pbuf::Descriptor& message);

// "moved" of OpportunityMoved.
std::string EventNameOf(const Declaration& declaration, const pbuf::Descriptor& detail);

}  // namespace lotura::resource
