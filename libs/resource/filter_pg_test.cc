#include <gtest/gtest.h>

#include <iostream>

#include "libs/resource/filter_check.h"
#include "libs/resource/filter_predicate.h"
#include "libs/resource/filter_sql.h"
#include "libs/resource/testdata/random_filters.h"
#include "libs/resource/testdata/random_table.h"
#include "libs/resource/testdata/specimens.h"
#include "libs/testing/status_matchers.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/accounts/v1/person.pb.h"
#include "lotura/communications/v1/activity.pb.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::resource {
namespace {

using testing::IsOk;

constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} +
                       std::chrono::hours(12)};
constexpr int kFilters = 300;

// The filter with a few pieces cut out, doubled or put elsewhere; often it still is one.
std::string Damaged(Dice& dice, std::string text) {
  constexpr std::string_view kPieces[] = {" ", "(", ")",    "*", "\"",         "\\", "%", "-",
                                          ":", ".", "NOT ", "0", "9999999999", "'",  "=", "\xc3"};
  for (std::size_t left = dice.Below(3) + 1; left > 0 && !text.empty(); --left) {
    const std::size_t at = dice.Below(text.size());
    if (dice.OneIn(2)) {
      text.erase(at, dice.Below(3) + 1);
    } else {
      text.insert(at, dice.Pick(kPieces));
    }
  }
  return text;
}

// Runs the filter in both forms. Nothing if it is no filter; otherwise how many records pass.
std::optional<std::size_t> CompareBothForms(RandomTable& table, const Declaration& declaration,
                                            const std::string& text) {
  const auto filter = CompileFilter(text, declaration, kNow);
  if (!filter.ok()) return std::nullopt;
  const SqlFragment sql = FilterToSql(*filter, 1);
  const auto selected = table.Select(sql);
  EXPECT_THAT(selected, IsOk()) << text << "\n" << sql.text;
  if (!selected.ok()) return std::nullopt;
  for (const auto& record : table.records()) {
    const bool in_sql = selected->contains(declaration.NameOf(*record));
    EXPECT_EQ(FilterMatches(*filter, *record), in_sql) << text << "\n"
                                                       << sql.text << "\n"
                                                       << record->DebugString();
    if (::testing::Test::HasFailure()) break;
  }
  return selected->size();
}

class FilterEqualityTest : public ::testing::TestWithParam<const pbuf::Descriptor*> {};

TEST_P(FilterEqualityTest, RowsAndRecordsPassTheSameFilters) {
  const std::uint64_t seed = SeedOfRun();
  std::cout << GetParam()->name() << ": LOTURA_TEST_SEED=" << seed << "\n";
  ASSERT_OK_AND_ASSIGN(const auto declaration, Declaration::Compile(GetParam()));
  Dice dice(seed);
  RandomTable table(dice, *declaration);
  ASSERT_THAT(table.Fill(), IsOk());
  FilterMaker maker(dice, *declaration);
  int compared = 0;
  int parting = 0;

  for (int i = 0; i < kFilters && !HasFailure(); ++i) {
    const std::string text = maker.Make();
    EXPECT_THAT(CompileFilter(text, *declaration, kNow), IsOk()) << text;
    const auto passing = CompareBothForms(table, *declaration, text);
    const auto damaged = CompareBothForms(table, *declaration, Damaged(dice, text));
    compared += RandomTable::kRecords * (1 + static_cast<int>(damaged.has_value()));
    if (passing.has_value() && *passing > 0 && *passing < table.records().size()) ++parting;
  }

  std::cout << compared << " pairs; " << parting << " of " << kFilters
            << " filters part the records\n";
  EXPECT_GE(compared, 20'000);
  EXPECT_GT(parting, kFilters / 4);
}

INSTANTIATE_TEST_SUITE_P(Declarations, FilterEqualityTest,
                         ::testing::Values(testdata::v1::Specimen::descriptor(),
                                           accounts::v1::Organization::descriptor(),
                                           accounts::v1::Person::descriptor(),
                                           sales::v1::Opportunity::descriptor(),
                                           communications::v1::Activity::descriptor()),
                         [](const auto& tested) { return tested.param->name(); });

}  // namespace
}  // namespace lotura::resource
