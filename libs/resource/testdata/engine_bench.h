// The whole engine over PostgreSQL for one record type.
#pragma once

#include "libs/cache/memory_cache.h"
#include "libs/resource/standard_methods.h"
#include "libs/resource/testdata/bench.h"
#include "libs/testing/run_call.h"
#include "libs/testing/select.h"

namespace lotura::resource::testdata {

// Knows of no foreign record but those that a test names.
class KnownForeignRecords final : public ForeignRecords {
 public:
  absl::StatusOr<std::vector<std::string>> FindMissing(const TenantId&,
                                                       std::span<const std::string> names,
                                                       Deadline) const override {
    std::vector<std::string> missing;
    for (const std::string& name : names) {
      if (!known.contains(name)) missing.push_back(name);
    }
    return missing;
  }
  std::set<std::string> known;
};

class EngineBench {
 public:
  explicit EngineBench(Rules<v1::Widget> rules = {})
      : catalog_(WidgetCatalog(std::move(rules))),
        store_(reads_, writes_, clock_, catalog_.Declarations()),
        record_cache_(cache_, catalog_.Declarations()),
        record_reads_(store_, record_cache_, {}),
        lister_({lists_, reads_}, tokens_, catalog_.Declarations()),
        combiner_(store_, {}),
        work_({catalog_, store_, foreign_, ids_}, combiner_),
        imports_({{catalog_, store_, foreign_, ids_}, clock_, log_, metrics_, {}}) {
    // The store alone says what there is.
    cache_.SetReach(cache::MemoryCache::Reach::kUnreachable);
    record_reads_.Start(2);
    combiner_.Start(2);
    imports_.Start(2);
    const auto* service = v1::Widget::descriptor()->file()->FindServiceByName("WidgetService");
    const auto methods = StandardMethodsOf(*service, catalog_.types().front(),
                                           {work_, record_reads_, lister_, imports_})
                             .value();
    for (const auto& method : methods) methods_[method.method->name()] = method;
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Do(const Call& call, const std::string& method, const Request& request) {
    Call own = call;
    own.method = "lotura.testdata.v1.WidgetService/" + method;
    const auto& handler = methods_.at(method).handler;
    if (const auto* write = std::get_if<StandardMethod::Write>(&handler))
      return testing::AwaitWrite<Response>(own, request, *write);
    if (const auto* get = std::get_if<StandardMethod::Get>(&handler))
      return testing::AwaitGet<Response>(own, request, *get);
    LOTURA_ASSIGN_OR_RETURN(const auto answer,
                            std::get<StandardMethod::Read>(handler)(own, request));
    return static_cast<const Response&>(*answer);
  }
  absl::StatusOr<v1::Widget> Create(const v1::CreateWidgetRequest& request) {
    return Do<v1::Widget>(CallAs(1), "CreateWidget", request);
  }
  absl::StatusOr<v1::Widget> Update(const v1::UpdateWidgetRequest& request) {
    return Do<v1::Widget>(CallAs(1), "UpdateWidget", request);
  }
  absl::StatusOr<v1::Widget> Get(const std::string& name) {
    v1::GetWidgetRequest request;
    request.set_name(name);
    return Do<v1::Widget>(CallAs(1), "GetWidget", request);
  }
  std::int64_t Count(const std::string& table) {
    return reads_
        .Read(Deadline::After(std::chrono::seconds(10)),
              [&](pg::Tx& tx) -> absl::StatusOr<std::int64_t> {
                return testing::Select(tx, "SELECT count(*) FROM " + table).Int(0, 0);
              })
        .value();
  }
  const rpc::StreamHandler& import() const {
    return std::get<rpc::StreamHandler>(methods_.at("ImportWidgets").handler);
  }
  observe::Metrics& metrics() { return metrics_; }
  pg::Database& reads() { return reads_; }
  KnownForeignRecords& foreign() { return foreign_; }
  std::vector<std::string> Methods() const {
    std::vector<std::string> names;
    for (const auto& [name, method] : methods_) names.push_back(name);
    return names;
  }

 private:
  const std::string conninfo_ = NewWidgetDatabase();
  pg::Database reads_{{.conninfo = conninfo_, .schema = "testdata", .pool_size = 8}};
  pg::Database lists_{{.conninfo = conninfo_,
                       .schema = "testdata",
                       .pool_size = 4,
                       .plan_for = pg::PlanFor::kLists}};
  pg::Database writes_{{.conninfo = conninfo_,
                        .schema = "testdata",
                        .application_name = "widget-writes",
                        .pool_size = 4,
                        .plan_for = pg::PlanFor::kWrites}};
  SystemClock clock_;
  RandomIds ids_{clock_};
  PageTokens tokens_ = PageTokens::Create({{"k1", AesKey{1}}}).value();
  KnownForeignRecords foreign_;
  Catalog catalog_;
  PgStore store_;
  cache::Counts counts_;
  cache::MemoryCache cache_{{}, clock_, counts_};
  RecordCache record_cache_;
  RecordReads record_reads_;
  Lister lister_;
  Combiner combiner_;
  UnitOfWork work_;
  observe::Metrics metrics_{"widget"};
  observe::Log log_{{.service = "widget", .level = observe::Level::kError}, metrics_};
  Imports imports_;
  std::map<std::string, StandardMethod> methods_;
};

inline v1::CreateWidgetRequest NewWidget(const std::string& id,
                                         const std::string& display_name = "A widget") {
  v1::CreateWidgetRequest request;
  request.set_widget_id(id);
  request.mutable_widget()->set_display_name(display_name);
  return request;
}

inline v1::UpdateWidgetRequest Rename(const std::string& name, const std::string& display_name,
                                      const std::string& etag = "") {
  v1::UpdateWidgetRequest request;
  request.mutable_widget()->set_name(name);
  request.mutable_widget()->set_display_name(display_name);
  request.mutable_widget()->set_etag(etag);
  request.mutable_update_mask()->add_paths("display_name");
  return request;
}

}  // namespace lotura::resource::testdata
