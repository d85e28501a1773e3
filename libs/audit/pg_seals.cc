#include "libs/audit/pg_seals.h"

#include "libs/audit/digest.h"
#include "libs/audit/queries.sql.h"
#include "libs/base/calendar.h"
#include "libs/base/errors.h"
#include "libs/base/limits.h"
#include "libs/events/journal_rows.h"

namespace lotura::audit {
namespace {

using events::BigintOf;

// One read of seals, and what an answer takes before another one is too much.
constexpr std::int64_t kSealsAtOnce = 64;
constexpr std::size_t kAnswerBytes = kMessageBytesMax / 2;
// Of an answer that is too large, parts beyond this are left out, and beyond a fraction of it until
// the rest fits.
constexpr std::size_t kPartBytesMax = 128 << 10;
constexpr std::size_t kPartBytesStep = 8;
constexpr std::size_t kDigestBytes = 32;

std::map<TenantId, Head> LoadHeads(pg::Tx& tx, std::span<const TenantId> tenants) {
  pg::Array ids(pg::Type::kUuid);
  for (const TenantId& tenant : tenants) ids.Add(pg::binary::UuidValue(tenant.value));
  const pg::Rows rows = tx.Run(sql::kLastSeals, pg::Params().Add(ids));
  std::map<TenantId, Head> heads;
  for (std::size_t i = 0; i < rows.size(); ++i)
    heads[TenantId{rows.Id(i, 0)}] = {.number = rows.Int(i, 1), .hash = rows.Bytes(i, 2)};
  return heads;
}

// Leaves the largest parts out of what is too large for an answer.
void LetFit(v1::SealedEntries& covered) {
  // A hash in its place would be larger than a smaller one.
  for (std::size_t most = kPartBytesMax;
       most >= kDigestBytes && covered.ByteSizeLong() > kAnswerBytes; most /= kPartBytesStep) {
    for (v1::Entry& entry : *covered.mutable_entries()) LeaveOutLargeParts(entry, most);
  }
}

// Rows of the table, column by column.
struct SealColumns {
  pg::Array tenants{pg::Type::kUuid};
  pg::Array numbers{pg::Type::kInt64};
  pg::Array previous{pg::Type::kBytea};
  pg::Array epochs{pg::Type::kInt64};
  pg::Array first_xids{pg::Type::kText};
  pg::Array first_seqs{pg::Type::kInt64};
  pg::Array last_xids{pg::Type::kText};
  pg::Array last_seqs{pg::Type::kInt64};
  pg::Array digests{pg::Type::kBytea};
  pg::Array hashes{pg::Type::kBytea};
  pg::Array signatures{pg::Type::kBytea};

  void Add(const v1::Seal& seal) {
    tenants.Add(pg::binary::UuidValue(Uuid::Parse(seal.tenant()).value()));
    numbers.Add(pg::binary::Int64(seal.number()));
    previous.Add(seal.previous_hash());
    epochs.Add(pg::binary::Int64(seal.first().epoch()));
    first_xids.Add(std::to_string(seal.first().transaction()));
    first_seqs.Add(pg::binary::Int64(seal.first().sequence()));
    last_xids.Add(std::to_string(seal.last().transaction()));
    last_seqs.Add(pg::binary::Int64(seal.last().sequence()));
    digests.Add(seal.digests());
    hashes.Add(seal.hash());
    signatures.Add(seal.signature());
  }
};

void Insert(pg::Tx& tx, std::span<const v1::Seal> seals, const Sealing& sealing) {
  SealColumns columns;
  for (const v1::Seal& seal : seals) columns.Add(seal);
  tx.Run(sql::kInsertSeals, pg::Params()
                                .Add(columns.tenants)
                                .Add(columns.numbers)
                                .Add(columns.previous)
                                .Add(columns.epochs)
                                .Add(columns.first_xids)
                                .Add(columns.first_seqs)
                                .Add(columns.last_xids)
                                .Add(columns.last_seqs)
                                .Add(columns.digests)
                                .Add(columns.hashes)
                                .Add(columns.signatures)
                                .Time(sealing.now)
                                .Text(sealing.key.verify_key().id()));
}

bool Advance(pg::Tx& tx, const events::LeaseToken& lease, const events::Position& after,
             const events::Position& to) {
  return !tx.Run(sql::kAdvanceAudit, pg::Params()
                                         .Text(lease.name)
                                         .Id(lease.holder)
                                         .Int(lease.term)
                                         .Text(lease.origin)
                                         .Int(after.epoch)
                                         .Int(BigintOf(after.xid))
                                         .Int(after.seq)
                                         .Int(to.epoch)
                                         .Int(BigintOf(to.xid))
                                         .Int(to.seq))
              .empty();
}

}  // namespace

absl::StatusOr<std::size_t> PgSeals::Append(const events::LeaseToken& lease,
                                            const events::Position& after,
                                            std::span<const Sealable> entries,
                                            const Sealing& sealing, Deadline deadline) {
  const std::vector<TenantId> tenants = TenantsOf(entries);
  return database_.Write(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::size_t> {
    if (!Advance(tx, lease, after, entries.back().position))
      return FailedPrecondition("LEASE_LOST", "another process seals the journal");
    const std::vector<v1::Seal> seals = SealsOf(sealing, LoadHeads(tx, tenants), entries);
    Insert(tx, seals, sealing);
    return seals.size();
  });
}

absl::StatusOr<std::vector<v1::SealedEntries>> PgSeals::ReadAfter(const TenantId& tenant,
                                                                  std::int64_t number,
                                                                  Deadline deadline) {
  using Sealed = std::vector<v1::SealedEntries>;
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Sealed> {
    return CoverAll(
        tx, tx.Run(sql::kSealsAfter, pg::Params().Tenant(tenant).Int(number).Int(kSealsAtOnce)),
        tenant, Contents::kThatFit);
  });
}

absl::StatusOr<std::vector<v1::SealedEntries>> PgSeals::ReadSince(const TenantId& tenant,
                                                                  Instant since,
                                                                  std::int64_t number,
                                                                  Deadline deadline) {
  using Sealed = std::vector<v1::SealedEntries>;
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Sealed> {
    return CoverAll(tx,
                    tx.Run(sql::kSealsSince,
                           pg::Params().Tenant(tenant).Time(since).Int(number).Int(kSealsAtOnce)),
                    tenant, Contents::kNone);
  });
}

absl::StatusOr<std::vector<v1::SealedEntries>> PgSeals::ReadWhole(const TenantId& tenant,
                                                                  std::int64_t number,
                                                                  Deadline deadline) {
  using Sealed = std::vector<v1::SealedEntries>;
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Sealed> {
    return CoverAll(
        tx, tx.Run(sql::kSealsAfter, pg::Params().Tenant(tenant).Int(number).Int(kSealsAtOnce)),
        tenant, Contents::kAll);
  });
}

absl::StatusOr<std::vector<Unarchived>> PgSeals::ReadUnarchived(Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<Unarchived>> {
    const pg::Rows rows = tx.Run(sql::kUnarchivedTenants, {});
    std::vector<Unarchived> tenants;
    for (std::size_t i = 0; i < rows.size(); ++i)
      tenants.push_back({.tenant = TenantId{rows.Id(i, 0)}, .number = rows.Int(i, 1)});
    return tenants;
  });
}

absl::Status PgSeals::NoteArchived(const TenantId& tenant, std::int64_t number, Deadline deadline) {
  return database_.WriteOne(deadline, [&](pg::Tx& tx) {
    tx.Run(sql::kNoteArchived, pg::Params().Tenant(tenant).Int(number));
    return absl::OkStatus();
  });
}

std::vector<v1::SealedEntries> PgSeals::CoverAll(pg::Tx& tx, const pg::Rows& seals,
                                                 const TenantId& tenant, Contents contents) const {
  std::vector<v1::SealedEntries> sealed;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < seals.size() && bytes < kAnswerBytes; ++i) {
    v1::SealedEntries covered = Cover(tx, SealAt(seals, i, tenant), tenant, contents);
    const std::size_t size = covered.ByteSizeLong();
    if (!sealed.empty() && bytes + size > kAnswerBytes) break;
    bytes += size;
    sealed.push_back(std::move(covered));
  }
  return sealed;
}

absl::StatusOr<std::optional<v1::Seal>> PgSeals::Last(const TenantId& tenant, Deadline deadline) {
  return database_.Read(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::optional<v1::Seal>> {
    const pg::Rows rows = tx.Run(sql::kLastSeal, pg::Params().Tenant(tenant));
    if (rows.empty()) return std::optional<v1::Seal>();
    return std::optional(SealAt(rows, 0, tenant));
  });
}

v1::Seal PgSeals::SealAt(const pg::Rows& rows, std::size_t row, const TenantId& tenant) const {
  v1::Seal seal;
  seal.set_service(service_);
  seal.set_tenant(tenant.value.ToString());
  seal.set_number(rows.Int(row, 0));
  seal.set_previous_hash(rows.Bytes(row, 1));
  const auto epoch = static_cast<std::int32_t>(rows.Int(row, 2));
  *seal.mutable_first() =
      ToProto(events::Position{.epoch = epoch, .xid = rows.Xid(row, 3), .seq = rows.Int(row, 4)});
  *seal.mutable_last() =
      ToProto(events::Position{.epoch = epoch, .xid = rows.Xid(row, 5), .seq = rows.Int(row, 6)});
  seal.set_digests(rows.Bytes(row, 7));
  *seal.mutable_seal_time() = ToTimestamp(rows.Time(row, 8));
  seal.set_hash(rows.Bytes(row, 9));
  seal.set_key_id(rows.String(row, 10));
  seal.set_signature(rows.Bytes(row, 11));
  return seal;
}

// Of entries that were added to those of the seal one more than it has is read, so that they show.
v1::SealedEntries PgSeals::Cover(pg::Tx& tx, v1::Seal seal, const TenantId& tenant,
                                 Contents contents) {
  const auto count = static_cast<std::int64_t>(seal.digests().size() / kDigestBytes);
  const bool wants_contents = contents != Contents::kNone;
  const pg::Rows rows = tx.Run(sql::kCoveredEntries, pg::Params()
                                                         .Tenant(tenant)
                                                         .Int(seal.first().epoch())
                                                         .Int(BigintOf(seal.first().transaction()))
                                                         .Int(seal.first().sequence())
                                                         .Int(BigintOf(seal.last().transaction()))
                                                         .Int(seal.last().sequence())
                                                         .Int(count + 1)
                                                         .Raw(pg::binary::Bool(wants_contents)));
  v1::SealedEntries covered;
  *covered.mutable_seal() = std::move(seal);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    v1::Entry& entry = *covered.add_entries();
    entry = ToProto(events::EntryAt(rows, i));
    if (IsInternal(entry.resource_type())) LeaveOutLargeParts(entry, 0);
  }
  if (contents == Contents::kThatFit) LetFit(covered);
  return covered;
}

}  // namespace lotura::audit
