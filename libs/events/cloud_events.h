// CloudEvents 1.0 in Kafka's binary mode: attributes in the headers, lotura.events.v1.Change as
// value.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

#include "libs/events/bus.h"
#include "libs/events/event.h"
#include "libs/events/journal.h"

namespace lotura::events {

// "lotura.sales.v1" for the service "sales".
std::string TopicOf(std::string_view service);

// "<tenant>/<name>": the key by which all events of a record keep their order.
std::string RecordKey(const TenantId& tenant, std::string_view name);

// "//sales.lotura" for the service "sales".
std::string SourceOf(std::string_view service);

// What an entry says of its record. INTERNAL if the stored entry is not readable.
absl::StatusOr<v1::Change> ToChange(JournalEntry entry);

// The record that announces an entry. INTERNAL if the stored entry is not readable.
absl::StatusOr<BusRecord> ToBusRecord(JournalEntry entry, std::string_view service);

// INVALID_ARGUMENT naming the attribute in the metadata as "header", for a record that is no event:
// EVENT_HEADER_MISSING, EVENT_HEADER_INVALID, EVENT_VALUE_INVALID.
absl::StatusOr<Event> FromBusRecord(const BusRecord& record);

// When the event was written; nothing if the record does not say.
std::optional<Instant> TimeOf(const BusRecord& record);

}  // namespace lotura::events
