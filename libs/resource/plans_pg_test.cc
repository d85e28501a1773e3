// How records are found on a table that the planner knows nothing of yet.
#include <gmock/gmock.h>

#include "libs/base/uuid.h"
#include "libs/resource/changed_keys.h"
#include "libs/resource/pg_store.h"
#include "libs/resource/testdata/bench.h"
#include "libs/testing/eventually.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource {
namespace {

using testdata::v1::Widget;

constexpr int kRecords = 20;

class PlansTest : public ::testing::Test {
 protected:
  std::shared_ptr<Widget> NewWidget(int number, const std::string& display_name) {
    auto widget = std::make_shared<Widget>();
    widget->set_name("widgets/w" + std::to_string(number));
    widget->set_display_name(display_name);
    SetTimestamp(*widget, declaration_.create_time_field(), call_->now);
    SetTimestamp(*widget, declaration_.update_time_field(), call_->now);
    return widget;
  }
  Unit Put(events::v1::Kind kind, int number, const std::string& display_name) {
    Unit unit{.call = call_};
    const auto after = NewWidget(number, display_name);
    unit.changes.push_back({.declaration = &declaration_,
                            .kind = kind,
                            .name = after->name(),
                            .version = kind == events::v1::KIND_CREATED ? 1 : 2,
                            .before = kind == events::v1::KIND_CREATED ? nullptr : after,
                            .after = after,
                            .event_type = declaration_.EventType("put"),
                            .event_id = ids_.Next()});
    FindChangedKeys(unit.changes.back());
    return unit;
  }
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

  // Creates, reads and updates one record after the other, on connections that end afterwards.
  void Work() {
    pg::Database reads({.conninfo = conninfo_, .schema = "testdata", .pool_size = 1});
    pg::Database writes({.conninfo = conninfo_,
                         .schema = "testdata",
                         .pool_size = 1,
                         .plan_for = pg::PlanFor::kWrites});
    PgStore store(reads, writes, clock_, catalog_.Declarations());
    for (int number = 0; number < kRecords; ++number) {
      const std::vector<std::string> names = {NewWidget(number, "")->name()};
      ASSERT_THAT(store.Commit(std::vector{Put(events::v1::KIND_CREATED, number, "Widget")}, Soon())
                      .front(),
                  testing::IsOk());
      ASSERT_THAT(store.Load(declaration_, call_->principal.tenant, names, Soon()),
                  testing::IsOk());
      ASSERT_THAT(
          store.Commit(std::vector{Put(events::v1::KIND_UPDATED, number, "Other")}, Soon()).front(),
          testing::IsOk());
    }
  }
  // Scans of the indexes of the table whose name is like `pattern`.
  std::int64_t Scans(const std::string& pattern) {
    pg::Database database({.conninfo = conninfo_, .schema = "testdata", .pool_size = 1});
    return database
        .Read(Soon(),
              [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                return testing::Select(
                           tx,
                           "SELECT sum(idx_scan)::bigint FROM pg_stat_user_indexes WHERE "
                           "relname = 'widget' AND indexrelname LIKE '" +
                               pattern + "'")
                    .Int(0, 0);
              })
        .value();
  }

  const std::string conninfo_ = testdata::NewWidgetDatabase();
  SystemClock clock_;
  RandomIds ids_{clock_};
  const Catalog catalog_ = testdata::WidgetCatalog();
  const Declaration& declaration_ = *catalog_.types().front().declaration;
  const std::shared_ptr<const Call> call_ =
      std::make_shared<const Call>(Call{.principal = {.grounds = Grounds::kToken},
                                        .method = "test",
                                        .deadline = Soon(),
                                        .now = clock_.Now()});
};

TEST_F(PlansTest, RecordsAreFoundByThePrimaryKeyFromTheFirstOneOn) {
  Work();

  EXPECT_TRUE(testing::Eventually([&] { return Scans("%_pkey") >= 3 * kRecords; },
                                  std::chrono::seconds(30)))
      << Scans("%_pkey");
  EXPECT_EQ(Scans("%_idx"), 0);
}

}  // namespace
}  // namespace lotura::resource
