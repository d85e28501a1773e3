#include "libs/tenants/tables.h"

#include <gmock/gmock.h>

#include "libs/testing/status_matchers.h"

namespace lotura::tenants {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

std::vector<Table> TablesOf(std::initializer_list<const char*> names) {
  std::vector<Table> tables;
  for (const char* name : names)
    tables.push_back({.name = name, .indexed = true, .blocks = 1, .circular = {}});
  return tables;
}

std::vector<std::string> NamesOf(const std::vector<Table>& tables) {
  std::vector<std::string> names;
  for (const Table& table : tables) names.push_back(table.name);
  return names;
}

TEST(TablesTest, WhatRefersToOthersIsEmptiedFirst) {
  const auto ordered = InOrder(TablesOf({"pipeline", "stage", "deal", "other"}),
                               {{"stage", "pipeline", ""}, {"deal", "stage", "stage"}});

  ASSERT_THAT(ordered, IsOk());
  EXPECT_THAT(NamesOf(*ordered), ElementsAre("deal", "stage", "pipeline", "other"));
  for (const Table& table : *ordered) EXPECT_TRUE(table.circular.empty()) << table.name;
}

TEST(TablesTest, CirclesAreBrokenWhereAColumnMayBeEmpty) {
  const auto ordered = InOrder(TablesOf({"team", "user"}), {{"team", "user", "manager"},
                                                            {"team", "team", "parent_team"},
                                                            {"user", "team", "team"},
                                                            {"user", "user", ""}});

  // The last one goes from a row to itself or another by a column that is never empty.
  EXPECT_THAT(ordered, StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
  const auto broken = InOrder(
      TablesOf({"team", "user"}),
      {{"team", "user", "manager"}, {"team", "team", "parent_team"}, {"user", "team", "team"}});
  ASSERT_THAT(broken, IsOk());
  EXPECT_THAT(NamesOf(*broken), ElementsAre("team", "user"));
  EXPECT_THAT(broken->front().circular, ElementsAre("manager", "parent_team"));
  EXPECT_THAT(broken->back().circular, ElementsAre("team"));
}

}  // namespace
}  // namespace lotura::tenants
