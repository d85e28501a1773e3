#include "libs/resource/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "libs/base/check.h"
#include "libs/base/names.h"
#include "libs/resource/change_values.h"
#include "libs/resource/periods.h"

namespace lotura::resource {
namespace {

// The arrays of one group, filled column by column.
class Group {
 public:
  explicit Group(const std::vector<ArraySpec>& specs) {
    for (const ArraySpec& spec : specs) arrays_.emplace_back(spec.type);
  }
  Group& Add(std::string_view bytes) {
    arrays_[place_++].Add(bytes);
    return *this;
  }
  Group& AddInt(std::size_t value) {
    return Add(pg::binary::Int64(static_cast<std::int64_t>(value)));
  }
  Group& AddOrNull(const std::optional<std::string>& bytes) {
    if (bytes.has_value()) return Add(*bytes);
    arrays_[place_++].AddNull();
    return *this;
  }
  // Ends a row that has a value in every column.
  void EndRow() {
    LOTURA_CHECK(place_ == arrays_.size());
    place_ = 0;
  }
  // Ends a row whose last columns are those of the record.
  void EndRow(const Codec& codec, const pbuf::Message& record) {
    LOTURA_CHECK(place_ + codec.columns().size() == arrays_.size());
    std::vector<pg::Array> rest(
        std::make_move_iterator(arrays_.begin() + static_cast<std::ptrdiff_t>(place_)),
        std::make_move_iterator(arrays_.end()));
    codec.AppendRow(record, rest);
    std::move(rest.begin(), rest.end(), arrays_.begin() + static_cast<std::ptrdiff_t>(place_));
    place_ = 0;
  }
  void AppendTo(pg::Params& params) const {
    for (const pg::Array& array : arrays_) params.Add(array);
  }

 private:
  std::vector<pg::Array> arrays_;
  std::size_t place_ = 0;
};

std::string View(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

void AddUnit(Group& units, const NumberedChange& change) {
  const Request& request = *change.request;
  units.AddInt(change.unit)
      .Add(pg::binary::UuidValue(request.id))
      .Add(View(request.hash))
      .Add(request.answer.plain)
      .Add(request.answer.personal)
      .EndRow();
}

void AddRecord(Group& records, const Declaration& declaration, const Codec& codec,
               const NumberedChange& numbered, std::size_t row) {
  const RecordChange& change = *numbered.change;
  const pbuf::Message& after = *change.after;
  const Parts before_parts = change.before == nullptr ? Parts{} : Split(*change.before);
  const Parts after_parts = Split(after);
  records.AddInt(row)
      .AddInt(numbered.unit)
      .Add(change.name)
      .Add(pg::binary::Int64(change.version))
      .AddOrNull(TimeOf(after, declaration.create_time_field()))
      .AddOrNull(TimeOf(after, declaration.update_time_field()))
      .Add(pg::binary::UuidValue(change.event_id))
      .Add(change.event_type)
      .Add(pg::binary::Int64(change.kind))
      .Add(PathsOf(change))
      .Add(before_parts.plain)
      .Add(before_parts.personal)
      .Add(after_parts.plain)
      .Add(after_parts.personal)
      .Add(change.detail)
      .Add(numbered.call->principal.name)
      .Add(numbered.call->method)
      .AddOrNull(RequestIdOf(numbered.request))
      .Add(numbered.call->cause)
      .Add(numbered.call->trace.ToTraceparent());
  if (declaration.soft_delete()) records.AddOrNull(TimeOf(after, declaration.delete_time_field()));
  if (declaration.pattern().HasParent()) records.Add(ParentOf(change.name));
  records.EndRow(codec, after);
}

void AddKeys(Group& added, Group& removed, std::span<const NumberedChange> changes) {
  for (const auto& [key, numbered, row] : SortedKeys(changes, &RecordChange::added_keys)) {
    added.AddInt(numbered->unit)
        .AddInt(row)
        .Add(key->first)
        .Add(key->second)
        .Add(numbered->change->name)
        .EndRow();
  }
  for (const auto& [key, numbered, row] : SortedKeys(changes, &RecordChange::removed_keys))
    removed.AddInt(row).Add(key->first).Add(key->second).EndRow();
}

// The first change of each unit that has a request, in the order of the requests' ids.
std::vector<const NumberedChange*> FirstsByRequest(std::span<const NumberedChange> changes) {
  std::vector<const NumberedChange*> firsts;
  for (std::size_t row = 0; row < changes.size(); ++row) {
    const bool first_of_unit = row == 0 || changes[row - 1].unit != changes[row].unit;
    if (first_of_unit && changes[row].request != nullptr) firsts.push_back(&changes[row]);
  }
  std::ranges::stable_sort(firsts, {},
                           [](const NumberedChange* change) { return change->request->id.bytes; });
  return firsts;
}

// Foreign keys are checked at the end of each statement.
bool MustFollow(const Part& part, const Part& other) {
  return other.statement == Statement::kCreate && !(part == other) &&
         part.declaration->RefersTo(*other.declaration);
}

std::vector<Part> ReferredFirst(std::vector<Part> parts) {
  std::vector<Part> ordered;
  while (!parts.empty()) {
    const auto free = std::ranges::find_if(parts, [&](const Part& part) {
      return std::ranges::none_of(parts,
                                  [&](const Part& other) { return MustFollow(part, other); });
    });
    // Types that refer to each other have no right order.
    const auto next = free == parts.end() ? parts.begin() : free;
    ordered.push_back(*next);
    parts.erase(next);
  }
  return ordered;
}

}  // namespace

Part PartOf(const RecordChange& change) {
  return {change.declaration,
          change.kind == events::v1::KIND_CREATED ? Statement::kCreate : Statement::kUpdate};
}

std::vector<Part> PartsOf(const Unit& unit) {
  std::vector<Part> parts;
  for (const RecordChange& change : unit.changes) {
    const Part part = PartOf(change);
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  }
  // Updates first: they are what is refused most.
  std::ranges::sort(parts, [](const Part& a, const Part& b) {
    return std::pair(a.statement != Statement::kUpdate, a.declaration->table()) <
           std::pair(b.statement != Statement::kUpdate, b.declaration->table());
  });
  return parts.size() == 1 ? parts : ReferredFirst(std::move(parts));
}

bool CanShare(const Unit& unit) {
  std::vector<const Declaration*> updated;
  for (const RecordChange& change : unit.changes) {
    if (PartOf(change).statement != Statement::kUpdate) continue;
    if (std::ranges::find(updated, change.declaration) != updated.end()) return false;
    updated.push_back(change.declaration);
  }
  return !unit.changes.empty();
}

std::vector<NumberedChange> ChangesOf(const Part& part, std::span<const Unit> units,
                                      const Outcomes& results) {
  std::vector<NumberedChange> changes;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    if (results[unit]->verdict != Verdict::kCommitted) continue;
    const Request* request = units[unit].request.has_value() ? &*units[unit].request : nullptr;
    for (std::size_t ord = 0; ord < units[unit].changes.size(); ++ord) {
      const RecordChange& change = units[unit].changes[ord];
      if (PartOf(change) == part)
        changes.push_back({unit, ord, &change, units[unit].call.get(), request});
    }
  }
  return changes;
}

std::vector<std::size_t> RowsByName(std::span<const NumberedChange> changes) {
  std::vector<std::size_t> rows(changes.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::stable_sort(
      rows, {}, [&](std::size_t row) -> const std::string& { return changes[row].change->name; });
  return rows;
}

std::vector<KeyOfChange> SortedKeys(std::span<const NumberedChange> changes,
                                    MatchKeys RecordChange::*keys) {
  std::vector<KeyOfChange> sorted;
  for (std::size_t row = 0; row < changes.size(); ++row) {
    for (const auto& key : changes[row].change->*keys) sorted.push_back({&key, &changes[row], row});
  }
  std::ranges::stable_sort(
      sorted, {}, [](const KeyOfChange& one) -> const auto& { return *one.key; });
  return sorted;
}

pg::Params ParamsOf(const Declaration& declaration, const Codec& codec,
                    std::span<const NumberedChange> changes, WithRequests with_requests,
                    Instant now) {
  const StatementShape shape = ShapeOf(declaration, codec);
  Group units(shape.unit);
  Group records(shape.record);
  Group added(shape.added_key);
  Group removed(shape.removed_key);
  // Locks are taken in the order of the arrays, which is the same for all batches: otherwise two of
  // them that name the same records would wait for each other.
  if (with_requests == WithRequests::kYes) {
    for (const NumberedChange* first : FirstsByRequest(changes)) AddUnit(units, *first);
  }
  for (const std::size_t row : RowsByName(changes))
    AddRecord(records, declaration, codec, changes[row], row);
  AddKeys(added, removed, changes);
  pg::Array periods(pg::Type::kDate);
  for (const auto period : PeriodsToWrite(now)) periods.Add(pg::binary::Date(period));
  pg::Params params;
  params.Tenant(changes.front().call->principal.tenant).Add(periods);
  units.AppendTo(params);
  records.AppendTo(params);
  added.AppendTo(params);
  removed.AppendTo(params);
  return params;
}

}  // namespace lotura::resource
