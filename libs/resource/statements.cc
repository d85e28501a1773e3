#include "libs/resource/statements.h"

#include <fmt/format.h>

#include "libs/base/check.h"

namespace lotura::resource {
namespace {

using pg::Type;

constexpr int kFirstArray = 3;

const char* SqlName(Type type) {
  switch (type) {
    case Type::kBool:
      return "boolean";
    case Type::kBytea:
      return "bytea";
    case Type::kInt64:
      return "bigint";
    case Type::kText:
      return "text";
    case Type::kFloat64:
      return "double precision";
    case Type::kDate:
      return "date";
    case Type::kTimestamptz:
      return "timestamptz";
    case Type::kUuid:
      return "uuid";
    case Type::kJsonb:
      return "jsonb";
  }
  LOTURA_CHECK(false);
}

std::vector<ArraySpec> UnitSpecs() {
  return {{"unit", Type::kInt64, ""},
          {"request_id", Type::kUuid, ""},
          {"hash", Type::kBytea, ""},
          {"answer_plain", Type::kBytea, ""},
          {"answer_personal", Type::kBytea, ""}};
}

std::vector<ArraySpec> RecordSpecs(const Declaration& declaration, const Codec& codec) {
  std::vector<ArraySpec> specs = {{"ord", Type::kInt64, ""},
                                  {"unit", Type::kInt64, ""},
                                  {"name", Type::kText, ""},
                                  {"version", Type::kInt64, ""},
                                  {"create_time", Type::kTimestamptz, ""},
                                  {"update_time", Type::kTimestamptz, ""},
                                  {"event_id", Type::kUuid, ""},
                                  {"event_type", Type::kText, ""},
                                  {"kind", Type::kInt64, ""},
                                  {"changed_fields", Type::kText, ""},
                                  {"before_plain", Type::kBytea, ""},
                                  {"before_personal", Type::kBytea, ""},
                                  {"after_plain", Type::kBytea, ""},
                                  {"after_personal", Type::kBytea, ""},
                                  {"detail", Type::kBytea, ""},
                                  {"actor", Type::kText, ""},
                                  {"method", Type::kText, ""},
                                  {"request_id", Type::kUuid, ""},
                                  {"cause", Type::kText, ""},
                                  {"traceparent", Type::kText, ""}};
  if (declaration.soft_delete()) specs.push_back({"delete_time", Type::kTimestamptz, ""});
  if (declaration.pattern().HasParent()) specs.push_back({"parent", Type::kText, ""});
  for (const TableColumn& column : codec.columns())
    specs.push_back({"c_" + column.name, column.wire_type, column.cast});
  return specs;
}

std::vector<ArraySpec> AddedKeySpecs() {
  return {{"unit", Type::kInt64, ""},
          {"ord", Type::kInt64, ""},
          {"kind", Type::kText, ""},
          {"key", Type::kText, ""},
          {"name", Type::kText, ""}};
}

std::vector<ArraySpec> RemovedKeySpecs() {
  return {{"ord", Type::kInt64, ""}, {"kind", Type::kText, ""}, {"key", Type::kText, ""}};
}

// "unit AS MATERIALIZED (SELECT x.unit, ... FROM unnest($3::bigint[], ...) AS x(unit, ...))"
std::string Unnest(const char* name, const std::vector<ArraySpec>& specs, int& parameter) {
  std::string selected;
  std::string arrays;
  std::string names;
  for (const ArraySpec& spec : specs) {
    const char* comma = names.empty() ? "" : ", ";
    selected += spec.cast.empty()
                    ? fmt::format("{}x.{}", comma, spec.name)
                    : fmt::format("{}x.{}{} AS {}", comma, spec.name, spec.cast, spec.name);
    arrays += fmt::format("{}${}::{}[]", comma, parameter++, SqlName(spec.type));
    names += comma + spec.name;
  }
  return fmt::format("{} AS MATERIALIZED (SELECT {} FROM unnest({}) AS x({}))", name, selected,
                     arrays, names);
}

// The columns of the table beside its key, as "name, value of `source`" lists.
struct TableLists {
  std::string columns;
  std::string values;
  std::string assignments;
};

TableLists ListsOf(const Declaration& declaration, const Codec& codec) {
  TableLists lists;
  const auto add = [&](const std::string& column, const std::string& value) {
    lists.columns += ", " + column;
    lists.values += ", r." + value;
    lists.assignments += fmt::format(", {} = r.{}", column, value);
  };
  if (declaration.soft_delete()) add("delete_time", "delete_time");
  for (const TableColumn& column : codec.columns()) add(column.name, "c_" + column.name);
  return lists;
}

constexpr char kSeen[] =
    "seen AS MATERIALIZED (SELECT u.unit, s.hash = u.hash AS same, s.answer_plain, "
    "s.answer_personal FROM unit u CROSS JOIN LATERAL "
    "(SELECT q.hash, q.answer_plain, q.answer_personal FROM request q WHERE q.tenant_id = $1::uuid "
    "AND q.request_id = u.request_id LIMIT 1) s)";

// A key that the record itself holds is not taken: undeleting and updating may find it.
constexpr char kTaken[] =
    "taken AS MATERIALIZED (SELECT k.unit, k.ord, k.kind, m.name AS holder FROM added_key k CROSS "
    "JOIN LATERAL "
    "(SELECT x.name FROM match_key x WHERE x.tenant_id = $1::uuid AND x.kind = k.kind AND x.key = "
    "k.key AND x.name <> k.name LIMIT 1) m)";

constexpr char kInsertRequest[] =
    "ins_request AS (INSERT INTO request (period, tenant_id, request_id, hash, answer_plain, "
    "answer_personal) "
    "SELECT p.period, $1::uuid, u.request_id, u.hash, u.answer_plain, u.answer_personal "
    "FROM unit u CROSS JOIN unnest($2::date[]) AS p(period) WHERE u.request_id IS NOT NULL AND "
    "u.unit NOT IN (SELECT unit FROM {}))";

constexpr char kInsertJournal[] =
    "ins_journal AS (INSERT INTO journal (tenant_id, event_id, name, type, resource_type, version, "
    "kind, changed_fields, before_plain, "
    "before_personal, after_plain, after_personal, detail, actor, method, request_id, cause, "
    "traceparent) "
    "SELECT $1::uuid, r.event_id, r.name, r.event_type, '{}', r.version, r.kind, r.changed_fields, "
    "r.before_plain, r.before_personal, "
    "r.after_plain, r.after_personal, r.detail, r.actor, r.method, r.request_id, r.cause, "
    "r.traceparent FROM {} r)";

constexpr char kSeenResult[] =
    "SELECT unit, CASE WHEN same THEN 'R' ELSE 'M' END AS verdict, 0::bigint AS ord, CASE WHEN "
    "same THEN answer_plain END AS answer_plain, "
    "CASE WHEN same THEN answer_personal END AS answer_personal, NULL::text AS kind, NULL::text AS "
    "holder FROM seen";

constexpr char kTakenResult[] =
    "SELECT unit, 'D', ord, NULL, NULL, kind, holder FROM taken WHERE unit NOT IN (SELECT unit "
    "FROM seen)";

// Rows of `source` whose unit is not refused. NOT IN stays a hashed lookup where IN would become a
// join.
std::string Kept(const char* source) {
  return fmt::format("(SELECT * FROM {} WHERE unit NOT IN (SELECT unit FROM skip))", source);
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : std::string(separator)) + part;
  return text;
}

}  // namespace

std::string SelectByName(std::string_view columns, std::string_view table, std::string_view name) {
  return fmt::format(
      "SELECT {} FROM {} t WHERE t.tenant_id = $1::uuid AND t.name >= {} AND t.name <= {} ORDER BY "
      "t.name LIMIT 1",
      columns, table, name, name);
}

std::string LoadStatement(const Declaration& declaration, const Codec& codec) {
  return fmt::format(
      "SELECT found.* FROM unnest($2::text[]) AS asked(name) CROSS JOIN LATERAL ({}) found",
      SelectByName(codec.select_list(), declaration.table(), "asked.name"));
}

StatementShape ShapeOf(const Declaration& declaration, const Codec& codec) {
  return {UnitSpecs(), RecordSpecs(declaration, codec), AddedKeySpecs(), RemovedKeySpecs()};
}

std::string CreateStatement(const Declaration& declaration, const Codec& codec) {
  const StatementShape shape = ShapeOf(declaration, codec);
  const TableLists lists = ListsOf(declaration, codec);
  const bool has_parent = declaration.pattern().HasParent();
  int parameter = kFirstArray;
  const std::vector<std::string> parts = {
      Unnest("unit", shape.unit, parameter),
      Unnest("record", shape.record, parameter),
      Unnest("added_key", shape.added_key, parameter),
      Unnest("removed_key", shape.removed_key, parameter),
      kSeen,
      kTaken,
      fmt::format(
          "named AS MATERIALIZED (SELECT r.unit, r.ord, r.name FROM record r CROSS JOIN LATERAL "
          "({}) found)",
          SelectByName("1", declaration.table(), "r.name")),
      "skip AS MATERIALIZED (SELECT unit FROM seen UNION ALL SELECT unit FROM named UNION ALL "
      "SELECT unit FROM taken)",
      fmt::format(kInsertRequest, "skip"),
      fmt::format("ins_key AS (INSERT INTO match_key (tenant_id, kind, key, name) SELECT $1::uuid, "
                  "k.kind, k.key, k.name FROM {} k)",
                  Kept("added_key")),
      fmt::format(
          "ins_row AS (INSERT INTO {} (tenant_id, name, version, create_time, update_time{}{}) "
          "SELECT $1::uuid, r.name, r.version, r.create_time, r.update_time{}{} FROM {} r)",
          declaration.table(), has_parent ? ", parent" : "", lists.columns,
          has_parent ? ", r.parent" : "", lists.values, Kept("record")),
      fmt::format(kInsertJournal, declaration.message()->full_name(), Kept("record"))};
  return fmt::format(
      "WITH {}\n{}\nUNION ALL SELECT unit, 'N', ord, NULL, NULL, NULL, name FROM named WHERE unit "
      "NOT IN (SELECT unit FROM seen)\nUNION ALL {}",
      Join(parts, ",\n"), kSeenResult, kTakenResult);
}

std::string UpdateStatement(const Declaration& declaration, const Codec& codec) {
  const StatementShape shape = ShapeOf(declaration, codec);
  const TableLists lists = ListsOf(declaration, codec);
  int parameter = kFirstArray;
  const std::vector<std::string> parts = {
      Unnest("unit", shape.unit, parameter), Unnest("record", shape.record, parameter),
      Unnest("added_key", shape.added_key, parameter),
      Unnest("removed_key", shape.removed_key, parameter), kSeen, kTaken,
      "skip AS MATERIALIZED (SELECT unit FROM seen UNION ALL SELECT unit FROM taken)",
      fmt::format(
          "placed AS MATERIALIZED (SELECT r.*, found.ctid AS place FROM record r CROSS JOIN "
          "LATERAL ({}) found WHERE r.unit NOT IN (SELECT unit FROM skip))",
          SelectByName("t.ctid", declaration.table(), "r.name")),
      // A row that moved meanwhile has another version, too; both are compared again when it is
      // locked. Name and tenant are compared so that no index serves: the rows are found by their
      // places alone and locked in the order of the array, also by plans made while the table was
      // empty. Otherwise batches that name the same records would wait for each other.
      fmt::format("upd AS (UPDATE {} t SET version = r.version, update_time = r.update_time{} FROM "
                  "placed r WHERE t.ctid = r.place AND t.tenant_id IS NOT DISTINCT FROM $1::uuid "
                  "AND t.name IS NOT DISTINCT FROM r.name "
                  "AND t.version = r.version - 1 RETURNING r.*)",
                  declaration.table(), lists.assignments),
      "failed AS MATERIALIZED (SELECT unit, ord, name FROM record WHERE ord NOT IN (SELECT ord "
      "FROM upd))",
      fmt::format(kInsertRequest, "failed"),
      "del_key AS (DELETE FROM match_key m USING (SELECT * FROM removed_key WHERE ord NOT IN "
      "(SELECT ord FROM failed)) k "
      "WHERE m.tenant_id = $1::uuid AND m.kind = k.kind AND m.key = k.key)",
      "ins_key AS (INSERT INTO match_key (tenant_id, kind, key, name) "
      "SELECT $1::uuid, k.kind, k.key, k.name FROM added_key k WHERE k.ord NOT IN (SELECT ord FROM "
      "failed))",
      fmt::format(kInsertJournal, declaration.message()->full_name(), "upd")};
  std::string text = fmt::format(
      "WITH {}\n{}\nUNION ALL {}\nUNION ALL SELECT unit, 'S', ord, NULL, NULL, NULL, name FROM "
      "failed "
      "WHERE unit NOT IN (SELECT unit FROM skip)",
      Join(parts, ",\n"), kSeenResult, kTakenResult);
  return text;
}

}  // namespace lotura::resource
