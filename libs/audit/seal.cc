#include "libs/audit/seal.h"

#include <set>

#include "libs/audit/canonical.h"
#include "libs/audit/digest.h"
#include "libs/base/calendar.h"

namespace lotura::audit {
namespace {

constexpr char kSeal[] = "lotura.audit.v1.Seal";

void AddPosition(Canonical& canonical, const v1::Position& position) {
  canonical.Number(position.epoch())
      .Number(static_cast<std::int64_t>(position.transaction()))
      .Number(position.sequence());
}

// Seals that are being filled, in the order in which they were begun.
class Drafts {
 public:
  explicit Drafts(const Sealing& sealing) : sealing_(sealing) {}

  void Add(const Sealable& entry) {
    v1::Seal& seal = SealFor(entry);
    *seal.mutable_last() = ToProto(entry.position);
    seal.mutable_digests()->append(ToBytes(entry.digest));
  }

  std::vector<v1::Seal> Finish(std::map<TenantId, Head> heads) {
    for (std::size_t i = 0; i < seals_.size(); ++i) {
      Head& head = heads[tenants_[i]];
      v1::Seal& seal = seals_[i];
      seal.set_number(head.number + 1);
      seal.set_previous_hash(head.hash);
      *seal.mutable_seal_time() = ToTimestamp(sealing_.now);
      seal.set_hash(HashOf(seal));
      seal.set_key_id(sealing_.key.verify_key().id());
      seal.set_signature(sealing_.key.Sign(seal.hash()));
      head = {.number = seal.number(), .hash = seal.hash()};
    }
    return std::move(seals_);
  }

 private:
  v1::Seal& SealFor(const Sealable& entry) {
    const auto place = open_.find(entry.tenant);
    if (place != open_.end() && seals_[place->second].last().epoch() == entry.position.epoch)
      return seals_[place->second];
    open_[entry.tenant] = seals_.size();
    tenants_.push_back(entry.tenant);
    v1::Seal& seal = seals_.emplace_back();
    seal.set_service(sealing_.service);
    seal.set_tenant(entry.tenant.value.ToString());
    *seal.mutable_first() = ToProto(entry.position);
    return seal;
  }

  const Sealing& sealing_;
  std::vector<v1::Seal> seals_;
  // Of each seal.
  std::vector<TenantId> tenants_;
  // The last one of each tenant.
  std::map<TenantId, std::size_t> open_;
};

}  // namespace

Sealable SealableOf(std::string_view service, const events::JournalEntry& entry) {
  return {.position = entry.position,
          .tenant = entry.tenant,
          .digest = DigestOf(service, entry, HashesOf(entry)),
          .bytes = entry.StoredBytes()};
}

std::string HashOf(const v1::Seal& seal) {
  Canonical canonical(kSeal);
  canonical.Text(seal.service())
      .Text(seal.tenant())
      .Number(seal.number())
      .Text(seal.previous_hash());
  AddPosition(canonical, seal.first());
  AddPosition(canonical, seal.last());
  canonical.Text(seal.digests())
      .Number(seal.seal_time().seconds())
      .Number(seal.seal_time().nanos());
  return ToBytes(canonical.Digest());
}

std::vector<TenantId> TenantsOf(std::span<const Sealable> entries) {
  std::set<TenantId> tenants;
  for (const Sealable& entry : entries) tenants.insert(entry.tenant);
  return {tenants.begin(), tenants.end()};
}

std::vector<v1::Seal> SealsOf(const Sealing& sealing, std::map<TenantId, Head> heads,
                              std::span<const Sealable> entries) {
  Drafts drafts(sealing);
  for (const Sealable& entry : entries) drafts.Add(entry);
  return drafts.Finish(std::move(heads));
}

}  // namespace lotura::audit
