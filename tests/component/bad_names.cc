// Bad input: whom a request means, in which version, and whether it was made before.
#include <fmt/format.h>

#include "tests/component/bad_requests.h"

namespace lotura::component {
namespace {

using Code = absl::StatusCode;

Caller OtherTenant() { return {.tenant = 2}; }

bool MeansOneRecord(Kind kind) {
  switch (kind) {
    case Kind::kGet:
    case Kind::kBatchGet:
    case Kind::kUpdate:
    case Kind::kBatchUpdate:
    case Kind::kDelete:
    case Kind::kUndelete:
    case Kind::kVerb:
      return true;
    case Kind::kList:
    case Kind::kCreate:
    case Kind::kBatchCreate:
    case Kind::kImport:
      return false;
  }
  return false;
}

}  // namespace

void BadRequests::AddNames() {
  if (rpc_.declaration == nullptr || rpc_.kind == Kind::kImport) return;
  if (MeansOneRecord(rpc_.kind)) {
    AddWrongNames();
    AddNamesOfOthers();
  }
  AddStaleEtags();
  AddRequestIds();
  AddBatches();
}

MessagePtr BadRequests::Named(const std::string& name) {
  MessagePtr request = samples_.ValidRequest(rpc_);
  if (rpc_.kind == Kind::kBatchGet) {
    request->GetReflection()->SetRepeatedString(
        request.get(), request->GetDescriptor()->FindFieldByName("names"), 0, name);
  } else if (rpc_.kind == Kind::kUpdate || rpc_.kind == Kind::kBatchUpdate) {
    SetText(RecordOf(*request), "name", name);
  } else {
    SetText(*request, "name", name);
  }
  return request;
}

void BadRequests::AddWrongNames() {
  const std::string good = samples_.NameOf(*rpc_.declaration);
  const std::string collection = rpc_.declaration->pattern().Collection();
  for (const std::string& name :
       {std::string(), std::string("x"), collection, collection + "/", collection + "/Upper",
        "strangers/" + good.substr(good.rfind('/') + 1), good + "/", good + "/more", "/" + good,
        good + std::string(64, 'a'), good + " ", "//sales.lotura/" + good}) {
    Add(fmt::format("the name '{}'", name), *Named(name), "NAME_INVALID", NamePath());
  }
}

void BadRequests::AddNamesOfOthers() {
  const auto not_found = [](const char* what) {
    return BadRequest{
        .what = what, .code = Code::kNotFound, .reason = "NOT_FOUND", .field = "name"};
  };
  const std::string good = samples_.NameOf(*rpc_.declaration);
  Add(*Named(NobodyBeside(*rpc_.declaration, good)), not_found("a record that is not there"));
  BadRequest other = not_found("a record of another tenant");
  if (rpc_.method->options().GetExtension(options::v1::rpc).operator_only()) {
    other.code = Code::kPermissionDenied;
    other.reason = "OPERATOR_ONLY";
    other.field = "tenant";
  }
  other.caller = OtherTenant();
  Add(*Named(good), other);
}

void BadRequests::AddStaleEtags() {
  const BadRequest stale{.what = "a stale etag",
                         .code = Code::kAborted,
                         .reason = "STALE_ETAG",
                         .field = "current_etag"};
  const MessagePtr request = samples_.ValidRequest(rpc_);
  if (rpc_.kind == Kind::kUpdate || rpc_.kind == Kind::kBatchUpdate) {
    SetText(RecordOf(*request), "etag", "\"v0\"");
    Add(*request, stale);
  } else if (HasFieldNamed(*request, "etag")) {
    SetText(*request, "etag", "\"v0\"");
    Add(*request, stale);
  }
}

void BadRequests::AddRequestIds() {
  MessagePtr request = samples_.ValidRequest(rpc_);
  if (!HasFieldNamed(*request, "request_id")) return;
  for (const char* malformed : {"7", "not-a-request-id", "11111111222243338444555555555555",
                                "{11111111-2222-4333-8444-555555555555}"}) {
    SetText(*request, "request_id", malformed);
    Add(fmt::format("the request_id '{}'", malformed), *request, "REQUEST_ID_INVALID",
        "request_id");
  }
  const Rpc* create = samples_.FindFor(*rpc_.declaration, Kind::kCreate);
  if (create == nullptr) return;
  const std::string used = samples_.NewRequestId();
  const MessagePtr first = samples_.ValidRequest(*create);
  SetText(*first, "request_id", used);
  const auto created = platform_.Call(*create->method, *first);
  if (!created.ok())
    return Add("the first use of a request_id: " + created.status().ToString(), *first, "OK", "");
  SetText(*request, "request_id", used);
  if (rpc_.kind == Kind::kCreate)
    SetText(*request, rpc_.declaration->singular() + "_id",
            IdOfNobody(rpc_.declaration->pattern().id_form()));
  Add("a request_id of another request", *request, "REQUEST_ID_REUSED", "request_id");
  if (rpc_.kind != Kind::kCreate) return;
  Add(*first, {.what = "a request_id of another caller",
               .reason = "REQUEST_ID_REUSED",
               .field = "request_id",
               .caller = {.user = "users/bert"}});
}

void BadRequests::AddBatches() {
  const bool batch = rpc_.kind == Kind::kBatchGet || rpc_.kind == Kind::kBatchCreate ||
                     rpc_.kind == Kind::kBatchUpdate;
  if (!batch) return;
  const char* items = rpc_.kind == Kind::kBatchGet ? "names" : "requests";
  const MessagePtr valid = samples_.ValidRequest(rpc_);
  const auto* field = valid->GetDescriptor()->FindFieldByName(items);
  const pbuf::Reflection& reflection = *valid->GetReflection();
  MessagePtr request(valid->New());
  request->CopyFrom(*valid);
  reflection.ClearField(request.get(), field);
  Add("an empty batch", *request, "REQUIRED", items);
  for (int i = 0; i <= resource::kBatchMax; ++i) {
    if (rpc_.kind == Kind::kBatchGet) {
      reflection.AddString(request.get(), field, fmt::format("x{}", i));
    } else {
      reflection.AddMessage(request.get(), field);
    }
  }
  Add("too many in a batch", *request, "TOO_MANY", items);
  if (HasFieldNamed(*valid, "parent")) {
    request->CopyFrom(*valid);
    SetText(*request, "parent", samples_.ParentOf(*rpc_.declaration) + "x");
    Add("a batch under another parent", *request, "PARENT_MISMATCH",
        rpc_.kind == Kind::kBatchCreate ? "requests[0].parent" : NamePath());
    SetText(*request, "parent", "strangers/x");
    Add("a batch under a parent of another type", *request, "PARENT_INVALID", "parent");
  }
  request->CopyFrom(*valid);
  if (rpc_.kind == Kind::kBatchGet) {
    reflection.AddString(request.get(), field, samples_.NameOf(*rpc_.declaration));
    return Add("a name asked for twice", *request, "DUPLICATE_NAME", "names[1]");
  }
  SetText(*reflection.MutableRepeatedMessage(request.get(), field, 0), "request_id",
          samples_.NewRequestId());
  Add("a request_id within a batch", *request, "NOT_IN_BATCH", "requests[0].request_id");
  request->CopyFrom(*valid);
  SetTrue(*reflection.MutableRepeatedMessage(request.get(), field, 0), "validate_only");
  Add("validate_only within a batch", *request, "NOT_IN_BATCH", "requests[0].validate_only");
}

}  // namespace lotura::component
