// A store of either kind, and units upon it.
#pragma once

#include <gtest/gtest.h>

#include "libs/resource/changed_keys.h"
#include "libs/resource/codec.h"
#include "libs/resource/testdata/bench.h"
#include "libs/testing/select.h"
#include "libs/testing/status_matchers.h"

namespace lotura::resource::testdata {

class InMemory {
 public:
  explicit InMemory(const Catalog&) {}
  Store& store() { return store_; }
  std::size_t CountJournal() { return store_.Journal().size(); }

 private:
  MemoryStore store_;
};

class InPostgres {
 public:
  explicit InPostgres(const Catalog& catalog)
      : store_(reads_, writes_, clock_, catalog.Declarations()) {}
  Store& store() { return store_; }
  std::size_t CountJournal() {
    return static_cast<std::size_t>(
        reads_
            .Read(Deadline::After(std::chrono::seconds(10)),
                  [](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                    return testing::Select(tx, "SELECT count(*) FROM journal").Int(0, 0);
                  })
            .value());
  }

 private:
  const std::string conninfo_ = NewWidgetDatabase();
  pg::Database reads_{{.conninfo = conninfo_, .schema = "testdata", .pool_size = 4}};
  pg::Database writes_{{.conninfo = conninfo_,
                        .schema = "testdata",
                        .pool_size = 4,
                        .plan_for = pg::PlanFor::kWrites}};
  SystemClock clock_;
  PgStore store_;
};

template <typename Backend>
class StoreBench : public ::testing::Test {
 protected:
  StoreBench()
      : catalog_(WidgetCatalog()),
        declaration_(*catalog_.types().front().declaration),
        backend_(catalog_) {}

  std::shared_ptr<v1::Widget> NewWidget(const std::string& id, const std::string& email = "") {
    auto widget = std::make_shared<v1::Widget>();
    widget->set_name("widgets/" + id);
    widget->set_display_name("Widget " + id);
    widget->set_email(email);
    SetTimestamp(*widget, declaration_.create_time_field(), call_.now);
    SetTimestamp(*widget, declaration_.update_time_field(), call_.now);
    return widget;
  }

  Unit Create(const std::shared_ptr<v1::Widget>& widget) {
    Unit unit{.call = std::make_shared<const Call>(call_)};
    AddCreate(unit, widget);
    return unit;
  }
  void AddCreate(Unit& unit, const std::shared_ptr<v1::Widget>& widget) {
    unit.changes.push_back({.declaration = &declaration_,
                            .kind = events::v1::KIND_CREATED,
                            .name = widget->name(),
                            .version = 1,
                            .after = widget,
                            .event_type = declaration_.EventType("created"),
                            .event_id = ids_.Next()});
    FindChangedKeys(unit.changes.back());
  }
  Unit Update(const std::shared_ptr<v1::Widget>& before, const std::shared_ptr<v1::Widget>& after,
              std::int64_t version) {
    Unit unit{.call = std::make_shared<const Call>(call_)};
    unit.changes.push_back({.declaration = &declaration_,
                            .kind = events::v1::KIND_UPDATED,
                            .name = after->name(),
                            .version = version,
                            .before = before,
                            .after = after,
                            .event_type = declaration_.EventType("updated"),
                            .event_id = ids_.Next()});
    FindChangedKeys(unit.changes.back());
    return unit;
  }
  Unit WithRequest(Unit unit, std::uint8_t id, std::uint8_t hash = 1) {
    Request request;
    request.id.bytes[0] = id;
    request.hash[0] = hash;
    request.answer = {"answer " + std::to_string(id), "personal"};
    unit.request = request;
    return unit;
  }

  std::vector<absl::StatusOr<Outcome>> Commit(const std::vector<Unit>& units) {
    return backend_.store().Commit(units, Soon());
  }
  Verdict CommitOne(const Unit& unit) {
    const auto outcome = Commit({unit}).front();
    EXPECT_THAT(outcome, ::lotura::testing::IsOk());
    return outcome->verdict;
  }
  std::optional<Record> Load(const std::string& id) {
    const std::string name = "widgets/" + id;
    return backend_.store()
        .Load(declaration_, call_.principal.tenant, {&name, 1}, Soon())
        .value()
        .front();
  }
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

  Catalog catalog_;
  const Declaration& declaration_;
  Backend backend_;
  testing::FakeIds ids_;
  const Call call_ = CallAs(1);
};

// Both keep the same contract.
using StoreBackends = ::testing::Types<InMemory, InPostgres>;

}  // namespace lotura::resource::testdata
