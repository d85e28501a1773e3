// That the document of all events is the one that is kept in docs.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/feed/asyncapi.h"
#include "services/all/event_catalogs.h"

namespace lotura::component {
namespace {

TEST(AsyncApiTest, TheDocumentInDocsIsThatOfTheCatalogs) {
  std::ifstream file(LOTURA_SERVICES_FOLDER "/../docs/asyncapi.json", std::ios::binary);
  std::ostringstream kept;
  kept << file.rdbuf();
  const EventCatalogs catalogs;

  EXPECT_TRUE(feed::AsyncApiDocument(catalogs.all()) == kept.str())
      << "docs/asyncapi.json is not what the services announce: run tools/dev asyncapi";
}

TEST(AsyncApiTest, EveryDetailOfAnEventIsInTheCatalog) {
  const EventCatalogs catalogs;
  std::set<std::string> details;
  for (const feed::EventCatalog* catalog : catalogs.all()) {
    for (const auto& [name, type] : catalog->types()) {
      if (!type.detail().empty()) details.insert(type.detail());
    }
  }

  EXPECT_EQ(details, (std::set<std::string>{"lotura.sales.v1.OpportunityMoved",
                                            "lotura.sales.v1.OpportunityReopened"}));
}

}  // namespace
}  // namespace lotura::component
