// What reports count, made of events.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/calendar.h"
#include "libs/base/money.h"
#include "lotura/sales/v1/opportunity.pb.h"

namespace lotura::analytics::domain {

// "//sales.lotura/products/gtx" of "products/gtx"; empty for an empty name.
std::string SalesName(std::string_view name);

// What part of an opportunity's money belongs to a product.
struct ProductShare {
  // Full name; empty for the whole of an opportunity without lines.
  std::string product;
  Amount amount;
  Amount close_amount;
};

// The shares of an opportunity, one for each product, in the order in which its lines name them.
// Both amounts are divided as the sums of the lines are, so that the shares add up to them.
std::vector<ProductShare> SharesOf(const sales::v1::Opportunity& opportunity);

// That an opportunity came into a stage.
struct StageEntry {
  // Full names; from_stage is empty at creation.
  std::string to_stage;
  std::string from_stage;
  Instant enter_time;
  // How long it was in from_stage.
  std::chrono::microseconds from_duration{0};
};

// Nothing for a change that leaves the stage as it was. `before` is null at creation.
std::optional<StageEntry> EntryOf(const sales::v1::Opportunity* before,
                                  const sales::v1::Opportunity& after);

}  // namespace lotura::analytics::domain
