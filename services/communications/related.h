// On whose timelines a change stands.
#pragma once

#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <string_view>

namespace lotura::communications {

// "//sales.lotura/opportunities/o1".
std::string FullName(std::string_view source, std::string_view name);

// Full names of the records that a change of `record` concerns besides the record itself: the
// parent of a child record, the organization of an opportunity, the person and the organization of
// an affiliation. `source` is the service, "//sales.lotura".
std::set<std::string> RelatedTo(std::string_view source, std::string_view name,
                                const google::protobuf::Message& record);

}  // namespace lotura::communications
