#include "tests/component/platform.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <unistd.h>

#include <fstream>

#include "libs/testing/eventually.h"
#include "libs/testing/select.h"
#include "libs/testing/service_bench.h"
#include "lotura/directory/v1/tenant.pb.h"
#include "services/all/services.h"

namespace lotura::component {
namespace {

// Tables of the services, each partitioned one as a whole, but for who was shown what: that changes
// with every answer.
constexpr char kTables[] =
    "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = "
    "c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN "
    "('pg_catalog', 'information_schema', 'pg_toast') AND c.relname <> 'audit_read' ORDER BY 1, 2";

Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

std::string NewPlatformDatabase() {
  return testing::Postgres().NewDatabase("platform", [](const std::string& conninfo) {
    for (const host::ServiceSpec& spec : AllServices()) testing::MigrateService(spec, conninfo);
  });
}

}  // namespace

TenantId TenantOf(std::uint8_t number) {
  TenantId tenant;
  tenant.value.bytes[15] = number;
  return tenant;
}

Platform::Platform(Operated operated)
    : null_(open("/dev/null", O_WRONLY | O_CLOEXEC)),
      log_({.service = "component", .descriptor = null_}, metrics_),
      page_tokens_(*resource::PageTokens::Create({{.id = "k1"}})),
      executor_({.threads = 4}, metrics_) {
  config_.postgres = NewPlatformDatabase();
  config_.environment = "development";
  config_.read_connections = 2;
  config_.write_connections = 1;
  if (operated == Operated::kYes) {
    config_.operator_tenant = TenantOf(1).value.ToString();
    config_.tenant_grace_days = 0;
    config_.tenant_settle_seconds = 5;
  }
  const std::string keys = directory_.path() + "/keys.json";
  std::ofstream(keys) << issuer_.KeySetJson();
  verifier_ = *rpc::TokenVerifier::Create(
      {.issuers = {{.id = "test", .keys = keys, .rules = rules_}}}, clock_, log_, metrics_);
  keys_.emplace(access::ApiKeys::Parts{*verifier_, authority_, key_uses_, clock_}, metrics_);
  door_.emplace(rpc::DoorOptions{}, rpc::PipelineParts{*keys_, executor_, clock_, log_, metrics_,
                                                       &authority_, nullptr, &witness_});
  StartServices();
  server_ = *rpc::Server::Start({}, *door_);
  channel_ = server_->InProcessChannel();
  counter_ =
      std::make_unique<pg::Database>(pg::Options{.conninfo = config_.postgres, .pool_size = 1});
  if (operated == Operated::kNo) return;
  testing::MustBeOk(Register(2));
  const auto is_served = [this] {
    return std::ranges::all_of(services_, [](const auto& service) {
      return service->access().policies.CheckTenant(TenantOf(2)).ok();
    });
  };
  if (!testing::Eventually(is_served, std::chrono::seconds(60)))
    throw std::runtime_error("a tenant with a record is not served");
}

absl::Status Platform::Register(std::uint8_t tenant) {
  directory::v1::CreateTenantRequest request;
  request.set_tenant_id(TenantOf(tenant).value.ToString());
  request.mutable_tenant()->set_display_name(fmt::format("Tenant {}", tenant));
  request.mutable_tenant()->set_administrator("anna");
  const auto* method = directory::v1::Tenant::descriptor()
                           ->file()
                           ->FindServiceByName("TenantService")
                           ->FindMethodByName("CreateTenant");
  return Call(*method, request).status();
}

Platform::~Platform() {
  channel_.reset();
  server_.reset();
  StopStreams();
  services_.clear();
  close(null_);
}

void Platform::StartServices() {
  const host::SharedParts shared{config_,    clock_,     ids_,      log_,   metrics_,
                                 readiness_, *door_,     cache_,    bus_,   page_tokens_,
                                 authority_, audit_key_, &witness_, &cache_};
  std::vector<std::string> packages{feed::kEventsPackage, access::kAccessPackage,
                                    audit::kAuditPackage};
  for (const host::ServiceSpec& spec : AllServices()) {
    auto service = host::Service::Create(spec, shared);
    testing::MustBeOk(service.status());
    services_.push_back(*std::move(service));
    packages.push_back(fmt::format("lotura.{}.v1", spec.name));
  }
  events_ = host::ServeEvents(services_, *door_);
  access_ = host::ServeAccess(services_, *door_);
  audit_ = host::ServeAudit(services_, page_tokens_, *door_);
  witness_.Prepare(door_->Services());
  testing::MustBeOk(door_->CheckComplete(packages));
  for (const auto& service : services_) testing::MustBeOk(service->Start());
}

void Platform::StopStreams() {
  for (const auto& service : services_) service->Stop();
}

std::string Platform::Dump(const std::string& query) {
  const auto text = counter_->Read(Soon(), [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
    const pg::Rows rows = testing::Select(tx, query);
    std::string all;
    for (std::size_t i = 0; i < rows.size(); ++i) all += rows.String(i, 0) + "\n";
    return all;
  });
  testing::MustBeOk(text.status());
  return *text;
}

const std::string& Platform::TokenOf(const Caller& caller) {
  if (!caller.api_key.empty()) return caller.api_key;
  std::string& token = tokens_[caller];
  if (token.empty()) {
    Principal principal{.name = caller.user, .permissions = {"*"}, .grounds = caller.grounds};
    principal.tenant = TenantOf(caller.tenant);
    token = issuer_.Mint(principal, rules_, clock_.Now() + std::chrono::hours(1));
  }
  return token;
}

rpc::RawAnswer Platform::Send(const std::string& method, const std::vector<std::string>& messages,
                              const Caller& caller) {
  return rpc::Send(channel_, {.method = method,
                              .messages = messages,
                              .token = TokenOf(caller),
                              .deadline = std::chrono::seconds(30)});
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Platform::Call(
    const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
    const Caller& caller) {
  const rpc::RawAnswer answer =
      Send(fmt::format("{}/{}", method.service()->full_name(), method.name()),
           {request.SerializeAsString()}, caller);
  if (!answer.status.ok()) return answer.status;
  std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(method.output_type())
          ->New());
  if (!message->ParseFromString(answer.messages.at(0))) return Internal("the answer is no message");
  return message;
}

RowCounts Platform::CountRows() {
  const auto counts = counter_->Read(Soon(), [](pg::Tx& tx) -> absl::StatusOr<RowCounts> {
    std::string text;
    const pg::Rows tables = testing::Select(tx, kTables);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      text += fmt::format("{0}SELECT '{1}.{2}', count(*) FROM {1}.{2}",
                          text.empty() ? "" : " UNION ALL ", tables.Text(i, 0), tables.Text(i, 1));
    }
    const pg::Rows rows = testing::Select(tx, text);
    RowCounts found;
    for (std::size_t i = 0; i < rows.size(); ++i) found[rows.String(i, 0)] = rows.Int(i, 1);
    return found;
  });
  testing::MustBeOk(counts.status());
  return *counts;
}

}  // namespace lotura::component
