#include "services/communications/related.h"

#include <fmt/format.h>

#include "libs/base/names.h"
#include "lotura/accounts/v1/affiliation.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::communications {

std::set<std::string> RelatedTo(const events::Event& event,
                                const google::protobuf::Message& record) {
  std::set<std::string> related;
  const auto add = [&](std::string_view name) {
    if (!name.empty()) related.insert(fmt::format("{}/{}", event.source, name));
  };
  add(ParentOf(event.subject));
  if (const auto* deal = dynamic_cast<const sales::v1::Opportunity*>(&record); deal != nullptr) {
    if (!deal->organization().empty()) related.insert(deal->organization());
  }
  if (const auto* affiliation = dynamic_cast<const accounts::v1::Affiliation*>(&record);
      affiliation != nullptr) {
    add(affiliation->person());
    add(affiliation->organization());
  }
  return related;
}

std::vector<std::string_view> RelatingFields(const google::protobuf::Descriptor& type) {
  if (&type == sales::v1::Opportunity::descriptor()) return {"organization"};
  if (&type == accounts::v1::Affiliation::descriptor()) return {"person", "organization"};
  return {};
}

}  // namespace lotura::communications
