// What stands for an entry of the journal in its seal.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/crypto.h"
#include "libs/events/journal.h"
#include "lotura/audit/v1/audit_service.pb.h"

namespace lotura::audit {

// Hashes of the parts of an entry that may be left out of an export: before_plain, before_personal,
// after_plain, after_personal and detail.
using PartHashes = std::array<Sha256Digest, 5>;
PartHashes HashesOf(const events::JournalEntry& entry);

// Over everything that the entry says; of its parts over their hashes alone.
Sha256Digest DigestOf(std::string_view service, const events::JournalEntry& entry,
                      const PartHashes& parts);

// For an export, with all parts.
v1::Entry ToProto(events::JournalEntry entry);
// Whether nobody is shown records of the type: a full name of a message.
bool IsInternal(const std::string& resource_type);
// Leaves out the content of parts that are larger than this.
void LeaveOutLargeParts(v1::Entry& entry, std::size_t bytes_max);

// An entry that was exported, of this tenant. Nothing for one that has a wrong form.
struct Exported {
  events::JournalEntry entry;
  PartHashes parts;
  // How many parts have no content.
  int left_out = 0;
};
std::optional<Exported> FromProto(const v1::Entry& entry, const TenantId& tenant);

v1::Position ToProto(const events::Position& position);
events::Position FromProto(const v1::Position& position);

}  // namespace lotura::audit
