// Seals of the entries of a journal: each says that they were there, and that the seal before it
// was.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/crypto.h"
#include "libs/base/ed25519.h"
#include "libs/events/journal.h"
#include "lotura/audit/v1/audit_service.pb.h"

namespace lotura::audit {

// The last seal of a tenant.
struct Head {
  std::int64_t number = 0;
  std::string hash;
};

// Who seals what.
struct Sealing {
  std::string service;
  SigningKey key;
  Instant now;
};

// An entry of the journal, as a seal covers it.
struct Sealable {
  events::Position position;
  TenantId tenant;
  Sha256Digest digest{};
  // That the entry takes where it is stored.
  std::size_t bytes = 0;
};
Sealable SealableOf(std::string_view service, const events::JournalEntry& entry);

// SHA-256 over all that a seal says, but for its hash, its key and its signature.
std::string HashOf(const v1::Seal& seal);

// The tenants that entries belong to, each once.
std::vector<TenantId> TenantsOf(std::span<const Sealable> entries);

// Seals that cover the entries, which go on where `heads` ended: for each tenant one, and one more
// where a new epoch begins. In the order of the numbers of each.
std::vector<v1::Seal> SealsOf(const Sealing& sealing, std::map<TenantId, Head> heads,
                              std::span<const Sealable> entries);

}  // namespace lotura::audit
