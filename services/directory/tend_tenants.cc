#include "services/directory/tend_tenants.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/util/time_util.h>

#include "libs/access/tenants.h"
#include "lotura/directory/v1/tenant.pb.h"
#include "services/directory/provisioning.h"
#include "services/directory/queries.sql.h"

namespace lotura::directory {
namespace {

using MessagePtr = resource::UnitOfWork::MessagePtr;

constexpr std::chrono::seconds kBound{10};
// In one step; the others follow in the next.
constexpr std::int64_t kTenantsMax = 100;

Call CallIn(const host::StepContext& context, const TenantId& tenant, const char* method) {
  return {.principal = {.tenant = tenant,
                        .name = "services/directory",
                        .permissions = {"*"},
                        .grounds = Grounds::kToken},
          .method = std::string("lotura.directory.v1.TenantService/") + method,
          .deadline = Deadline::After(kBound),
          .trace = {},
          .now = context.clock.Now(),
          .cause = {}};
}

absl::StatusOr<std::vector<std::string>> NamesOf(const host::StepContext& context,
                                                 const pg::Query& query, const pg::Params& params) {
  return context.database.Read(Deadline::After(kBound),
                               [&](pg::Tx& tx) -> absl::StatusOr<std::vector<std::string>> {
                                 const pg::Rows rows = tx.Run(query, params);
                                 std::vector<std::string> names;
                                 for (std::size_t i = 0; i < rows.size(); ++i)
                                   names.push_back(rows.String(i, 0));
                                 return names;
                               });
}

// Changes the record of a tenant as `change` says, unless it says that nothing is to be changed.
template <typename Change>
absl::Status Update(const host::StepContext& context, const std::string& name, const char* method,
                    const Change& change) {
  const Call call = CallIn(context, *context.config.OperatorTenant(), method);
  const auto body = [&](resource::Changes& changes) -> absl::StatusOr<MessagePtr> {
    const resource::RecordType& type = changes.TypeOf(v1::Tenant::descriptor());
    LOTURA_ASSIGN_OR_RETURN(const resource::Record stored, changes.LoadAny(type, name, ""));
    v1::Tenant tenant = static_cast<const v1::Tenant&>(*stored.message);
    if (!change(tenant)) return stored.message;
    return changes.SaveAny(type, tenant, nullptr);
  };
  return context.unit_of_work.RunHere(call, v1::Tenant::default_instance(), body).status();
}

absl::StatusOr<v1::Tenant> Load(const host::StepContext& context, const std::string& name) {
  const Call call = CallIn(context, *context.config.OperatorTenant(), "GetTenant");
  resource::Changes changes(context.unit_of_work.parts(), call);
  return changes.Load<v1::Tenant>(name);
}

absl::Status ProvisionOne(const host::StepContext& context, const std::string& name) {
  LOTURA_ASSIGN_OR_RETURN(const v1::Tenant tenant, Load(context, name));
  const auto id = access::TenantOfRecord(name);
  const auto administrator = domain::FindAdministrator(tenant.administrator());
  if (!id.has_value() || !administrator.has_value())
    return Internal("a tenant was stored without a UUID or an administrator");
  const auto body = [&](resource::Changes& changes) -> absl::StatusOr<MessagePtr> {
    LOTURA_RETURN_IF_ERROR(Provision(changes, *administrator).status());
    return std::make_shared<const google::protobuf::Empty>();
  };
  LOTURA_RETURN_IF_ERROR(context.unit_of_work
                             .RunHere(CallIn(context, *id, "CreateTenant"),
                                      google::protobuf::Empty::default_instance(), body)
                             .status());
  return Update(context, name, "CreateTenant", [](v1::Tenant& record) {
    if (record.state() != v1::Tenant::STATE_PROVISIONING) return false;
    record.set_state(v1::Tenant::STATE_ACTIVE);
    return true;
  });
}

// Whoever reads the record then may remove what the tenant had: it does not come back.
absl::Status EndGrace(const host::StepContext& context, const std::string& name, Instant end) {
  using google::protobuf::util::TimeUtil;
  return Update(context, name, "DeleteTenant", [&](v1::Tenant& record) {
    const bool is_over =
        record.has_delete_time() &&
        TimeUtil::TimestampToMicroseconds(record.delete_time()) <= end.time_since_epoch().count();
    if (!is_over) return false;
    record.set_state(v1::Tenant::STATE_PURGING);
    return true;
  });
}

}  // namespace

absl::Status TendTenants(const host::StepContext& context) {
  const TenantId operator_tenant = *context.config.OperatorTenant();
  absl::Status all;
  LOTURA_ASSIGN_OR_RETURN(const std::vector<std::string> fresh,
                          NamesOf(context, sql::kTenantsToProvision,
                                  pg::Params().Tenant(operator_tenant).Int(kTenantsMax)));
  for (const std::string& name : fresh) all.Update(ProvisionOne(context, name));
  const Instant end = context.clock.Now() - std::chrono::days(context.config.tenant_grace_days);
  LOTURA_ASSIGN_OR_RETURN(const std::vector<std::string> over,
                          NamesOf(context, sql::kTenantsToPurge,
                                  pg::Params().Tenant(operator_tenant).Time(end).Int(kTenantsMax)));
  for (const std::string& name : over) all.Update(EndGrace(context, name, end));
  return all;
}

}  // namespace lotura::directory
