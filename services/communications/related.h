// On whose timelines a change stands.
#pragma once

#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"

namespace lotura::communications {

// Full names of the records that a change concerns besides its own: the parent of a child record,
// the organization of an opportunity, the person and the organization of an affiliation. `record`
// is what the event's record was or is.
std::set<std::string> RelatedTo(const events::Event& event,
                                const google::protobuf::Message& record);

// The fields of a type by which its changes stand on the timelines of others: who sees an entry
// there knows what they hold. The parent of a child record stands in its name.
std::vector<std::string_view> RelatingFields(const google::protobuf::Descriptor& type);

}  // namespace lotura::communications
