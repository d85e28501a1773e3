#include "libs/resource/schema_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/api/resource.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/resource/codec.h"
#include "libs/resource/order_term.h"
#include "libs/resource/references.h"
#include "libs/resource/table_facts.h"

namespace lotura::resource {
namespace {

constexpr std::chrono::seconds kBound{30};
constexpr char kTimestamptz[] = "timestamp with time zone";
constexpr char kLiveRows[] = "delete_time IS NULL";

struct ExpectedColumn {
  std::string name;
  std::string type;
  Nullable nullable = Nullable::kNo;
};

std::string TypeOf(const TableColumn& column) {
  if (column.is_currency) return "text";
  switch (column.column->type) {
    case ColumnType::kText:
    case ColumnType::kEnum:
      return "text";
    case ColumnType::kInt64:
      return "bigint";
    case ColumnType::kDouble:
      return "double precision";
    case ColumnType::kBool:
      return "boolean";
    case ColumnType::kTimestamp:
      return kTimestamptz;
    case ColumnType::kDate:
      return "date";
    case ColumnType::kMoney:
      return "numeric";
    case ColumnType::kTextArray:
      return "text[]";
    case ColumnType::kJson:
      return "jsonb";
  }
  return "";
}

std::vector<ExpectedColumn> ColumnsOf(const Declaration& declaration) {
  std::vector<ExpectedColumn> columns = {{"tenant_id", "uuid"},
                                         {"name", "text"},
                                         {"version", "bigint"},
                                         {"create_time", kTimestamptz},
                                         {"update_time", kTimestamptz}};
  if (declaration.soft_delete()) columns.push_back({"delete_time", kTimestamptz, Nullable::kYes});
  if (declaration.pattern().HasParent()) columns.push_back({"parent", "text"});
  const Codec codec(declaration);
  for (const TableColumn& column : codec.columns()) {
    columns.push_back(
        {column.name, TypeOf(column), column.column->nullable ? Nullable::kYes : Nullable::kNo});
  }
  return columns;
}

const char* Text(Nullable nullable) { return nullable == Nullable::kYes ? "NULL" : "NOT NULL"; }

// The server writes a term in its own way: COALESCE(d, '-infinity'::timestamp with time zone), and
// words that it also uses itself in quotes.
std::string Normal(std::string_view term) {
  std::string normal = ToLowerAscii(term);
  std::erase(normal, '"');
  if (const auto at = normal.find(kTimestamptz); at != std::string::npos)
    normal.replace(at, std::string_view(kTimestamptz).size(), "timestamptz");
  return normal;
}

bool BeginsWith(const IndexFacts& index, std::span<const std::string> terms) {
  return index.kind == IndexKind::kBTree && index.keys.size() >= terms.size() &&
         std::ranges::equal(terms, std::span(index.keys).first(terms.size()), {}, Normal, Normal);
}

std::set<std::string> DeclaredTypes() {
  std::set<std::string> types;
  std::vector<std::string> files;
  const auto& pool = *pbuf::DescriptorPool::generated_pool();
  pbuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  for (const std::string& name : files) {
    const pbuf::FileDescriptor* file = pool.FindFileByName(name);
    for (int i = 0; file != nullptr && i < file->message_type_count(); ++i) {
      const auto& options = file->message_type(i)->options();
      if (options.HasExtension(options::v1::resource))
        types.insert(options.GetExtension(google::api::resource).type());
    }
  }
  return types;
}

// Collects what one record type and its table disagree on.
class TableCheck {
 public:
  TableCheck(const Catalog& catalog, const Declaration& declaration, const SchemaFacts& schema,
             std::vector<std::string>& found)
      : catalog_(catalog), declaration_(declaration), schema_(schema), found_(found) {}

  void Run() {
    const auto table = schema_.tables.find(declaration_.table());
    if (table == schema_.tables.end()) return Report("the table does not exist");
    facts_ = &table->second;
    CheckColumns();
    CheckIndexes();
    CheckReferences();
  }

 private:
  void Report(std::string_view what) {
    found_.push_back(fmt::format("{} ({}): {}", declaration_.table(), declaration_.type(), what));
  }

  void CheckColumns() {
    std::set<std::string, std::less<>> expected_names;
    for (const ExpectedColumn& expected : ColumnsOf(declaration_)) {
      expected_names.insert(expected.name);
      if (schema_.reserved_words.contains(expected.name))
        Report(fmt::format("{} is a reserved word of SQL and cannot be a column", expected.name));
      CheckColumn(expected);
    }
    for (const ColumnFacts& column : facts_->columns) {
      if (!expected_names.contains(column.name))
        Report(fmt::format("the column {} is not declared", column.name));
    }
  }

  void CheckColumn(const ExpectedColumn& expected) {
    const ColumnFacts* column = facts_->FindColumn(expected.name);
    if (column == nullptr)
      return Report(fmt::format("the column {} {} {} is missing", expected.name, expected.type,
                                Text(expected.nullable)));
    if (column->type != expected.type)
      Report(fmt::format("{} is {}, not {}", expected.name, column->type, expected.type));
    if (column->nullable != expected.nullable)
      Report(fmt::format("{} is {}, not {}", expected.name, Text(column->nullable),
                         Text(expected.nullable)));
    if (expected.type.starts_with("text") && column->collation != "C")
      Report(fmt::format("{} is not COLLATE \"C\"", expected.name));
  }

  void CheckIndexes() {
    const std::vector<std::string> key = {"tenant_id", "name"};
    if (std::ranges::none_of(facts_->indexes, [&](const IndexFacts& index) {
          return index.role == IndexRole::kPrimaryKey && index.keys == key;
        })) {
      Report("the primary key is not (tenant_id, name)");
    }
    for (const Order& order : declaration_.orders()) {
      if (!order.columns.empty()) CheckOrder(order);
    }
    for (const Column& column : declaration_.columns()) {
      if (declaration_.IsLookup(column)) CheckLookup(column);
    }
    for (const Column* column : {declaration_.readers(), declaration_.editors()}) {
      if (column != nullptr) CheckShareIndex(*column);
    }
    if (declaration_.pattern().HasParent()) CheckParentIndex();
  }

  void CheckOrder(const Order& order) {
    CheckOrderIndex(order, fmt::format("the order '{}'", order.by), {});
    for (const Column* lookup : order.within)
      CheckOrderIndex(order, fmt::format("the order '{}' within '{}'", order.by, lookup->name),
                      {lookup->name});
  }

  void CheckOrderIndex(const Order& order, std::string_view what,
                       const std::vector<std::string>& within) {
    std::vector<std::string> terms = {"tenant_id"};
    if (declaration_.pattern().HasParent()) terms.emplace_back("parent");
    terms.insert(terms.end(), within.begin(), within.end());
    for (const Column* column : order.columns) terms.push_back(OrderTerm(*column));
    terms.emplace_back("name");
    const std::string predicate = declaration_.soft_delete() ? kLiveRows : "";
    if (std::ranges::none_of(facts_->indexes, [&](const IndexFacts& index) {
          return index.keys.size() == terms.size() && BeginsWith(index, terms) &&
                 index.predicate == predicate;
        })) {
      Report(fmt::format("{} has no index on ({}){}", what, fmt::join(terms, ", "),
                         predicate.empty() ? "" : " WHERE " + predicate));
    }
  }

  // Of all rows, since a list that shows deleted ones looks them up, too.
  void CheckLookup(const Column& column) {
    std::vector<std::string> terms = {"tenant_id", column.name};
    if (column.match_key == options::v1::MATCH_KEY_UNSPECIFIED) terms.emplace_back("name");
    if (std::ranges::none_of(facts_->indexes, [&](const IndexFacts& index) {
          return BeginsWith(index, terms) && index.predicate.empty();
        })) {
      Report(fmt::format("the lookup '{}' has no index that begins ({})", column.name,
                         fmt::join(terms, ", ")));
    }
  }

  // Records that are not shared, which most are, cost it nothing.
  void CheckShareIndex(const Column& column) {
    const std::vector<std::string> keys = {"tenant_id", column.name};
    const std::string predicate = column.name + " <> '{}'::text[]";
    if (std::ranges::none_of(facts_->indexes, [&](const IndexFacts& index) {
          return index.kind == IndexKind::kGin && index.keys == keys &&
                 index.predicate == predicate;
        })) {
      Report(fmt::format("'{}' has no index USING gin ({}) WHERE {}", column.name,
                         fmt::join(keys, ", "), predicate));
    }
  }

  void CheckParentIndex() {
    const std::vector<std::string> terms = {"tenant_id", "parent"};
    if (std::ranges::none_of(facts_->indexes,
                             [&](const IndexFacts& index) { return BeginsWith(index, terms); })) {
      Report("the parent has no index that begins (tenant_id, parent)");
    }
  }

  void CheckReferences() {
    for (const RecordType& type : catalog_.types()) {
      if (type.declaration->pattern().IsParentOf(declaration_.pattern()))
        CheckForeignKey("parent", *type.declaration);
    }
    for (const Column& column : declaration_.columns()) {
      const RecordType* type = catalog_.FindByType(column.reference);
      if (type != nullptr && column.type == ColumnType::kText)
        CheckForeignKey(column.name, *type->declaration);
    }
  }

  void CheckForeignKey(const std::string& name, const Declaration& referenced) {
    const ColumnFacts* column = facts_->FindColumn(name);
    const bool excused = column != nullptr && column->comment.starts_with(kNoForeignKey) &&
                         column->comment.size() > kNoForeignKey.size();
    const std::vector<std::string> from = {"tenant_id", name};
    const std::vector<std::string> to = {"tenant_id", "name"};
    const bool has_key = std::ranges::any_of(facts_->foreign_keys, [&](const ForeignKeyFacts& key) {
      return key.columns == from && key.table == referenced.table() && key.referenced == to;
    });
    if (has_key || excused) return;
    Report(
        fmt::format("{0} has no foreign key (tenant_id, {0}) to {1} (tenant_id, name), and no "
                    "comment that says why: '{2}...'",
                    name, referenced.table(), kNoForeignKey));
  }

  const Catalog& catalog_;
  const Declaration& declaration_;
  const SchemaFacts& schema_;
  std::vector<std::string>& found_;
  const TableFacts* facts_ = nullptr;
};

void CheckReferenceTypes(const Catalog& catalog, std::vector<std::string>& found) {
  const std::set<std::string> declared = DeclaredTypes();
  for (const RecordType& type : catalog.types()) {
    const Declaration& declaration = *type.declaration;
    for (const std::string& reference : ReferenceTypesOf(*declaration.message())) {
      const bool is_own = ServiceOfType(reference) == declaration.service();
      const bool known = reference == kAnyType || (is_own ? catalog.FindByType(reference) != nullptr
                                                          : declared.contains(reference));
      if (!known)
        found.push_back(fmt::format(
            "{}: refers to {}, which is {}", declaration.type(), reference,
            is_own ? "not among the record types of the service" : "no declared record type"));
    }
  }
}

}  // namespace

absl::Status CheckSchema(pg::Database& database, const Catalog& catalog) {
  std::vector<std::string> tables;
  std::vector<std::string> words;
  for (const RecordType& type : catalog.types()) {
    tables.push_back(type.declaration->table());
    for (const ExpectedColumn& column : ColumnsOf(*type.declaration)) words.push_back(column.name);
  }
  LOTURA_ASSIGN_OR_RETURN(const SchemaFacts schema,
                          ReadSchema(database, tables, words, Deadline::After(kBound)));
  std::vector<std::string> found;
  for (const RecordType& type : catalog.types())
    TableCheck(catalog, *type.declaration, schema, found).Run();
  CheckReferenceTypes(catalog, found);
  if (found.empty()) return absl::OkStatus();
  return FailedPrecondition(
      "SCHEMA_DIFFERS",
      fmt::format("the tables are not those that are declared:\n  {}", fmt::join(found, "\n  ")),
      {{"count", std::to_string(found.size())}});
}

}  // namespace lotura::resource
