#include "libs/audit/digest.h"

#include <algorithm>

#include "libs/audit/canonical.h"
#include "libs/base/calendar.h"
#include "lotura/options/v1/options.pb.h"

namespace lotura::audit {
namespace {

using events::JournalEntry;

constexpr char kEntry[] = "lotura.audit.v1.Entry";

std::int64_t Micros(Instant instant) {
  return std::chrono::duration_cast<std::chrono::microseconds>(instant.time_since_epoch()).count();
}

// In the order of PartHashes.
std::array<v1::Entry::Part*, 5> PartsOf(v1::Entry& entry) {
  return {entry.mutable_before_plain(), entry.mutable_before_personal(),
          entry.mutable_after_plain(), entry.mutable_after_personal(), entry.mutable_detail()};
}

std::array<const v1::Entry::Part*, 5> PartsOf(const v1::Entry& entry) {
  return {&entry.before_plain(), &entry.before_personal(), &entry.after_plain(),
          &entry.after_personal(), &entry.detail()};
}

std::array<std::string*, 5> PartsOf(JournalEntry& entry) {
  return {&entry.before_plain, &entry.before_personal, &entry.after_plain, &entry.after_personal,
          &entry.detail};
}

}  // namespace

PartHashes HashesOf(const JournalEntry& entry) {
  return {Sha256(entry.before_plain), Sha256(entry.before_personal), Sha256(entry.after_plain),
          Sha256(entry.after_personal), Sha256(entry.detail)};
}

Sha256Digest DigestOf(std::string_view service, const JournalEntry& entry,
                      const PartHashes& parts) {
  Canonical canonical(kEntry);
  canonical.Text(service)
      .Text(entry.tenant.value.ToString())
      .Number(entry.position.epoch)
      .Number(static_cast<std::int64_t>(entry.position.xid))
      .Number(entry.position.seq)
      .Number(Micros(entry.create_time))
      .Text(entry.event_id.ToString())
      .Text(entry.name)
      .Text(entry.type)
      .Text(entry.resource_type)
      .Number(entry.version)
      .Number(entry.kind)
      .Text(entry.changed_fields)
      .Texts(entry.person_keys)
      .Text(entry.actor)
      .Text(entry.method)
      .Text(entry.request_id)
      .Text(entry.cause)
      .Text(entry.traceparent);
  for (const Sha256Digest& part : parts) canonical.Text(ToBytes(part));
  return canonical.Digest();
}

v1::Entry ToProto(JournalEntry entry) {
  v1::Entry proto;
  *proto.mutable_position() = ToProto(entry.position);
  *proto.mutable_create_time() = ToTimestamp(entry.create_time);
  proto.set_event_id(entry.event_id.ToString());
  proto.set_name(std::move(entry.name));
  proto.set_type(std::move(entry.type));
  proto.set_resource_type(std::move(entry.resource_type));
  proto.set_version(entry.version);
  proto.set_kind(entry.kind);
  proto.set_changed_fields(std::move(entry.changed_fields));
  *proto.mutable_person_keys() = {entry.person_keys.begin(), entry.person_keys.end()};
  proto.set_actor(std::move(entry.actor));
  proto.set_method(std::move(entry.method));
  proto.set_request_id(std::move(entry.request_id));
  proto.set_cause(std::move(entry.cause));
  proto.set_traceparent(std::move(entry.traceparent));
  const auto to = PartsOf(proto);
  const auto from = PartsOf(entry);
  for (std::size_t i = 0; i < to.size(); ++i) to[i]->set_content(std::move(*from[i]));
  return proto;
}

bool IsInternal(const std::string& resource_type) {
  const auto* message =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(resource_type);
  return message != nullptr && message->options().GetExtension(options::v1::resource).internal();
}

void LeaveOutLargeParts(v1::Entry& entry, std::size_t bytes_max) {
  for (v1::Entry::Part* part : PartsOf(entry)) {
    if (part->content().size() <= bytes_max) continue;
    part->set_hash(ToBytes(Sha256(part->content())));
    part->clear_content();
  }
}

std::optional<Exported> FromProto(const v1::Entry& proto, const TenantId& tenant) {
  const auto event_id = Uuid::Parse(proto.event_id());
  if (!event_id.has_value()) return std::nullopt;
  Exported exported;
  JournalEntry& entry = exported.entry;
  entry.tenant = tenant;
  entry.position = FromProto(proto.position());
  entry.create_time = ToInstant(proto.create_time());
  entry.event_id = *event_id;
  entry.name = proto.name();
  entry.type = proto.type();
  entry.resource_type = proto.resource_type();
  entry.version = proto.version();
  entry.kind = proto.kind();
  entry.changed_fields = proto.changed_fields();
  entry.person_keys = {proto.person_keys().begin(), proto.person_keys().end()};
  entry.actor = proto.actor();
  entry.method = proto.method();
  entry.request_id = proto.request_id();
  entry.cause = proto.cause();
  entry.traceparent = proto.traceparent();
  const auto parts = PartsOf(proto);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& hash = parts[i]->hash();
    if (hash.empty()) {
      exported.parts[i] = Sha256(parts[i]->content());
      continue;
    }
    if (hash.size() != exported.parts[i].size() || !parts[i]->content().empty())
      return std::nullopt;
    std::ranges::copy(hash, exported.parts[i].begin());
    ++exported.left_out;
  }
  return exported;
}

v1::Position ToProto(const events::Position& position) {
  v1::Position proto;
  proto.set_epoch(position.epoch);
  proto.set_transaction(position.xid);
  proto.set_sequence(position.seq);
  return proto;
}

events::Position FromProto(const v1::Position& position) {
  return {.epoch = position.epoch(), .xid = position.transaction(), .seq = position.sequence()};
}

}  // namespace lotura::audit
