#include "libs/resource/changed_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/resource/match_key.h"

namespace lotura::resource {
namespace {

MatchKeys KeysOf(const Declaration& declaration, const pbuf::Message* record) {
  MatchKeys keys;
  if (record == nullptr) return keys;
  const pbuf::Reflection& reflection = *record->GetReflection();
  if (declaration.soft_delete() && reflection.HasField(*record, declaration.delete_time_field()))
    return keys;
  for (const Column& column : declaration.columns()) {
    if (column.match_key == options::v1::MATCH_KEY_UNSPECIFIED) continue;
    const auto normal =
        NormalizeMatchKey(column.match_key, reflection.GetString(*record, column.field));
    if (normal.has_value() && !normal->empty())
      keys.emplace_back(fmt::format("{}.{}", declaration.table(), column.name), *normal);
  }
  return keys;
}

MatchKeys Without(const MatchKeys& keys, const MatchKeys& others) {
  MatchKeys left;
  for (const auto& key : keys) {
    if (std::ranges::find(others, key) == others.end()) left.push_back(key);
  }
  return left;
}

}  // namespace

void FindChangedKeys(RecordChange& change) {
  const MatchKeys before = KeysOf(*change.declaration, change.before.get());
  const MatchKeys after = KeysOf(*change.declaration, change.after.get());
  change.added_keys = Without(after, before);
  change.removed_keys = Without(before, after);
}

}  // namespace lotura::resource
