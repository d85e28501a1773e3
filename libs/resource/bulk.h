// Many new records in the form in which the rows of a chunk are written
// (docs/adr/0008-import.md).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libs/pg/copy_rows.h"
#include "libs/resource/batch.h"

namespace lotura::resource {

// How the new records of one declaration are written. COPY serves the table with many columns and
// indexes; the other two are cheaper to fill from arrays.
struct BulkStatements {
  // $1 is the tenant, $2 names, $3 and $4 kinds and keys. Returns (verdict, place, kind, holder): N
  // of a name that is taken, D of a match key, by its place in the arrays, from 1 on.
  std::string in_the_way;
  // $1 is the tenant, $2 kinds, $3 keys, $4 names.
  std::string insert_keys;
  std::string copy_records;
  // $1 is the tenant, $2 to $5 actor, method, cause and traceparent; then the arrays.
  std::string insert_journal;

  BulkStatements(const Declaration& declaration, const Codec& codec);
};

// One change of a unit, by its place within that.
struct BulkPlace {
  std::size_t unit = 0;
  std::size_t ord = 0;
};

// The values of these statements. Each table in the order of its keys, the same for all
// transactions: otherwise two of them that name the same records would wait for each other.
class Bulk {
 public:
  // `changes` create records of the declaration by one call, which outlives this object; there is
  // at least one.
  Bulk(const Declaration& declaration, const Codec& codec, std::span<const NumberedChange> changes);

  // The change that each row of a table belongs to.
  [[nodiscard]] std::span<const BulkPlace> record_places() const { return record_places_; }
  [[nodiscard]] std::span<const BulkPlace> key_places() const { return key_places_; }

  // Places in the order of the rows, ascending.
  using Places = std::span<const std::size_t>;
  [[nodiscard]] pg::Params NamesAndKeys() const;
  [[nodiscard]] pg::Params Keys(Places places) const;
  [[nodiscard]] pg::Params Journal(Places places) const;
  [[nodiscard]] const pg::CopyRows& records() const { return records_; }

 private:
  void AddRecord(const Declaration& declaration, const Codec& codec,
                 const NumberedChange& numbered);
  void AddEntry(const NumberedChange& numbered);

  const Call& call_;
  std::vector<BulkPlace> record_places_;
  std::vector<BulkPlace> key_places_;
  pg::CopyRows records_;
  // Columns of the journal, and of match keys.
  std::vector<pg::Array> journal_;
  std::vector<pg::Array> keys_;
};

}  // namespace lotura::resource
