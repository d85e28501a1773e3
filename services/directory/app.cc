#include "services/directory/app.h"

#include "services/directory/api_key.h"
#include "services/directory/client.h"
#include "services/directory/get_api_key_use.h"
#include "services/directory/issue_api_key.h"
#include "services/directory/last_administrator.h"
#include "services/directory/migrations.sql.h"
#include "services/directory/permission_set.h"
#include "services/directory/role.h"
#include "services/directory/role_assignment.h"
#include "services/directory/team.h"
#include "services/directory/tenant.h"
#include "services/directory/tend_tenants.h"
#include "services/directory/user.h"

namespace lotura::directory {
namespace {

absl::Status Declare(resource::Catalog& catalog) {
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Team>(TeamRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::User>(UserRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::PermissionSet>(PermissionSetRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Role>(RoleRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::RoleAssignment>(RoleAssignmentRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Client>(ClientRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::Tenant>(TenantRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::ApiKey>(ApiKeyRules()));
  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::ApiKeySecret>());
  catalog.AddUnitRule(KeepAdministrator);
  return absl::OkStatus();
}

absl::Status Serve(host::Service& service) {
  if (service.config().OperatorTenant().has_value())
    service.Repeat({.name = "tenants", .run = TendTenants});
  service.Handle("lotura.directory.v1.ApiKeyService/IssueApiKey", IssueApiKey);
  service.Handle("lotura.directory.v1.ApiKeyService/GetApiKeyUse", GetApiKeyUse);
  return absl::OkStatus();
}

}  // namespace

host::ServiceSpec Spec() {
  return {.name = "directory", .migrations = &sql::kMigrations, .declare = Declare, .serve = Serve};
}

}  // namespace lotura::directory
