// Runs under the thread sanitizer too: tsan
#include "libs/resource/row_rounds.h"

#include <gmock/gmock.h>

#include "libs/resource/changed_keys.h"
#include "libs/resource/testdata/bench.h"

namespace lotura::resource {
namespace {

using testdata::v1::Widget;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RowRoundsTest : public ::testing::Test {
 protected:
  void AddRow(const std::string& id, const std::string& email = "", std::int64_t version = 1) {
    auto widget = std::make_shared<Widget>();
    widget->set_name("widgets/" + id);
    widget->set_email(email);
    Unit unit;
    unit.changes.push_back(
        {.declaration = &declaration_,
         .kind = version == 1 ? events::v1::KIND_CREATED : events::v1::KIND_UPDATED,
         .name = widget->name(),
         .version = version,
         .after = widget});
    FindChangedKeys(unit.changes.back());
    rows_.push_back(std::move(unit));
  }
  static Outcome Of(Verdict verdict, const std::string& field = "",
                    const std::string& holder = "") {
    Outcome outcome;
    outcome.verdict = verdict;
    outcome.field = field;
    outcome.holder = holder;
    return outcome;
  }

  const Catalog catalog_ = testdata::WidgetCatalog();
  const Declaration& declaration_ = *catalog_.types().front().declaration;
  std::vector<Unit> rows_;
};

TEST_F(RowRoundsTest, RowsThatHaveNothingInCommonShareARound) {
  AddRow("a", "a@example.org");
  AddRow("b", "b@example.org");
  RowRounds rounds(rows_);

  EXPECT_THAT(rounds.Next(), ElementsAre(0, 1));
}

TEST_F(RowRoundsTest, ASecondRowWithTheKeyIsRefusedWhenTheFirstWasCommitted) {
  AddRow("a", "same@example.org");
  AddRow("b", "Same@Example.org");
  RowRounds rounds(rows_);
  EXPECT_THAT(rounds.Next(), ElementsAre(0));

  rounds.Decide(0, Outcome());

  EXPECT_THAT(rounds.Next(), IsEmpty());
  const Outcomes outcomes = rounds.Outcomes();
  EXPECT_EQ(outcomes[1]->verdict, Verdict::kMatchKeyTaken);
  EXPECT_EQ(outcomes[1]->field, "email");
  EXPECT_EQ(outcomes[1]->holder, "widgets/a");
}

TEST_F(RowRoundsTest, ASecondRowWithTheKeyIsWrittenWhenTheFirstWasRefusedForItsName) {
  AddRow("a", "same@example.org");
  AddRow("b", "same@example.org");
  RowRounds rounds(rows_);
  rounds.Next();

  rounds.Decide(0, Of(Verdict::kNameTaken));

  EXPECT_THAT(rounds.Next(), ElementsAre(1));
}

TEST_F(RowRoundsTest, AKeyThatAnotherRecordHoldsRefusesAllOfItsRowsAtOnce) {
  for (int i = 0; i < 1000; ++i) AddRow(fmt::format("w{}", i), "same@example.org");
  RowRounds rounds(rows_);
  EXPECT_THAT(rounds.Next(), ElementsAre(0));

  rounds.Decide(0, Of(Verdict::kMatchKeyTaken, "email", "widgets/old"));

  EXPECT_THAT(rounds.Next(), IsEmpty());
  EXPECT_EQ(rounds.Outcomes()[999]->holder, "widgets/old");
}

TEST_F(RowRoundsTest, ASecondRowOfTheNameIsRefused) {
  AddRow("a");
  AddRow("a");
  RowRounds rounds(rows_);
  rounds.Next();

  rounds.Decide(0, Outcome());

  EXPECT_THAT(rounds.Next(), IsEmpty());
  EXPECT_EQ(rounds.Outcomes()[1]->verdict, Verdict::kNameTaken);
}

TEST_F(RowRoundsTest, NobodyOvertakesARowThatWaits) {
  AddRow("a", "first@example.org");
  AddRow("a", "second@example.org");
  AddRow("c", "second@example.org");
  RowRounds rounds(rows_);

  EXPECT_THAT(rounds.Next(), ElementsAre(0));

  rounds.Decide(0, Outcome());
  EXPECT_THAT(rounds.Next(), ElementsAre(2));
}

TEST_F(RowRoundsTest, RowsThatChangeOtherTablesHaveARoundOfTheirOwn) {
  AddRow("a");
  AddRow("b", "", 2);
  AddRow("c");
  RowRounds rounds(rows_);
  EXPECT_THAT(rounds.Next(), ElementsAre(0, 2));

  rounds.Decide(0, Outcome());
  rounds.Decide(2, Outcome());

  EXPECT_THAT(rounds.Next(), ElementsAre(1));
}

TEST_F(RowRoundsTest, ARowThatChangesWhatAnEarlierOneChangedIsStale) {
  AddRow("a", "", 2);
  AddRow("a", "", 2);
  RowRounds rounds(rows_);
  rounds.Next();

  rounds.Decide(0, Outcome());

  EXPECT_THAT(rounds.Next(), IsEmpty());
  EXPECT_EQ(rounds.Outcomes()[1]->verdict, Verdict::kStale);
}

}  // namespace
}  // namespace lotura::resource
