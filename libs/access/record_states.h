// What records of any service are, as their events have told: who may read what a service makes of
// others' records depends on it.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/call.h"
#include "libs/events/event.h"
#include "libs/pg/database.h"
#include "libs/resource/rights.h"

namespace lotura::access {

// Keeps the states of the records that events tell of, as far as these count: in any order, and as
// often as they come. To be written together with what is made of the same events.
void ProjectRecordStates(pg::Tx& tx, std::span<const events::Event> events,
                         const std::function<bool(const events::Event&)>& counts);

// What a record is, as far as is known.
struct RecordState {
  std::int64_t version = 0;
  std::unique_ptr<const google::protobuf::Message> record;
};

// A record that somebody may read.
class ReadableRecord {
 public:
  // Without a state: all of it is shown, whatever it is. Both outlive this object.
  ReadableRecord(const resource::View& view, const RecordState* state)
      : view_(view), state_(state) {}

  [[nodiscard]] const google::protobuf::Descriptor& type() const {
    return *view_.declaration().message();
  }
  // Whether what was made of this version may be told: of one that the state does not know yet
  // nobody can say whose it is.
  [[nodiscard]] bool IsKnownAt(std::int64_t version) const {
    return state_ == nullptr || version <= state_->version;
  }
  // Whether he may read what stands at the path, "amount.units".
  [[nodiscard]] bool Shows(std::string_view path) const;
  [[nodiscard]] bool ShowsAll() const;

 private:
  const resource::View& view_;
  const RecordState* const state_;
};

// Which of many records one caller may read, by their full names. What is true of a state counts:
// somebody to whom a record was given away sees it as soon as that is known here. A rule whose
// filter speaks of what belongs to a person shows nothing. Not thread-safe; for one call of one
// tenant, which outlives it.
class ReadableRecords {
 public:
  explicit ReadableRecords(const Principal& caller) : caller_(caller) {}
  ReadableRecords(const ReadableRecords&) = delete;
  ReadableRecords& operator=(const ReadableRecords&) = delete;

  // OK if he may read every record of the type, "sales.lotura/Stage", and of each these fields:
  // what is said of all of them cannot be cut to some. PERMISSION_DENIED NEEDS_ALL_RECORDS
  // otherwise.
  absl::Status CheckReadsEvery(std::string_view type, std::span<const std::string_view> fields);
  // OK if he has the permission, and none of these fields is hidden of all that his rules show.
  // Otherwise the same.
  absl::Status CheckReadsSome(std::string_view type, std::span<const std::string_view> fields);
  // Whether he may read none of the type, whichever it is.
  [[nodiscard]] bool ReadsNone(std::string_view type);

  // Reads the states of those of the records about which they decide, and forgets others. Read
  // after what was made of the records, or in one snapshot with it, they are at least as new.
  void Load(pg::Tx& tx, const std::set<std::string>& full_names);
  // Null for a record that he may not read, or of which no event has told. Load comes first;
  // decided once for each record, until the next Load.
  [[nodiscard]] const ReadableRecord* Find(const std::string& full_name);

 private:
  // Null if he may read none of them.
  const resource::View* ViewOf(const resource::Declaration& declaration);
  [[nodiscard]] std::optional<ReadableRecord> Decide(const std::string& full_name);

  const Principal& caller_;
  std::map<const resource::Declaration*, resource::ViewPtr> views_;
  std::map<std::string, RecordState> states_;
  std::map<std::string, std::optional<ReadableRecord>> decided_;
};

}  // namespace lotura::access
