#include "libs/resource/record_cache.h"

#include <cstring>

#include "libs/base/crypto.h"
#include "libs/mutant/use.h"
#include "libs/resource/codec.h"

namespace lotura::resource {
namespace {

// The cache cuts these to its own bounds.
constexpr std::chrono::minutes kTtl{10};
constexpr std::chrono::seconds kNegativeTtl{10};
constexpr char kLayoutVersion[] = "record 1\n";

// Changes with the message's definition, so that binaries with another one read nothing that they
// would misunderstand.
std::uint64_t LayoutOf(const Declaration& declaration) {
  const Sha256Digest digest = Sha256(kLayoutVersion + declaration.message()->DebugString());
  std::uint64_t layout = 0;
  std::memcpy(&layout, digest.data(), sizeof(layout));
  return layout;
}

// Fences do not look at the layout: they end what any binary stored.
constexpr std::uint64_t kAnyLayout = 0;

cache::Key KeyOf(const TenantRecord& record, std::uint64_t layout) {
  const TenantId tenant = mutant::Omits("tenant.cache") ? TenantId() : record.key.tenant;
  return cache::MakeKey({tenant, record.declaration->service(), record.key.name}, layout);
}

std::optional<Record> FromEntry(const Declaration& declaration, const cache::Entry& entry) {
  std::shared_ptr<pbuf::Message> message = declaration.NewMessage();
  if (!message->ParseFromString(entry.value)) return std::nullopt;
  const auto* deleted = declaration.delete_time_field();
  Record record;
  record.deleted = deleted != nullptr && message->GetReflection()->HasField(*message, deleted);
  record.version = entry.version;
  record.message = std::move(message);
  return record;
}

cache::Filling FillingOf(const RecordCache::Look& look, const std::optional<Record>& record) {
  cache::Filling filling{.key = look.key, .lease = *look.lease};
  if (record.has_value()) {
    filling.entry = cache::Entry{record->message->SerializeAsString(), record->version};
    filling.ttl = kTtl;
  } else {
    filling.ttl = kNegativeTtl;
  }
  return filling;
}

}  // namespace

RecordCache::RecordCache(cache::Cache& cache, std::span<const Declaration* const> declarations)
    : cache_(cache) {
  for (const Declaration* declaration : declarations)
    layouts_.emplace(declaration, LayoutOf(*declaration));
}

std::vector<RecordCache::Look> RecordCache::LookUp(std::span<const TenantRecord> records) {
  std::vector<cache::Key> keys;
  keys.reserve(records.size());
  for (const TenantRecord& record : records)
    keys.push_back(KeyOf(record, layouts_.at(record.declaration)));
  auto lookups = cache_.GetMany(keys);
  std::vector<Look> looks;
  looks.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    Look look{.known = {}, .key = std::move(keys[i]), .lease = {}};
    if (const auto* hit = std::get_if<cache::Hit>(&lookups[i])) {
      auto record = FromEntry(*records[i].declaration, hit->entry);
      if (record.has_value()) look.known = std::move(record);
    } else if (std::holds_alternative<cache::Negative>(lookups[i])) {
      look.known.emplace();
    } else {
      look.lease = std::move(std::get<cache::Miss>(lookups[i]).lease);
    }
    looks.push_back(std::move(look));
  }
  return looks;
}

void RecordCache::Keep(std::span<const Stored> stored) {
  std::vector<cache::Filling> fillings;
  for (const auto& [look, record] : stored) {
    // An entry could not say that a part of the record is missing.
    const bool whole = !record->has_value() || !(*record)->newer;
    if (look->lease.has_value() && whole) fillings.push_back(FillingOf(*look, *record));
  }
  if (!fillings.empty()) cache_.FillMany(fillings);
}

void RecordCache::Fence(std::span<const TenantRecord> records) {
  std::vector<cache::Key> keys;
  for (const TenantRecord& record : records) keys.push_back(KeyOf(record, kAnyLayout));
  if (!keys.empty()) static_cast<void>(cache_.FenceMany(keys));
}

}  // namespace lotura::resource
