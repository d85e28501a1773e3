#include "services/analytics/on_opportunity.h"

#include <map>

#include "libs/access/record_states.h"
#include "lotura/sales/v1/opportunity.pb.h"
#include "services/analytics/domain/fact.h"
#include "services/analytics/queries.sql.h"

namespace lotura::analytics {
namespace {

using pg::Array;
using pg::Type;
using sales::v1::Opportunity;

constexpr std::int64_t kFirstEpoch = 1;

const char* StateText(Opportunity::State state) {
  if (state == Opportunity::STATE_WON) return "WON";
  return state == Opportunity::STATE_LOST ? "LOST" : "OPEN";
}

std::string DecimalOf(const google::type::Money& money) {
  return Amount::From(money).value_or(Amount()).ToDecimal();
}

// Facts of one tenant, column by column in the order of the statement's parameters.
class FactRows {
 public:
  void Add(const events::Event& event, const Opportunity& deal) {
    name_.Add(domain::SalesName(event.subject));
    epoch_.Add(pg::binary::Int64(event.epoch()));
    version_.Add(pg::binary::Int64(event.version()));
    deleted_.Add(pg::binary::Bool(deal.has_delete_time()));
    organization_.Add(deal.organization());
    owner_.Add(deal.owner());
    pipeline_.Add(domain::SalesName(deal.pipeline()));
    stage_.Add(domain::SalesName(deal.stage()));
    state_.Add(StateText(deal.state()));
    amount_.Add(DecimalOf(deal.amount()));
    amount_currency_.Add(deal.amount().currency_code());
    close_amount_.Add(DecimalOf(deal.close_amount()));
    close_amount_currency_.Add(deal.close_amount().currency_code());
    open_time_.Add(pg::binary::Timestamp(ToInstant(deal.open_time())));
    const auto close_day = ToDay(deal.close_date());
    close_day.has_value() ? close_date_.Add(pg::binary::Date(*close_day)) : close_date_.AddNull();
    AddShares(deal);
  }

  [[nodiscard]] pg::Params ParamsFor(const TenantId& tenant) const {
    pg::Params params;
    params.Tenant(tenant);
    for (const Array* column :
         {&name_, &epoch_, &version_, &deleted_, &organization_, &owner_, &pipeline_, &stage_,
          &state_, &amount_, &amount_currency_, &close_amount_, &close_amount_currency_,
          &open_time_, &close_date_, &products_, &product_amounts_, &product_close_amounts_}) {
      params.Add(*column);
    }
    return params;
  }

 private:
  void AddShares(const Opportunity& deal) {
    std::vector<std::string> products;
    std::vector<std::string> amounts;
    std::vector<std::string> close_amounts;
    for (const domain::ProductShare& share : domain::SharesOf(deal)) {
      products.push_back(share.product);
      amounts.push_back(share.amount.ToDecimal());
      close_amounts.push_back(share.close_amount.ToDecimal());
    }
    products_.Add(pg::ArrayLiteral(products));
    product_amounts_.Add(pg::ArrayLiteral(amounts));
    product_close_amounts_.Add(pg::ArrayLiteral(close_amounts));
  }

  Array name_{Type::kText};
  Array epoch_{Type::kInt64};
  Array version_{Type::kInt64};
  Array deleted_{Type::kBool};
  Array organization_{Type::kText};
  Array owner_{Type::kText};
  Array pipeline_{Type::kText};
  Array stage_{Type::kText};
  Array state_{Type::kText};
  Array amount_{Type::kText};
  Array amount_currency_{Type::kText};
  Array close_amount_{Type::kText};
  Array close_amount_currency_{Type::kText};
  Array open_time_{Type::kTimestamptz};
  Array close_date_{Type::kDate};
  Array products_{Type::kText};
  Array product_amounts_{Type::kText};
  Array product_close_amounts_{Type::kText};
};

// Stage entries of one tenant.
class EntryRows {
 public:
  void Add(const events::Event& event, const domain::StageEntry& entry) {
    opportunity_.Add(domain::SalesName(event.subject));
    epoch_.Add(pg::binary::Int64(event.epoch()));
    version_.Add(pg::binary::Int64(event.version()));
    to_stage_.Add(entry.to_stage);
    enter_time_.Add(pg::binary::Timestamp(entry.enter_time));
    from_stage_.Add(entry.from_stage);
    from_microseconds_.Add(pg::binary::Int64(entry.from_duration.count()));
  }

  [[nodiscard]] bool empty() const { return opportunity_.size() == 0; }

  [[nodiscard]] pg::Params ParamsFor(const TenantId& tenant) const {
    pg::Params params;
    params.Tenant(tenant);
    for (const Array* column : {&opportunity_, &epoch_, &version_, &to_stage_, &enter_time_,
                                &from_stage_, &from_microseconds_})
      params.Add(*column);
    return params;
  }

 private:
  Array opportunity_{Type::kText};
  Array epoch_{Type::kInt64};
  Array version_{Type::kInt64};
  Array to_stage_{Type::kText};
  Array enter_time_{Type::kTimestamptz};
  Array from_stage_{Type::kText};
  Array from_microseconds_{Type::kInt64};
};

// Opportunities of one tenant that go on in another epoch than the first.
class ContinuedRows {
 public:
  void Add(const events::Event& event) {
    opportunity_.Add(domain::SalesName(event.subject));
    epoch_.Add(pg::binary::Int64(event.epoch()));
    version_.Add(pg::binary::Int64(event.version()));
  }

  [[nodiscard]] bool empty() const { return opportunity_.size() == 0; }

  [[nodiscard]] pg::Params ParamsFor(const TenantId& tenant) const {
    pg::Params params;
    params.Tenant(tenant);
    for (const Array* column : {&opportunity_, &epoch_, &version_}) params.Add(*column);
    return params;
  }

 private:
  Array opportunity_{Type::kText};
  Array epoch_{Type::kInt64};
  Array version_{Type::kInt64};
};

struct TenantRows {
  FactRows facts;
  EntryRows entries;
  ContinuedRows continued;
};

absl::Status AddEntry(const events::Event& event, EntryRows& rows) {
  LOTURA_ASSIGN_OR_RETURN(const std::optional<Opportunity> before, event.Before<Opportunity>());
  LOTURA_ASSIGN_OR_RETURN(const Opportunity after, event.After<Opportunity>());
  const auto entry = domain::EntryOf(before.has_value() ? &*before : nullptr, after);
  if (entry.has_value()) rows.Add(event, *entry);
  return absl::OkStatus();
}

absl::Status AddFact(const events::Event& event, FactRows& rows) {
  LOTURA_ASSIGN_OR_RETURN(const Opportunity after, event.After<Opportunity>());
  rows.Add(event, after);
  return absl::OkStatus();
}

void Write(pg::Tx& tx, const TenantId& tenant, const TenantRows& rows) {
  tx.Run(sql::kUpsertOpportunityFacts, rows.facts.ParamsFor(tenant));
  // Before, so that they are not in the way, and behind, since they may be among what is added.
  const auto forget_lost = [&] {
    if (!rows.continued.empty()) tx.Run(sql::kForgetLostEntries, rows.continued.ParamsFor(tenant));
  };
  forget_lost();
  if (!rows.entries.empty()) tx.Run(sql::kAddStageEntries, rows.entries.ParamsFor(tenant));
  forget_lost();
}

}  // namespace

absl::Status ProjectOpportunities(pg::Tx& tx, std::span<const events::Event> events) {
  std::map<TenantId, TenantRows> tenants;
  for (const events::Event& event : events) {
    if (!event.IsAbout<Opportunity>()) continue;
    TenantRows& rows = tenants[event.tenant];
    LOTURA_RETURN_IF_ERROR(AddEntry(event, rows.entries));
    if (event.epoch() > kFirstEpoch) rows.continued.Add(event);
  }
  for (const events::Event* event : events::NewestOf<Opportunity>(events))
    LOTURA_RETURN_IF_ERROR(AddFact(*event, tenants[event->tenant].facts));
  for (const auto& [tenant, rows] : tenants) Write(tx, tenant, rows);
  // Together with the facts: who may read an opportunity decides for whom it counts.
  access::ProjectRecordStates(
      tx, events, [](const events::Event& event) { return event.IsAbout<Opportunity>(); });
  return absl::OkStatus();
}

}  // namespace lotura::analytics
