#include "services/communications/related.h"

#include <fmt/format.h>

#include <string_view>

#include "lotura/accounts/v1/affiliation.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::communications {
namespace {

// "pipelines/p1" of "pipelines/p1/stages/s1"; empty for a top-level record.
std::string_view ParentOf(std::string_view name) {
  const std::size_t id = name.rfind('/');
  if (id == std::string_view::npos || id == 0) return {};
  const std::size_t collection = name.rfind('/', id - 1);
  return collection == std::string_view::npos ? std::string_view() : name.substr(0, collection);
}

}  // namespace

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

}  // namespace lotura::communications
