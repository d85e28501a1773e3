#include "tools/bench/lister/list.h"

#include <algorithm>

#include "libs/base/errors.h"

namespace lotura::bench {
namespace {

constexpr int kPageSize = 50;
// As large as a filter that one of a hundred passes allows within the budget of a list.
constexpr int kStride = 500;
constexpr std::chrono::seconds kCallBound{30};
constexpr char kMethod[] = "lotura.accounts.v1.OrganizationService/ListOrganizations";

}  // namespace

absl::StatusOr<List::Page> List::Read(int page_size) {
  accounts::v1::ListOrganizationsRequest request;
  request.set_page_size(page_size);
  request.set_order_by(spec_.order_by);
  request.set_filter(spec_.filter);
  request.set_page_token(token_);
  return client_.Call<accounts::v1::ListOrganizationsResponse>(
      kMethod, request,
      {.deadline = Deadline::After(kCallBound),
       .bearer = spec_.bearer,
       .repeat = rpc::Repeat::kSafe});
}

absl::StatusOr<std::int64_t> List::Pass(std::int64_t records, int page_size) {
  std::int64_t passed = 0;
  while (passed < records) {
    const auto size = static_cast<int>(std::min<std::int64_t>(records - passed, page_size));
    LOTURA_ASSIGN_OR_RETURN(const Page page, Read(size));
    if (page->next_page_token().empty()) break;
    token_ = page->next_page_token();
    passed += page->organizations_size();
  }
  return passed;
}

absl::StatusOr<bool> List::GoToPage(std::int64_t number) {
  token_.clear();
  const std::int64_t wanted = (number - 1) * kPageSize;
  LOTURA_ASSIGN_OR_RETURN(std::int64_t passed, Pass(wanted, kStride));
  // The list ends within the stride.
  if (passed < wanted) {
    LOTURA_ASSIGN_OR_RETURN(const std::int64_t rest, Pass(wanted - passed, kPageSize));
    passed += rest;
  }
  return wanted == 0 || passed > 0;
}

absl::Status List::Measure() {
  const auto began = std::chrono::steady_clock::now();
  LOTURA_ASSIGN_OR_RETURN(const Page page, Read(kPageSize));
  latencies_.Add(std::chrono::steady_clock::now() - began);
  records_ = page->organizations_size();
  return absl::OkStatus();
}

}  // namespace lotura::bench
