// What an upsert of the records that events tell of takes first.
#pragma once

#include <span>
#include <string>

#include "libs/events/event.h"
#include "libs/pg/params.h"

namespace lotura::events {

// "//sales.lotura/opportunities/o1".
std::string FullNameOf(const Event& event);

// By which name a table keeps records: those of one service by their subjects, those of several by
// their full names.
enum class RecordNames { kSubjects, kFullNames };

// Four arrays, of equally many elements: tenants, names, epochs and versions.
pg::Params RecordParams(std::span<const Event* const> events, RecordNames names);

}  // namespace lotura::events
