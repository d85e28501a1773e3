#include "services/analytics/domain/fact.h"

#include <gmock/gmock.h>

namespace lotura::analytics::domain {
namespace {

using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::year;

const Instant kStart = sys_days(year(2017) / 1 / 10);

google::type::Money Dollars(std::int64_t units) {
  google::type::Money money;
  money.set_currency_code("USD");
  money.set_units(units);
  return money;
}

void AddLine(sales::v1::Opportunity& deal, const char* product, std::int64_t quantity,
             std::int64_t unit_price) {
  auto& line = *deal.add_lines();
  line.set_product(product);
  line.set_quantity(quantity);
  *line.mutable_unit_price() = Dollars(unit_price);
}

TEST(SharesTest, OpportunityWithoutLinesIsOneShareForNoProduct) {
  sales::v1::Opportunity deal;
  *deal.mutable_amount() = Dollars(100);

  const auto shares = SharesOf(deal);

  ASSERT_EQ(shares.size(), 1);
  EXPECT_EQ(shares[0].product, "");
  EXPECT_EQ(shares[0].amount, Amount::OfUnits(100));
  EXPECT_EQ(shares[0].close_amount, Amount());
}

TEST(SharesTest, OneProductHasEverything) {
  sales::v1::Opportunity deal;
  AddLine(deal, "products/gtx", 1, 1096);
  *deal.mutable_amount() = Dollars(1096);
  *deal.mutable_close_amount() = Dollars(1054);

  const auto shares = SharesOf(deal);

  ASSERT_EQ(shares.size(), 1);
  EXPECT_EQ(shares[0].product, "//sales.lotura/products/gtx");
  EXPECT_EQ(shares[0].close_amount, Amount::OfUnits(1054));
}

TEST(SharesTest, LinesOfOneProductAreOneShareAndTheSharesAddUp) {
  sales::v1::Opportunity deal;
  AddLine(deal, "products/a", 1, 100);
  AddLine(deal, "products/b", 2, 100);
  AddLine(deal, "products/a", 3, 100);
  *deal.mutable_amount() = Dollars(600);
  *deal.mutable_close_amount() = Dollars(500);

  const auto shares = SharesOf(deal);

  ASSERT_EQ(shares.size(), 2);
  EXPECT_EQ(shares[0].amount, Amount::OfUnits(400));
  EXPECT_EQ(shares[1].amount, Amount::OfUnits(200));
  EXPECT_EQ(shares[0].close_amount.ToDecimal(), "333.33");
  EXPECT_EQ(shares[1].close_amount.ToDecimal(), "166.67");
}

TEST(SharesTest, LinesThatCostNothingShareEqually) {
  sales::v1::Opportunity deal;
  AddLine(deal, "products/a", 1, 0);
  AddLine(deal, "products/b", 1, 0);
  *deal.mutable_close_amount() = Dollars(10);

  EXPECT_EQ(SharesOf(deal)[1].close_amount, Amount::OfUnits(5));
}

TEST(EntryTest, CreationEntersTheFirstStage) {
  sales::v1::Opportunity after;
  after.set_stage("pipelines/p/stages/a");
  *after.mutable_stage_enter_time() = ToTimestamp(kStart);

  const auto entry = EntryOf(nullptr, after);

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->to_stage, "//sales.lotura/pipelines/p/stages/a");
  EXPECT_EQ(entry->from_stage, "");
  EXPECT_EQ(entry->enter_time, kStart);
}

TEST(EntryTest, MoveTellsWhatWasLeftAndAfterHowLong) {
  sales::v1::Opportunity before;
  before.set_stage("pipelines/p/stages/a");
  *before.mutable_stage_enter_time() = ToTimestamp(kStart);
  sales::v1::Opportunity after;
  after.set_stage("pipelines/p/stages/b");
  *after.mutable_stage_enter_time() = ToTimestamp(kStart + hours(30));

  const auto entry = EntryOf(&before, after);

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->from_stage, "//sales.lotura/pipelines/p/stages/a");
  EXPECT_EQ(entry->from_duration, hours(30));
}

TEST(EntryTest, ChangeWithinAStageIsNoEntry) {
  sales::v1::Opportunity deal;
  deal.set_stage("pipelines/p/stages/a");

  EXPECT_FALSE(EntryOf(&deal, deal).has_value());
}

}  // namespace
}  // namespace lotura::analytics::domain
