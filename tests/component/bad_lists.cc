// Bad input: how a list is asked for.
#include <fmt/format.h>

#include "libs/resource/lister.h"
#include "tests/component/bad_requests.h"

namespace lotura::component {

void BadRequests::AddLists() {
  AddPages();
  if (rpc_.kind != Kind::kList) return;
  AddFilters();
  for (const char* order : {"no_such_field", "name desc, no_such_field", "update_time", "name; x",
                            "name sideways", "name,", "\x01"}) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    SetText(*request, "order_by", order);
    Add(fmt::format("the order '{}'", order), *request, "ORDER_UNKNOWN", "order_by");
  }
  if (HasFieldNamed(*samples_.ValidRequest(rpc_), "parent")) {
    for (const char* parent : {"", "x", "strangers/x", "strangers/-", "/-"}) {
      const MessagePtr request = samples_.ValidRequest(rpc_);
      SetText(*request, "parent", parent);
      Add(fmt::format("the parent '{}'", parent), *request, "PARENT_INVALID", "parent");
    }
  }
  AddTokens();
}

// Of whatever answers page by page, also a query.
void BadRequests::AddPages() {
  const auto* page_size = rpc_.method->input_type()->FindFieldByName("page_size");
  if (page_size == nullptr) return;
  for (const int size : {-1, std::numeric_limits<int>::min()}) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    request->GetReflection()->SetInt32(request.get(), page_size, size);
    Add("a negative page size", *request, "OUT_OF_RANGE", "page_size");
  }
  Add("no token", *WithToken("nonsense"), "PAGE_TOKEN_INVALID", "page_token");
  for (const auto& [path, rpc] : samples_.rpcs()) {
    const bool has_pages = rpc.kind == Kind::kList && rpc.method != rpc_.method &&
                           samples_.FindFor(*rpc.declaration, Kind::kCreate) != nullptr;
    if (!has_pages) continue;
    Add("a token of another method", *WithToken(TokenFor(rpc)), "PAGE_TOKEN_INVALID", "page_token");
    break;
  }
}

MessagePtr BadRequests::WithToken(const std::string& token) {
  MessagePtr request = samples_.ValidRequest(rpc_);
  SetText(*request, "page_token", token);
  return request;
}

void BadRequests::AddFilters() {
  const std::vector<std::pair<std::string, const char*>> filters = {
      {"no_such_field = 1", "FILTER_UNKNOWN_FIELD"},
      {"name.part = 1", "FILTER_UNKNOWN_FIELD"},
      {"create_time = 5", "FILTER_TYPE"},
      {"create_time > \"yesterday\"", "FILTER_TYPE"},
      {"no_such_function(name)", "FILTER_UNKNOWN_FUNCTION"},
      {"name =", "FILTER_SYNTAX"},
      {"(name = \"x\"", "FILTER_SYNTAX"},
      {"name = \"x\" AND", "FILTER_SYNTAX"},
      {"name = \"x", "FILTER_SYNTAX"},
      {std::string("name = \"a\0b\"", 12), "FILTER_SYNTAX"},
      {fmt::format("{0:(>500}name = 1{0:)>500}", ""), "FILTER_SYNTAX"},
      {fmt::format("name = \"{:x>10000}\"", ""), "FILTER_SYNTAX"}};
  for (const auto& [filter, reason] : filters) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    SetText(*request, "filter", filter);
    Add(fmt::format("the filter '{:.40}'", filter), *request, reason, "filter");
  }
}

std::string BadRequests::TokenFor(const Rpc& list) {
  const MessagePtr request = samples_.ValidRequest(list);
  request->GetReflection()->SetInt32(request.get(),
                                     request->GetDescriptor()->FindFieldByName("page_size"), 1);
  const auto page = platform_.Call(*list.method, *request);
  if (!page.ok()) return "";
  return (*page)->GetReflection()->GetString(
      **page, (*page)->GetDescriptor()->FindFieldByName("next_page_token"));
}

void BadRequests::AddTokens() {
  const std::string token = TokenFor(rpc_);
  // What nobody can create has no second page here.
  if (samples_.FindFor(*rpc_.declaration, Kind::kCreate) == nullptr) return;
  for (const std::size_t place : {std::size_t{0}, token.size() / 2, token.size() - 1}) {
    std::string changed = token;
    changed.at(place) = changed.at(place) == 'A' ? 'B' : 'A';
    Add(fmt::format("a token changed at {}", place), *WithToken(changed), "PAGE_TOKEN_INVALID",
        "page_token");
  }
  Add("a token cut short", *WithToken(token.substr(0, token.size() / 2)), "PAGE_TOKEN_INVALID",
      "page_token");
  MessagePtr other = WithToken(token);
  SetText(*other, "filter", "create_time > \"2000-01-01T00:00:00Z\"");
  Add("a token of another filter", *other, "PAGE_TOKEN_MISMATCH", "page_token");
  other = WithToken(token);
  if (HasFieldNamed(*other, "show_deleted")) {
    SetTrue(*other, "show_deleted");
    Add("a token of another list", *other, "PAGE_TOKEN_MISMATCH", "page_token");
  }
  if (rpc_.declaration->orders().size() > 1) {
    other = WithToken(token);
    SetText(*other, "order_by", rpc_.declaration->orders().back().by);
    Add("a token of another order", *other, "PAGE_TOKEN_MISMATCH", "page_token");
  }
  if (HasFieldNamed(*other, "parent")) {
    other = WithToken(token);
    const std::string parent = samples_.ParentOf(*rpc_.declaration);
    SetText(*other, "parent", parent.substr(0, parent.rfind('/')) + "/-");
    Add("a token of another parent", *other, "PAGE_TOKEN_MISMATCH", "page_token");
  }
  Add(*WithToken(token), {.what = "a token of another caller",
                          .reason = "PAGE_TOKEN_MISMATCH",
                          .field = "page_token",
                          .caller = {.user = "users/bert"}});
  Add(*WithToken(token), {.what = "a token of another tenant",
                          .reason = "PAGE_TOKEN_INVALID",
                          .field = "page_token",
                          .caller = {.tenant = 2}});
}

}  // namespace lotura::component
