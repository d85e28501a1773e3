#include "libs/resource/references.h"

#include <gmock/gmock.h>

#include "libs/resource/testdata/bench.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::IsOk;
using ::lotura::testing::TenantOf;

class ForeignRecordsTest : public ::testing::Test {
 protected:
  static events::Event Told(std::int32_t epoch, std::int64_t version, events::v1::Kind kind) {
    events::Event event;
    event.source = "//accounts.lotura";
    event.subject = "organizations/acme";
    event.tenant = TenantOf(1);
    event.change.set_epoch(epoch);
    event.change.set_version(version);
    event.change.set_kind(kind);
    return event;
  }

  void Project(const std::vector<events::Event>& events) {
    EXPECT_THAT(
        database_.WriteOne(Soon(), [&](pg::Tx& tx) { return ProjectForeignRecords(tx, events); }),
        IsOk());
  }

  bool IsThere(std::uint8_t tenant = 1) {
    const std::vector<std::string> names = {"//accounts.lotura/organizations/acme"};
    const auto missing = PgForeignRecords(database_).FindMissing(TenantOf(tenant), names, Soon());
    EXPECT_THAT(missing, IsOk());
    return missing.ok() && missing->empty();
  }

  static Deadline Soon() { return Deadline::After(std::chrono::seconds(10)); }

  pg::Database database_{
      {.conninfo = testdata::NewWidgetDatabase(), .schema = "testdata", .pool_size = 2}};
};

TEST_F(ForeignRecordsTest, NewestVersionCountsInWhateverOrderTheyCome) {
  EXPECT_FALSE(IsThere());
  Project({Told(1, 2, events::v1::KIND_UPDATED), Told(1, 1, events::v1::KIND_CREATED)});
  EXPECT_TRUE(IsThere());
  EXPECT_FALSE(IsThere(2));
  Project({Told(1, 3, events::v1::KIND_DELETED)});
  EXPECT_FALSE(IsThere());
  Project({Told(1, 2, events::v1::KIND_UPDATED)});
  EXPECT_FALSE(IsThere());
}

TEST_F(ForeignRecordsTest, WhatAFailoverLostIsNotBelievedAnyMore) {
  Project({Told(1, 5, events::v1::KIND_DELETED)});
  EXPECT_FALSE(IsThere());
  Project({Told(2, 5, events::v1::KIND_UPDATED)});
  EXPECT_TRUE(IsThere());
  Project({Told(1, 6, events::v1::KIND_DELETED)});
  EXPECT_TRUE(IsThere());
}

}  // namespace
}  // namespace lotura::resource
