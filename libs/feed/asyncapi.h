// The event catalog as an AsyncAPI 3 document.
#pragma once

#include <span>
#include <string>

#include "libs/feed/event_catalog.h"

namespace lotura::feed {

// JSON with a line for each property, ending with a newline; the same text for the same catalogs. A
// channel for each service that announces something is its topic; payloads are described by the
// text of their protos.
std::string AsyncApiDocument(std::span<const EventCatalog* const> catalogs);

}  // namespace lotura::feed
