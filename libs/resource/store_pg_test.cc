// The contract of a store, held by PostgreSQL and by memory alike.
#include "libs/resource/testdata/store_bench.h"

namespace lotura::resource {
namespace {

using ::lotura::testing::IsOk;
using testdata::CallAs;
using testdata::v1::Widget;

template <typename Backend>
class StoreContract : public testdata::StoreBench<Backend> {};

TYPED_TEST_SUITE(StoreContract, testdata::StoreBackends);

TYPED_TEST(StoreContract, WhatWasCommittedIsLoadedUnchanged) {
  const auto widget = this->NewWidget("a", "a@example.org");
  widget->mutable_amount()->set_currency_code("EUR");
  widget->mutable_amount()->set_units(-12);
  widget->mutable_amount()->set_nanos(-500'000'000);
  widget->add_tags("x \"y\" \\ z,");
  widget->add_tags("");
  widget->mutable_due_date()->set_year(2026);
  widget->mutable_due_date()->set_month(2);
  widget->mutable_due_date()->set_day(28);

  ASSERT_EQ(this->CommitOne(this->Create(widget)), Verdict::kCommitted);

  const auto record = this->Load("a");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->version, 1);
  Widget loaded = static_cast<const Widget&>(*record->message);
  loaded.clear_etag();
  EXPECT_EQ(loaded.DebugString(), widget->DebugString());
  EXPECT_EQ(this->backend_.CountJournal(), 1);
}

TYPED_TEST(StoreContract, NameIsTakenOnceAndTheNeighborOfARefusedUnitIsCommitted) {
  ASSERT_EQ(this->CommitOne(this->Create(this->NewWidget("a"))), Verdict::kCommitted);

  const auto outcomes =
      this->Commit({this->Create(this->NewWidget("a")), this->Create(this->NewWidget("b"))});

  EXPECT_EQ(outcomes[0]->verdict, Verdict::kNameTaken);
  EXPECT_EQ(outcomes[1]->verdict, Verdict::kCommitted);
  EXPECT_EQ(this->backend_.CountJournal(), 2);
}

TYPED_TEST(StoreContract, MatchKeyIsComparedInItsNormalForm) {
  ASSERT_EQ(this->CommitOne(this->Create(this->NewWidget("a", "Anna@Example.ORG"))),
            Verdict::kCommitted);

  const auto outcome =
      this->Commit({this->Create(this->NewWidget("b", "anna@example.org"))}).front();

  EXPECT_EQ(outcome->verdict, Verdict::kMatchKeyTaken);
  EXPECT_EQ(outcome->field, "email");
  EXPECT_EQ(outcome->holder, "widgets/a");
  EXPECT_FALSE(this->Load("b").has_value());
}

TYPED_TEST(StoreContract, UnitIsRefusedAsAWhole) {
  ASSERT_EQ(this->CommitOne(this->Create(this->NewWidget("a"))), Verdict::kCommitted);
  Unit unit{.call = std::make_shared<const Call>(this->call_)};
  this->AddCreate(unit, this->NewWidget("b"));
  this->AddCreate(unit, this->NewWidget("a"));

  const auto outcome = this->Commit({unit}).front();

  EXPECT_EQ(outcome->verdict, Verdict::kNameTaken);
  EXPECT_EQ(outcome->change, 1);
  EXPECT_FALSE(this->Load("b").has_value());
  EXPECT_EQ(this->backend_.CountJournal(), 1);
}

TYPED_TEST(StoreContract, UpdateNeedsTheVersionBeforeIt) {
  const auto first = this->NewWidget("a");
  ASSERT_EQ(this->CommitOne(this->Create(first)), Verdict::kCommitted);
  const auto second = std::make_shared<Widget>(*first);
  second->set_display_name("other");

  EXPECT_EQ(this->CommitOne(this->Update(first, second, 3)), Verdict::kStale);
  EXPECT_EQ(this->CommitOne(this->Update(first, second, 2)), Verdict::kCommitted);
  EXPECT_EQ(this->CommitOne(this->Update(first, second, 2)), Verdict::kStale);
  EXPECT_EQ(this->Load("a")->version, 2);
  EXPECT_EQ(this->backend_.CountJournal(), 2);
}

TYPED_TEST(StoreContract, UpdateMovesMatchKeysAndDeletionFreesThem) {
  const auto first = this->NewWidget("a", "one@example.org");
  ASSERT_EQ(this->CommitOne(this->Create(first)), Verdict::kCommitted);
  const auto second = std::make_shared<Widget>(*first);
  second->set_email("two@example.org");
  ASSERT_EQ(this->CommitOne(this->Update(first, second, 2)), Verdict::kCommitted);

  EXPECT_EQ(this->CommitOne(this->Create(this->NewWidget("b", "two@example.org"))),
            Verdict::kMatchKeyTaken);
  EXPECT_EQ(this->CommitOne(this->Create(this->NewWidget("b", "one@example.org"))),
            Verdict::kCommitted);

  const auto deleted = std::make_shared<Widget>(*second);
  SetTimestamp(*deleted, this->declaration_.delete_time_field(), this->call_.now);
  ASSERT_EQ(this->CommitOne(this->Update(second, deleted, 3)), Verdict::kCommitted);
  EXPECT_EQ(this->CommitOne(this->Create(this->NewWidget("c", "two@example.org"))),
            Verdict::kCommitted);
  EXPECT_EQ(this->CommitOne(this->Update(deleted, second, 4)), Verdict::kMatchKeyTaken);
  EXPECT_TRUE(this->Load("a")->deleted);
}

TYPED_TEST(StoreContract, RepeatedRequestIsAnsweredWithItsFirstAnswer) {
  const Unit unit = this->WithRequest(this->Create(this->NewWidget("a")), 7);
  ASSERT_EQ(this->CommitOne(unit), Verdict::kCommitted);

  const auto again = this->Commit({unit}).front();
  EXPECT_EQ(again->verdict, Verdict::kReplayed);
  EXPECT_EQ(again->answer.plain, "answer 7");
  EXPECT_EQ(again->answer.personal, "personal");
  EXPECT_EQ(this->CommitOne(this->WithRequest(this->Create(this->NewWidget("b")), 7, 2)),
            Verdict::kRequestReused);
  EXPECT_EQ(this->backend_.CountJournal(), 1);
  const auto found = this->backend_.store().FindRequest(this->call_.principal.tenant,
                                                        unit.request->id, this->Soon());
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(found->has_value());
}

TYPED_TEST(StoreContract, RequestThatChangesNothingIsRememberedToo) {
  const Unit unit = this->WithRequest(Unit{.call = std::make_shared<const Call>(this->call_)}, 9);

  EXPECT_EQ(this->CommitOne(unit), Verdict::kCommitted);
  EXPECT_EQ(this->CommitOne(unit), Verdict::kReplayed);
}

TYPED_TEST(StoreContract, SeveralChangesOfOneUnitHappenTogetherOrNotAtAll) {
  const auto first = this->NewWidget("a");
  ASSERT_EQ(this->CommitOne(this->Create(first)), Verdict::kCommitted);
  const auto second = std::make_shared<Widget>(*first);
  second->set_display_name("second");
  Unit unit = this->WithRequest(this->Update(first, second, 2), 3);
  this->AddCreate(unit, this->NewWidget("b"));
  Unit stale = this->WithRequest(this->Update(first, second, 2), 4);
  this->AddCreate(stale, this->NewWidget("c"));

  EXPECT_EQ(this->CommitOne(unit), Verdict::kCommitted);
  EXPECT_EQ(this->CommitOne(unit), Verdict::kReplayed);
  EXPECT_EQ(this->CommitOne(stale), Verdict::kStale);

  EXPECT_EQ(this->Load("a")->version, 2);
  EXPECT_TRUE(this->Load("b").has_value());
  EXPECT_FALSE(this->Load("c").has_value());
  EXPECT_EQ(this->backend_.CountJournal(), 3);
}

TYPED_TEST(StoreContract, UnitsOfSeveralChangesShareACommitAndRefuseOnTheirOwn) {
  std::vector<Unit> units;
  std::vector<std::shared_ptr<Widget>> first;
  for (int i = 0; i < 4; ++i) {
    first.push_back(this->NewWidget(fmt::format("a{}", i)));
    ASSERT_EQ(this->CommitOne(this->Create(first.back())), Verdict::kCommitted);
    const auto second = std::make_shared<Widget>(*first.back());
    second->set_display_name("second");
    units.push_back(this->WithRequest(this->Update(first.back(), second, i == 1 ? 7 : 2),
                                      static_cast<std::uint8_t>(20 + i)));
    // The third one takes a name that is taken, after its update was written.
    this->AddCreate(units.back(), this->NewWidget(i == 2 ? "a0" : fmt::format("b{}", i)));
  }

  const auto outcomes = this->Commit(units);

  EXPECT_EQ(outcomes[0]->verdict, Verdict::kCommitted);
  EXPECT_EQ(outcomes[1]->verdict, Verdict::kStale);
  EXPECT_EQ(outcomes[2]->verdict, Verdict::kNameTaken);
  EXPECT_EQ(outcomes[3]->verdict, Verdict::kCommitted);
  EXPECT_EQ(this->Load("a0")->version, 2);
  EXPECT_EQ(this->Load("a1")->version, 1);
  EXPECT_EQ(this->Load("a2")->version, 1);
  EXPECT_TRUE(this->Load("b0").has_value());
  EXPECT_FALSE(this->Load("b2").has_value());
  EXPECT_EQ(this->backend_.CountJournal(), 8);
  EXPECT_EQ(this->CommitOne(units[3]), Verdict::kReplayed);
}

TYPED_TEST(StoreContract, CheckTellsWhatACommitWouldAndWritesNothing) {
  const auto widget = this->NewWidget("a", "a@example.org");
  const auto check = [this](const Unit& unit) {
    return this->backend_.store().Check(unit, this->Soon())->verdict;
  };

  EXPECT_EQ(check(this->WithRequest(this->Create(widget), 3)), Verdict::kCommitted);
  EXPECT_FALSE(this->Load("a").has_value());
  EXPECT_EQ(this->backend_.CountJournal(), 0);

  ASSERT_EQ(this->CommitOne(this->WithRequest(this->Create(widget), 3)), Verdict::kCommitted);
  EXPECT_EQ(check(this->WithRequest(this->Create(widget), 3)), Verdict::kReplayed);
  EXPECT_EQ(check(this->Create(widget)), Verdict::kNameTaken);
  EXPECT_EQ(check(this->Create(this->NewWidget("b", "A@example.org"))), Verdict::kMatchKeyTaken);
  EXPECT_EQ(check(this->Update(widget, widget, 3)), Verdict::kStale);
  EXPECT_EQ(this->backend_.CountJournal(), 1);
}

TYPED_TEST(StoreContract, UpdatedRecordMayReferToOneThatTheSameUnitCreates) {
  const auto before = this->NewWidget("a");
  ASSERT_EQ(this->CommitOne(this->Create(before)), Verdict::kCommitted);
  const auto after = this->NewWidget("a");
  after->set_part_of("widgets/whole");
  Unit unit = this->Update(before, after, 2);
  this->AddCreate(unit, this->NewWidget("whole"));

  EXPECT_EQ(this->CommitOne(unit), Verdict::kCommitted);
}

TYPED_TEST(StoreContract, AnotherTenantSeesNothing) {
  ASSERT_EQ(this->CommitOne(this->Create(this->NewWidget("a", "a@example.org"))),
            Verdict::kCommitted);
  const Call other = CallAs(2);
  const std::string name = "widgets/a";

  EXPECT_FALSE(this->backend_.store()
                   .Load(this->declaration_, other.principal.tenant, {&name, 1}, this->Soon())
                   .value()
                   .front()
                   .has_value());
  Unit unit = this->Create(this->NewWidget("a", "a@example.org"));
  unit.call = std::make_shared<const Call>(other);
  EXPECT_EQ(this->CommitOne(unit), Verdict::kCommitted);
}

TYPED_TEST(StoreContract, ParallelCreatesOfOneKeyGiveOneRecord) {
  std::atomic<int> committed = 0;
  std::atomic<int> refused = 0;
  std::vector<Unit> units;
  for (int i = 0; i < 32; ++i)
    units.push_back(this->Create(this->NewWidget(fmt::format("w{}", i), "same@example.org")));
  std::vector<std::jthread> threads;
  for (const Unit& unit : units) {
    threads.emplace_back([&, this] {
      const auto outcome = this->backend_.store().Commit({&unit, 1}, this->Soon()).front();
      if (outcome.ok() && outcome->verdict == Verdict::kCommitted) ++committed;
      if (outcome.ok() && outcome->verdict == Verdict::kMatchKeyTaken) ++refused;
    });
  }
  threads.clear();

  EXPECT_EQ(committed, 1);
  EXPECT_EQ(refused, 31);
  EXPECT_EQ(this->backend_.CountJournal(), 1);
}

}  // namespace
}  // namespace lotura::resource
