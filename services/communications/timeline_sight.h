// What one caller may see of timelines.
#pragma once

#include <string>
#include <vector>

#include "libs/access/record_states.h"
#include "libs/base/call.h"
#include "libs/pg/database.h"
#include "libs/resource/catalog.h"
#include "lotura/communications/v1/timeline.pb.h"

namespace lotura::communications {

bool IsActivity(const v1::TimelineEntry& entry);

// For one call and the timeline of one record; not thread-safe.
class TimelineSight {
 public:
  // What is given outlives it.
  TimelineSight(const Call& call, const std::string& record, const resource::Catalog& catalog);
  TimelineSight(const TimelineSight&) = delete;
  TimelineSight& operator=(const TimelineSight&) = delete;

  // Whether the record may be read: if not, nothing stands on its timeline.
  bool SeesRecord(pg::Tx& tx);
  // Leaves those entries, read before, of whose sources the caller may read something.
  void Sieve(pg::Tx& tx, std::vector<v1::TimelineEntry>& entries);
  // Takes out of an entry that is left what the caller may not see; false if he sees nothing of it.
  // That of an activity has the activity as it is now.
  bool Trim(v1::TimelineEntry& entry);

 private:
  bool TrimChange(v1::TimelineEntry& entry);
  bool TrimActivity(v1::TimelineEntry& entry);

  const std::string& record_;
  access::ReadableRecords records_;
  // Null for a caller who may not read activities.
  resource::ViewPtr activities_;
};

}  // namespace lotura::communications
