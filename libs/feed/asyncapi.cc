#include "libs/feed/asyncapi.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "libs/base/text.h"
#include "libs/events/cloud_events.h"

namespace lotura::feed {
namespace {

using Json = nlohmann::ordered_json;
using events::v1::EventType;

constexpr char kAsyncApi[] = "3.0.0";
constexpr char kKafkaBinding[] = "0.5.0";
constexpr char kProtobuf[] = "application/vnd.google.protobuf;version=3";
constexpr int kIndent = 2;

Json Reference(const std::string& section, const std::string& name) {
  return {{"$ref", fmt::format("#/{}/{}", section, name)}};
}

// "moved" of "lotura.sales.opportunity.moved.v1".
std::string NameOf(const EventType& type) {
  const auto parts = Split(type.type(), '.');
  return std::string(parts.at(parts.size() - 2));
}

Json Text(const char* description) { return {{"type", "string"}, {"description", description}}; }

// What all events have in common.
Json HeadersSchema() {
  return {{"type", "object"},
          {"required",
           {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time",
            "ce_dataschema", "ce_tenant", "ce_actor", "content-type"}},
          {"properties",
           {{"ce_specversion", {{"const", "1.0"}}},
            {"ce_id", {{"type", "string"}, {"format", "uuid"}}},
            {"ce_source", Text("The service, //sales.lotura")},
            {"ce_type", Text("The type of event")},
            {"ce_subject", Text("Name of the record")},
            {"ce_time", {{"type", "string"}, {"format", "date-time"}}},
            {"ce_dataschema", Text("The record's message")},
            {"ce_tenant", {{"type", "string"}, {"format", "uuid"}}},
            {"ce_actor", Text("Resource name of whoever made the change")},
            {"ce_causationid", Text("Id of the event that caused it")},
            {"ce_correlationid", Text("The request that it belongs to")},
            {"traceparent", Text("W3C trace context")},
            {"content-type", {{"const", "application/protobuf"}}}}}};
}

// The text of the file that declares a message.
Json ProtoSchema(const std::string& message) {
  const pbuf::Descriptor* descriptor =
      pbuf::DescriptorPool::generated_pool()->FindMessageTypeByName(message);
  return {{"schemaFormat", kProtobuf}, {"schema", descriptor->file()->DebugString()}};
}

Json MessageOf(const EventType& type) {
  Json message = {
      {"name", type.type()},
      {"title", fmt::format("{} {}", type.resource_type(), NameOf(type))},
      {"summary", type.detail().empty()
                      ? fmt::format("A record of {} was {}.", type.resource_type(), NameOf(type))
                      : fmt::format("A record of {} was {}; the detail is {}.",
                                    type.resource_type(), NameOf(type), type.detail())},
      {"contentType", "application/protobuf"},
      {"headers", Reference("components/schemas", "headers")},
      {"payload", Reference("components/schemas", events::v1::Change::descriptor()->full_name())},
      {"bindings",
       {{"kafka",
         {{"key", Text("<tenant>/<name of the record>")}, {"bindingVersion", kKafkaBinding}}}}},
      {"x-lotura-record", Reference("components/schemas", type.message())},
      {"x-lotura-permission", type.permission()}};
  if (!type.detail().empty()) message["x-lotura-detail"] = type.detail();
  return message;
}

Json ChannelOf(const EventCatalog& catalog) {
  const std::string topic = events::TopicOf(catalog.service());
  Json messages = Json::object();
  for (const auto& [name, type] : catalog.types())
    messages[name] = Reference("components/messages", name);
  return {{"address", topic},
          {"title", fmt::format("Events of {}", catalog.service())},
          {"description",
           "Every version of every record, in order for each record. A topic of the installation; "
           "partners and tenants get the same by lotura.events.v1.EventService/Subscribe."},
          {"messages", messages},
          {"bindings", {{"kafka", {{"topic", topic}, {"bindingVersion", kKafkaBinding}}}}}};
}

}  // namespace

std::string AsyncApiDocument(std::span<const EventCatalog* const> catalogs) {
  Json channels = Json::object();
  Json operations = Json::object();
  Json messages = Json::object();
  Json schemas = {{"headers", HeadersSchema()}};
  const std::string change = events::v1::Change::descriptor()->full_name();
  schemas[change] = ProtoSchema(change);
  for (const EventCatalog* catalog : catalogs) {
    if (catalog->types().empty()) continue;
    channels[catalog->service()] = ChannelOf(*catalog);
    operations[catalog->service() + ".announce"] = {
        {"action", "send"},
        {"channel", Reference("channels", catalog->service())},
        {"summary", fmt::format("{} announces what changed.", catalog->service())}};
    for (const auto& [name, type] : catalog->types()) {
      messages[name] = MessageOf(type);
      schemas[type.message()] = ProtoSchema(type.message());
    }
  }
  const Json document = {
      {"asyncapi", kAsyncApi},
      {"info",
       {{"title", "Lotura"},
        {"version", "1"},
        {"description",
         "What the services of Lotura announce: CloudEvents 1.0 in Kafka's binary "
         "mode, and over gRPC."},
        {"license", {{"name", "Apache-2.0"}}}}},
      {"defaultContentType", "application/protobuf"},
      {"channels", channels},
      {"operations", operations},
      {"components", {{"messages", messages}, {"schemas", schemas}}}};
  return document.dump(kIndent) + "\n";
}

}  // namespace lotura::feed
