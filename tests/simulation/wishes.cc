#include "tests/simulation/wishes.h"

#include <array>

#include "lotura/sales/v1/opportunity_service.pb.h"
#include "lotura/sales/v1/pipeline.pb.h"
#include "lotura/sales/v1/product.pb.h"
#include "lotura/sales/v1/stage.pb.h"
#include "services/sales/move_opportunity.h"
#include "services/sales/reopen_opportunity.h"

namespace lotura::simulation {
namespace {

using resource::Changes;
using resource::UnitOfWork;
using sales::v1::Opportunity;
using sales::v1::Product;

constexpr std::array<const char*, 4> kProducts = {"p1", "p2", "p3", "p4"};
constexpr std::array<const char*, 3> kDeals = {"d1", "d2", "d3"};
constexpr std::array<const char*, 3> kSkus = {"x-1", "x-2", "x-3"};
constexpr std::array<const char*, 3> kTitles = {"first", "second", "third"};
constexpr std::array<const char*, 4> kStages = {"open", "talks", "won", "lost"};
constexpr char kPipeline[] = "pipelines/main";
constexpr char kCurrency[] = "EUR";
// Of a thousand writes, those with a request_id.
constexpr std::uint64_t kWithRequestId = 800;

TenantId TenantOf(std::uint8_t number) {
  TenantId tenant;
  tenant.value.bytes[15] = number;
  return tenant;
}

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string StageName(const char* id) { return fmt::format("{}/stages/{}", kPipeline, id); }

sales::v1::Stage::Kind KindOf(std::string_view stage) {
  if (stage == "won") return sales::v1::Stage::KIND_WON;
  if (stage == "lost") return sales::v1::Stage::KIND_LOST;
  return sales::v1::Stage::KIND_OPEN;
}

// A wish whose use case is `run`, given the changes and the request.
template <typename Record, typename Request, typename Run>
Wish WishOf(const char* verb, const std::string& name, Request request, const Run& run) {
  Wish wish;
  wish.method = fmt::format("{}.{}", Request::descriptor()->full_name(), verb);
  wish.what = fmt::format("{} {}", verb, name);
  wish.repeatable = request.request_id().empty() ? Wish::Repeatable::kNo : Wish::Repeatable::kYes;
  const auto shared = std::make_shared<const Request>(std::move(request));
  wish.request = shared;
  wish.response = &Record::default_instance();
  wish.body = [shared, run](Changes& changes) -> absl::StatusOr<UnitOfWork::MessagePtr> {
    LOTURA_ASSIGN_OR_RETURN(Record record, run(changes, *shared));
    return std::make_shared<const Record>(std::move(record));
  };
  return wish;
}

absl::StatusOr<Product> UpdateProduct(Changes& changes,
                                      const sales::v1::UpdateProductRequest& request) {
  const Product& wanted = request.product();
  LOTURA_ASSIGN_OR_RETURN(Product product, changes.Load<Product>(wanted.name(), wanted.etag()));
  if (!wanted.sku().empty()) product.set_sku(wanted.sku());
  if (!wanted.display_name().empty()) product.set_display_name(wanted.display_name());
  return changes.Save(product);
}

// What is read decides what is written: an update that is lost is missing in the sum.
absl::StatusOr<Opportunity> RaiseAmount(Changes& changes,
                                        const sales::v1::UpdateOpportunityRequest& request) {
  const Opportunity& wanted = request.opportunity();
  LOTURA_ASSIGN_OR_RETURN(Opportunity deal,
                          changes.Load<Opportunity>(wanted.name(), wanted.etag()));
  deal.mutable_amount()->set_currency_code(kCurrency);
  deal.mutable_amount()->set_units(deal.amount().units() + wanted.amount().units());
  return changes.Save(deal);
}

absl::StatusOr<Opportunity> Rename(Changes& changes,
                                   const sales::v1::UpdateOpportunityRequest& request) {
  const Opportunity& wanted = request.opportunity();
  LOTURA_ASSIGN_OR_RETURN(Opportunity deal,
                          changes.Load<Opportunity>(wanted.name(), wanted.etag()));
  deal.set_display_name(wanted.display_name());
  return changes.Save(deal);
}

// Two records of two types in one transaction.
absl::StatusOr<Opportunity> RaiseWithProduct(Changes& changes,
                                             const sales::v1::UpdateOpportunityRequest& request) {
  const std::string name = fmt::format("products/{}", kProducts[0]);
  LOTURA_ASSIGN_OR_RETURN(Product product, changes.Load<Product>(name));
  LOTURA_ASSIGN_OR_RETURN(Opportunity deal, RaiseAmount(changes, request));
  product.mutable_list_price()->set_currency_code(kCurrency);
  product.mutable_list_price()->set_units(product.list_price().units() + 1);
  LOTURA_RETURN_IF_ERROR(changes.Save(product).status());
  return deal;
}

}  // namespace

Wishes::Wishes(Plant& plant)
    : plant_(plant),
      product_(*plant.equipment.catalog().Find(Product::descriptor())),
      opportunity_(*plant.equipment.catalog().Find(Opportunity::descriptor())),
      tenants_({TenantOf(1), TenantOf(2)}) {}

std::string Wishes::RequestId() {
  return plant_.world.chance().PerMille(kWithRequestId) ? plant_.ids.Next().ToString() : "";
}

std::vector<Wish> Wishes::First() {
  std::vector<Wish> wishes;
  for (const TenantId& tenant : tenants_) {
    sales::v1::CreatePipelineRequest pipeline;
    pipeline.mutable_pipeline()->set_display_name("main");
    pipeline.set_request_id(plant_.ids.Next().ToString());
    wishes.push_back(WishOf<sales::v1::Pipeline>(
        "create", kPipeline, pipeline, [](Changes& changes, const auto& request) {
          return changes.Create(request.pipeline(), "", "main");
        }));
    wishes.back().tenant = tenant;
    for (const char* id : kStages) {
      sales::v1::CreateStageRequest stage;
      stage.set_stage_id(id);
      stage.mutable_stage()->set_display_name(id);
      stage.mutable_stage()->set_position(1);
      stage.mutable_stage()->set_kind(KindOf(id));
      stage.set_request_id(plant_.ids.Next().ToString());
      wishes.push_back(WishOf<sales::v1::Stage>(
          "create", StageName(id), stage, [](Changes& changes, const auto& request) {
            return changes.Create(request.stage(), kPipeline, request.stage_id());
          }));
      wishes.back().tenant = tenant;
    }
  }
  for (Wish& wish : wishes) wish.id = fmt::format("w{}", ++made_);
  return wishes;
}

Subject Wishes::AnySubject() {
  Chance& chance = plant_.world.chance();
  // Most clients are of the first tenant.
  Subject subject{.tenant = tenants_[chance.PerMille(150) ? 1 : 0]};
  if (chance.PerMille(500)) {
    subject.declaration = product_.declaration.get();
    subject.name = fmt::format("products/{}", chance.OneOf<const char*>(kProducts));
  } else {
    subject.declaration = opportunity_.declaration.get();
    subject.name = fmt::format("opportunities/{}", chance.OneOf<const char*>(kDeals));
  }
  return subject;
}

bool Wishes::IsProduct(const Subject& subject) const {
  return subject.declaration == product_.declaration.get();
}

Wish Wishes::Next(const Subject& subject, const std::string& etag) {
  Wish wish = IsProduct(subject) ? NextOfProduct(subject, etag) : NextOfOpportunity(subject, etag);
  wish.id = fmt::format("w{}", ++made_);
  wish.tenant = subject.tenant;
  return wish;
}

Wish Wishes::NextOfProduct(const Subject& subject, const std::string& etag) {
  Chance& chance = plant_.world.chance();
  const std::uint64_t kind = chance.Below(10);
  if (kind < 3) {
    sales::v1::CreateProductRequest request;
    request.set_product_id(IdOf(subject.name));
    request.mutable_product()->set_display_name(chance.OneOf<const char*>(kTitles));
    if (kind > 0) request.mutable_product()->set_sku(chance.OneOf<const char*>(kSkus));
    request.set_request_id(RequestId());
    return WishOf<Product>("create", subject.name, request,
                           [](Changes& changes, const auto& asked) {
                             return changes.Create(asked.product(), "", asked.product_id());
                           });
  }
  if (kind < 7) {
    sales::v1::UpdateProductRequest request;
    request.mutable_product()->set_name(subject.name);
    request.mutable_product()->set_etag(etag);
    if (kind < 5) {
      request.mutable_product()->set_sku(chance.OneOf<const char*>(kSkus));
    } else {
      request.mutable_product()->set_display_name(chance.OneOf<const char*>(kTitles));
    }
    request.set_request_id(RequestId());
    Wish wish = WishOf<Product>("update", subject.name, request, UpdateProduct);
    wish.changes_min = 0;
    return wish;
  }
  const auto change = [&type = product_](auto what) {
    return [&type, what](Changes& changes, const auto& asked) -> absl::StatusOr<Product> {
      LOTURA_ASSIGN_OR_RETURN(const auto changed,
                              (changes.*what)(type, asked.name(), asked.etag()));
      return static_cast<const Product&>(*changed);
    };
  };
  if (kind < 8) {
    sales::v1::DeleteProductRequest request;
    request.set_name(subject.name);
    request.set_etag(etag);
    request.set_request_id(RequestId());
    return WishOf<Product>("delete", subject.name, request, change(&Changes::DeleteAny));
  }
  sales::v1::UndeleteProductRequest request;
  request.set_name(subject.name);
  request.set_etag(etag);
  request.set_request_id(RequestId());
  return WishOf<Product>("undelete", subject.name, request, change(&Changes::UndeleteAny));
}

Wish Wishes::NextOfOpportunity(const Subject& subject, const std::string& etag) {
  Chance& chance = plant_.world.chance();
  const std::uint64_t kind = chance.Below(10);
  if (kind < 2) {
    sales::v1::CreateOpportunityRequest request;
    request.set_opportunity_id(IdOf(subject.name));
    request.mutable_opportunity()->set_display_name("deal");
    request.mutable_opportunity()->set_stage(StageName("open"));
    request.set_request_id(RequestId());
    return WishOf<Opportunity>(
        "create", subject.name, request, [](Changes& changes, const auto& asked) {
          return changes.Create(asked.opportunity(), "", asked.opportunity_id());
        });
  }
  return kind < 7 ? UpdateOpportunity(subject, etag) : Move(subject, etag);
}

Wish Wishes::UpdateOpportunity(const Subject& subject, const std::string& etag) {
  Chance& chance = plant_.world.chance();
  sales::v1::UpdateOpportunityRequest request;
  request.mutable_opportunity()->set_name(subject.name);
  request.mutable_opportunity()->set_etag(etag);
  request.set_request_id(RequestId());
  const std::uint64_t kind = chance.Below(5);
  if (kind < 2) {
    request.mutable_opportunity()->set_display_name(chance.OneOf<const char*>(kTitles));
    Wish wish = WishOf<Opportunity>("rename", subject.name, request, Rename);
    wish.changes_min = 0;
    return wish;
  }
  request.mutable_opportunity()->mutable_amount()->set_units(
      static_cast<std::int64_t>(1 + chance.Below(9)));
  if (kind < 4) return WishOf<Opportunity>("raise", subject.name, request, RaiseAmount);
  Wish wish = WishOf<Opportunity>("raise both", subject.name, request, RaiseWithProduct);
  wish.changes_min = 2;
  return wish;
}

Wish Wishes::Move(const Subject& subject, const std::string& etag) {
  Chance& chance = plant_.world.chance();
  const std::string stage = StageName(chance.OneOf<const char*>(kStages));
  const auto verb = [](auto run) {
    return
        [run](Changes& changes, const auto& asked) { return run(changes.call(), asked, changes); };
  };
  Wish wish;
  if (chance.PerMille(600)) {
    sales::v1::MoveOpportunityRequest request;
    request.set_name(subject.name);
    request.set_etag(etag);
    request.set_stage(stage);
    request.set_request_id(RequestId());
    wish = WishOf<Opportunity>("move", subject.name, request, verb(sales::MoveOpportunity));
  } else {
    sales::v1::ReopenOpportunityRequest request;
    request.set_name(subject.name);
    request.set_etag(etag);
    request.set_stage(stage);
    request.set_request_id(RequestId());
    wish = WishOf<Opportunity>("reopen", subject.name, request, verb(sales::ReopenOpportunity));
  }
  // The opportunity and its history.
  wish.changes_min = 2;
  return wish;
}

}  // namespace lotura::simulation
