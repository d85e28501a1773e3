// That a policy means the same as a condition in SQL, as a function over a record, and as a model
// that was written from the other end.
#include <gtest/gtest.h>

#include <iostream>

#include "libs/access/testdata/model.h"
#include "libs/access/testdata/random_policy.h"
#include "libs/resource/testdata/random_table.h"
#include "libs/resource/testdata/specimen.pb.h"
#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/communications/v1/activity.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::access {
namespace {

using resource::Access;
using resource::Column;
using resource::Declaration;
using resource::FieldAccess;
using testing::IsOk;

constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15}};
constexpr int kPolicies = 12;

// Compares what one user may do with the records of the table.
class Comparison {
 public:
  Comparison(resource::RandomTable& table, const resource::View& view, const Model& model,
             std::string user)
      : table_(table), view_(view), model_(model), user_(std::move(user)) {}

  // How many records he may read.
  std::size_t CompareRecords() {
    std::size_t readable = 0;
    for (const Access access : {Access::kRead, Access::kUpdate, Access::kDelete}) {
      const auto selected = Select(view_.Records(access));
      for (const auto& record : table_.records()) {
        const bool allowed = model_.Most(user_, *record) >= access;
        EXPECT_EQ(view_.Allows(access, *record), allowed) << user_ << record->DebugString();
        EXPECT_EQ(selected.contains(NameOf(*record)), allowed) << user_ << record->DebugString();
      }
      if (access == Access::kRead) readable = selected.size();
    }
    return readable;
  }

  void CompareFields() {
    for (const auto& record : table_.records()) {
      if (!view_.Allows(Access::kRead, *record)) continue;
      for (const Column& column : view_.declaration().columns()) {
        EXPECT_EQ(view_.Of(column, *record), model_.MostOf(user_, column.name, *record))
            << user_ << " " << column.name << record->DebugString();
      }
    }
  }

  // Lists whose filter or order names the columns.
  void CompareShowing(const std::set<const Column*>& columns) {
    const auto selected = Select(view_.RecordsShowing(columns));
    const Column* hidden = view_.FindHidden(columns);
    for (const auto& record : table_.records()) {
      const bool shown = view_.Allows(Access::kRead, *record) &&
                         std::ranges::all_of(columns, [&](const Column* column) {
                           return model_.MostOf(user_, column->name, *record) >= FieldAccess::kRead;
                         });
      EXPECT_EQ(selected.contains(NameOf(*record)), shown) << user_ << record->DebugString();
      EXPECT_FALSE(shown && hidden != nullptr);
    }
  }

 private:
  [[nodiscard]] std::string NameOf(const google::protobuf::Message& record) const {
    return view_.declaration().NameOf(record);
  }

  std::set<std::string> Select(const resource::Filter& records) {
    const auto sql = resource::FilterToSql(records, 1);
    auto selected = table_.Select(sql);
    EXPECT_THAT(selected, IsOk()) << sql.text;
    return selected.ok() ? *std::move(selected) : std::set<std::string>();
  }

  resource::RandomTable& table_;
  const resource::View& view_;
  const Model& model_;
  const std::string user_;
};

std::set<const Column*> AnyColumns(resource::Dice& dice, const Declaration& declaration) {
  std::set<const Column*> columns;
  for (std::size_t left = dice.Below(3) + 1; left > 0; --left)
    columns.insert(&dice.Pick(declaration.columns()));
  return columns;
}

class PolicyEqualityTest : public ::testing::TestWithParam<const google::protobuf::Descriptor*> {};

TEST_P(PolicyEqualityTest, RowsRecordsAndTheModelAgree) {
  const std::uint64_t seed = resource::SeedOfRun();
  std::cout << GetParam()->name() << ": LOTURA_TEST_SEED=" << seed << "\n";
  ASSERT_OK_AND_ASSIGN(const auto declaration, Declaration::Compile(GetParam()));
  resource::Dice dice(seed);
  PolicyMaker maker(dice, *declaration);
  resource::RandomTable table(dice, *declaration, [&](auto& record) { maker.Own(record); });
  ASSERT_THAT(table.Fill(), IsOk());
  int parting = 0;

  for (int i = 0; i < kPolicies && !HasFailure(); ++i) {
    const PolicyRecords records = maker.Make();
    const Policy policy(records);
    const Model model(records, *declaration, kNow);
    for (int user = 0; user < PolicyMaker::kUsers && !HasFailure(); ++user) {
      const std::string name = PolicyMaker::UserName(user);
      const auto subject = policy.FindSubject(name, kNow);
      const resource::View view =
          subject.has_value() ? subject->ViewOf(*declaration) : resource::View(*declaration, {});
      Comparison comparison(table, view, model, name);
      const std::size_t readable = comparison.CompareRecords();
      if (readable > 0 && readable < table.records().size()) ++parting;
      comparison.CompareFields();
      comparison.CompareShowing(AnyColumns(dice, *declaration));
    }
  }

  std::cout << parting << " of " << kPolicies * PolicyMaker::kUsers << " views part the records\n";
  // A type without an owner is parted by filters alone.
  if (declaration->owner() != nullptr) {
    EXPECT_GT(parting, kPolicies / 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Declarations, PolicyEqualityTest,
                         ::testing::Values(testdata::v1::Specimen::descriptor(),
                                           accounts::v1::Organization::descriptor(),
                                           sales::v1::Opportunity::descriptor(),
                                           communications::v1::Activity::descriptor()),
                         [](const auto& tested) { return tested.param->name(); });

}  // namespace
}  // namespace lotura::access
