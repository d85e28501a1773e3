#include "libs/resource/bulk.h"

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/names.h"
#include "libs/resource/change_values.h"
#include "libs/resource/statements.h"

namespace lotura::resource {
namespace {

// Places within the arrays of the journal and of the match keys.
constexpr std::size_t kNames = 1;
constexpr std::size_t kKinds = 0;
constexpr std::size_t kKeys = 1;

constexpr char kInsertKeys[] =
    "INSERT INTO match_key (tenant_id, kind, key, name) SELECT $1::uuid, x.kind, x.key, x.name "
    "FROM unnest($2::text[], $3::text[], $4::text[]) AS x(kind, key, name)";

constexpr char kInsertJournal[] =
    "INSERT INTO journal (tenant_id, event_id, name, type, resource_type, version, kind, "
    "changed_fields, before_plain, before_personal, after_plain, after_personal, detail, actor, "
    "method, request_id, cause, traceparent) "
    "SELECT $1::uuid, x.event_id, x.name, x.type, '{}', 1, {}, x.changed_fields, '', '', "
    "x.after_plain, x.after_personal, x.detail, $2::text, $3::text, x.request_id, $4::text, "
    "$5::text FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::bytea[], "
    "$11::bytea[], $12::bytea[], $13::uuid[]) AS x(event_id, name, type, changed_fields, "
    "after_plain, after_personal, detail, request_id)";

std::vector<pg::Array> JournalArrays() {
  using pg::Type;
  return {pg::Array(Type::kUuid),  pg::Array(Type::kText),  pg::Array(Type::kText),
          pg::Array(Type::kText),  pg::Array(Type::kBytea), pg::Array(Type::kBytea),
          pg::Array(Type::kBytea), pg::Array(Type::kUuid)};
}

void AddAll(pg::Params& params, std::span<const pg::Array> arrays, Bulk::Places places) {
  for (const pg::Array& array : arrays) params.Add(array.Pick(places));
}

std::size_t RecordFields(const Declaration& declaration, const Codec& codec) {
  constexpr std::size_t kOfAllTables = 5;
  return kOfAllTables + (declaration.pattern().HasParent() ? 1 : 0) +
         (declaration.soft_delete() ? 1 : 0) + codec.columns().size();
}

std::string RecordColumns(const Declaration& declaration, const Codec& codec) {
  std::string columns = "tenant_id, name, version, create_time, update_time";
  if (declaration.pattern().HasParent()) columns += ", parent";
  if (declaration.soft_delete()) columns += ", delete_time";
  for (const TableColumn& column : codec.columns()) columns += ", " + column.name;
  return columns;
}

void AddOrNull(pg::CopyRows& rows, const std::optional<std::string>& bytes) {
  bytes.has_value() ? rows.Add(*bytes) : rows.AddNull();
}

}  // namespace

BulkStatements::BulkStatements(const Declaration& declaration, const Codec& codec)
    : in_the_way(fmt::format(
          "SELECT 'N' AS verdict, r.place, NULL::text AS kind, r.name AS holder FROM "
          "unnest($2::text[]) WITH ORDINALITY AS r(name, place) CROSS JOIN LATERAL ({}) found "
          "UNION ALL SELECT 'D', k.place, k.kind, m.name FROM unnest($3::text[], $4::text[]) WITH "
          "ORDINALITY AS k(kind, key, place) CROSS JOIN LATERAL (SELECT x.name FROM match_key x "
          "WHERE x.tenant_id = $1::uuid AND x.kind = k.kind AND x.key = k.key LIMIT 1) m",
          SelectByName("1", declaration.table(), "r.name"))),
      insert_keys(kInsertKeys),
      copy_records(fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", declaration.table(),
                               RecordColumns(declaration, codec))),
      insert_journal(fmt::format(kInsertJournal, declaration.message()->full_name(),
                                 static_cast<int>(events::v1::KIND_CREATED))) {}

Bulk::Bulk(const Declaration& declaration, const Codec& codec,
           std::span<const NumberedChange> changes)
    : call_(*changes.front().call),
      records_(RecordFields(declaration, codec)),
      journal_(JournalArrays()),
      keys_(3, pg::Array(pg::Type::kText)) {
  for (const std::size_t row : RowsByName(changes)) {
    record_places_.push_back({changes[row].unit, changes[row].ord});
    AddRecord(declaration, codec, changes[row]);
    AddEntry(changes[row]);
  }
  for (const auto& [key, numbered, row] : SortedKeys(changes, &RecordChange::added_keys)) {
    key_places_.push_back({numbered->unit, numbered->ord});
    keys_[kKinds].Add(key->first);
    keys_[kKeys].Add(key->second);
    keys_.back().Add(numbered->change->name);
  }
}

void Bulk::AddRecord(const Declaration& declaration, const Codec& codec,
                     const NumberedChange& numbered) {
  const RecordChange& change = *numbered.change;
  const pbuf::Message& record = *change.after;
  records_.Add(pg::binary::UuidValue(call_.principal.tenant.value))
      .Add(change.name)
      .Add(pg::binary::Int64(change.version));
  AddOrNull(records_, TimeOf(record, declaration.create_time_field()));
  AddOrNull(records_, TimeOf(record, declaration.update_time_field()));
  if (declaration.pattern().HasParent()) records_.Add(ParentOf(change.name));
  if (declaration.soft_delete())
    AddOrNull(records_, TimeOf(record, declaration.delete_time_field()));
  codec.AppendRow(record, records_);
}

void Bulk::AddEntry(const NumberedChange& numbered) {
  const RecordChange& change = *numbered.change;
  LOTURA_CHECK(change.version == 1);
  const Parts after = Split(*change.after);
  std::size_t column = 0;
  const auto add = [&](std::string_view bytes) { journal_[column++].Add(bytes); };
  add(pg::binary::UuidValue(change.event_id));
  add(change.name);
  add(change.event_type);
  add(PathsOf(change));
  add(after.plain);
  add(after.personal);
  add(change.detail);
  const std::optional<std::string> request_id = RequestIdOf(numbered.request);
  request_id.has_value() ? journal_[column].Add(*request_id) : journal_[column].AddNull();
}

pg::Params Bulk::NamesAndKeys() const {
  pg::Params params;
  params.Tenant(call_.principal.tenant).Add(journal_[kNames]).Add(keys_[kKinds]).Add(keys_[kKeys]);
  return params;
}

pg::Params Bulk::Keys(Places places) const {
  pg::Params params;
  params.Tenant(call_.principal.tenant);
  AddAll(params, keys_, places);
  return params;
}

pg::Params Bulk::Journal(Places places) const {
  pg::Params params;
  params.Tenant(call_.principal.tenant)
      .Text(call_.principal.name)
      .Text(call_.method)
      .Text(call_.cause)
      .Text(call_.trace.ToTraceparent());
  AddAll(params, journal_, places);
  return params;
}

}  // namespace lotura::resource
