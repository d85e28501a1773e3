// One list of organizations: its pages, and how long they take.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <optional>
#include <string>

#include "libs/rpc/client.h"
#include "lotura/accounts/v1/organization.pb.h"
#include "lotura/accounts/v1/organization_service.pb.h"
#include "tools/bench/load/latencies.h"

namespace lotura::bench {

struct ListSpec {
  // Whose organizations.
  std::string bearer;
  std::string order_by;
  std::string filter;
};

// Not thread-safe.
class List {
 public:
  using Page = std::unique_ptr<accounts::v1::ListOrganizationsResponse>;

  // The client outlives it.
  List(rpc::Client& client, ListSpec spec) : client_(client), spec_(std::move(spec)) {}

  // Goes to the page of fifty with this number, 1 for the first, or as far as there is one behind
  // the first. False if there is none: every page from then on would be the first.
  absl::StatusOr<bool> GoToPage(std::int64_t number);
  // Reads the page and keeps how long that took.
  absl::Status Measure();
  void ForgetMeasured() { latencies_ = Latencies(); }

  [[nodiscard]] Latencies& latencies() { return latencies_; }
  // Of the page that was read last.
  [[nodiscard]] int records() const { return records_; }

 private:
  absl::StatusOr<Page> Read(int page_size);
  // Passes so many records in pages of a size; returns how many it passed.
  absl::StatusOr<std::int64_t> Pass(std::int64_t records, int page_size);

  rpc::Client& client_;
  const ListSpec spec_;
  std::string token_;
  Latencies latencies_;
  int records_ = 0;
};

}  // namespace lotura::bench
