// Lists of sales, and what prices have in common with theirs.
#include "lotura/sales/v1/price.pb.h"
#include "lotura/sales/v1/price_list.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "services/sales/domain/reasons.h"
#include "services/sales/sales_fixture.h"

namespace lotura::sales {
namespace {

using testing::HasViolation;
using testing::IsOk;

TEST_F(SalesTest, PricesHaveTheCurrencyOfTheirList) {
  v1::Product product;
  product.set_display_name("GTX");
  ASSERT_THAT(bench_.Create(product, "", "gtx"), IsOk());
  v1::PriceList list;
  list.set_display_name("Europe");
  list.set_currency_code("EUR");
  ASSERT_THAT(bench_.Create(list, "", "europe"), IsOk());
  v1::Price price;
  price.set_product("products/gtx");
  *price.mutable_unit_price() = Dollars(500);

  EXPECT_THAT(bench_.Create(price, "priceLists/europe"),
              HasViolation("unit_price.currency_code", reasons::kCurrencyDiffers));
  *price.mutable_unit_price() = Dollars(500, "EUR");
  EXPECT_THAT(bench_.Create(price, "priceLists/europe"), IsOk());
  list.set_currency_code("euro");
  EXPECT_THAT(bench_.Create(list), HasViolation("currency_code", reasons::kCurrencyInvalid));
}

TEST_F(SalesTest, ListsUnderOneParentHaveItsRecordsAndNoOthers) {
  v1::Pipeline neighbor;
  neighbor.set_display_name("Neighbor in the order of names");
  ASSERT_THAT(bench_.Create(neighbor, "", "p-2"), IsOk());
  v1::Stage stage;
  stage.set_display_name("lead");
  stage.set_position(1);
  stage.set_kind(v1::Stage::KIND_OPEN);
  ASSERT_THAT(bench_.Create(stage, "pipelines/p-2", "lead"), IsOk());
  const std::vector<std::string> by_name = {StageName("lead"), StageName("lost"),
                                            StageName("offer"), StageName("won")};
  const std::vector<std::string> by_position = {StageName("lead"), StageName("offer"),
                                                StageName("won"), StageName("lost")};

  EXPECT_EQ(*bench_.NamesOnPages<v1::Stage>(
                {.parent = "pipelines/p", .order_by = "name", .page_size = 1}),
            by_name);
  EXPECT_EQ(*bench_.NamesOnPages<v1::Stage>(
                {.parent = "pipelines/p", .order_by = "position", .page_size = 3}),
            by_position);
  EXPECT_EQ(bench_.NamesOnPages<v1::Stage>({.parent = "pipelines/-", .page_size = 2})->size(), 5);
}

TEST_F(SalesTest, PricesOfAProductAreListedUnderOneListAndOverAll) {
  for (const char* id : {"gtx", "rtx"}) {
    v1::Product product;
    product.set_display_name(id);
    ASSERT_THAT(bench_.Create(product, "", id), IsOk());
  }
  for (const char* list_id : {"asia", "europe"}) {
    v1::PriceList list;
    list.set_display_name(list_id);
    list.set_currency_code("USD");
    ASSERT_THAT(bench_.Create(list, "", list_id), IsOk());
    for (const char* id : {"a", "b", "c"}) {
      v1::Price price;
      price.set_product(std::string(id) == "b" ? "products/rtx" : "products/gtx");
      *price.mutable_unit_price() = Dollars(500);
      ASSERT_THAT(bench_.Create(price, std::string("priceLists/") + list_id, id), IsOk());
    }
  }
  const std::string filter = "product = \"products/gtx\"";
  const std::vector<std::string> everywhere = {
      "priceLists/asia/prices/a", "priceLists/asia/prices/c", "priceLists/europe/prices/a",
      "priceLists/europe/prices/c"};

  EXPECT_EQ(
      *bench_.NamesOnPages<v1::Price>({.parent = "priceLists/-", .filter = filter, .page_size = 1}),
      everywhere);
  EXPECT_EQ(*bench_.NamesOnPages<v1::Price>(
                {.parent = "priceLists/asia", .filter = filter, .page_size = 1}),
            std::vector(everywhere.begin(), everywhere.begin() + 2));
}

}  // namespace
}  // namespace lotura::sales
