#include "libs/access/access_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "libs/access/vocabulary.h"
#include "libs/base/errors.h"
#include "libs/mutant/use.h"
#include "libs/resource/filter_predicate.h"
#include "libs/resource/references.h"

namespace lotura::access {
namespace {

using Response = v1::ExplainAccessResponse;
using resource::Access;
using resource::FieldAccess;

// A full name taken apart: "sales" and "opportunities/o1" of "//sales.lotura/opportunities/o1".
struct FullNameParts {
  std::string service;
  std::string name;
};

absl::StatusOr<FullNameParts> ParseFullName(const std::string& full_name) {
  if (!resource::IsFullName(full_name))
    return InvalidArgument("name", "NAME_INVALID",
                           "is not a full name, such as //sales.lotura/opportunities/o1");
  const std::size_t slash = full_name.find('/', 2);
  return FullNameParts{resource::ServiceOfType(full_name.substr(2, slash - 2)),
                       full_name.substr(slash + 1)};
}

// The enums have the same order.
Response::Access ToProto(Access access) { return static_cast<Response::Access>(access); }
Response::FieldAccess ToProto(FieldAccess access) {
  return static_cast<Response::FieldAccess>(access);
}

void ExplainRules(const resource::View& view, const google::protobuf::Message& record,
                  Response& response) {
  Access most = Access::kNone;
  for (const bool applies : {true, false}) {
    for (const resource::Grant& grant : view.grants()) {
      if (resource::FilterMatches(grant.records, record) != applies) continue;
      Response::Rule& rule = *response.add_rules();
      rule.set_role(grant.source);
      rule.set_rule(grant.rule);
      rule.set_access(ToProto(grant.access));
      rule.set_applies(applies);
      if (applies) most = std::max(most, grant.access);
    }
  }
  response.set_access(ToProto(most));
}

void ExplainFields(const resource::View& view, const google::protobuf::Message& record,
                   Response& response) {
  for (const resource::Column& column : view.declaration().columns()) {
    Response::Field& field = *response.add_fields();
    field.set_field(column.name);
    const FieldAccess most = view.Of(column, record);
    field.set_access(ToProto(most));
    if (most == FieldAccess::kHidden) continue;
    std::set<std::string> roles;
    for (const resource::Grant& grant : view.grants()) {
      if (view.In(grant, column) == most && resource::FilterMatches(grant.records, record))
        roles.insert(grant.source);
    }
    field.mutable_roles()->Add(roles.begin(), roles.end());
  }
}

void ExplainAssignments(const Standing& standing, Response& response) {
  for (const Subject::Held& held : standing.held()) {
    const directory::v1::RoleAssignment& assignment = *held.assignment;
    Response::Assignment& told = *response.add_assignments();
    told.set_name(assignment.name());
    told.set_role(assignment.role());
    told.set_member(assignment.member());
    *told.mutable_record_types() = assignment.record_types();
    if (assignment.has_expire_time()) *told.mutable_expire_time() = assignment.expire_time();
  }
}

const resource::RecordType* FindType(const resource::Catalog& catalog, const std::string& name) {
  const auto found = std::ranges::find_if(catalog.types(), [&](const resource::RecordType& type) {
    return !type.declaration->internal() && type.declaration->pattern().Matches(name);
  });
  return found == catalog.types().end() ? nullptr : &*found;
}

// The record, if the caller may read it.
absl::StatusOr<resource::Record> ReadFor(const Call& call, resource::Store& store,
                                         const resource::Declaration& declaration,
                                         const std::string& name) {
  LOTURA_ASSIGN_OR_RETURN(const auto records, store.Load(declaration, call.principal.tenant,
                                                         {&name, 1}, call.deadline));
  const resource::ViewPtr view = resource::ViewFor(call.principal, declaration);
  if (!records.front().has_value()) return NotFound(declaration.type(), name);
  if (!mutant::Omits("explain.record") && !view->Allows(Access::kRead, *records.front()->message))
    return NotFound(declaration.type(), name);
  return *records.front();
}

}  // namespace

void AccessService::Add(const std::string& service, const Source& source) {
  sources_.emplace(service, source);
}

void AccessService::ServeAt(rpc::Door& door) {
  door.Handle("lotura.access.v1.AccessService/ExplainAccess",
              rpc::Bind<v1::ExplainAccessRequest, Response>(
                  [this](const Call& call, const v1::ExplainAccessRequest& request) {
                    return Explain(call, request);
                  }));
}

absl::StatusOr<Response> AccessService::Explain(const Call& call,
                                                const v1::ExplainAccessRequest& request) const {
  if (request.user().empty()) return InvalidArgument("user", "REQUIRED", "is missing");
  LOTURA_ASSIGN_OR_RETURN(const FullNameParts asked, ParseFullName(request.name()));
  const auto source = sources_.find(asked.service);
  if (source == sources_.end()) {
    return InvalidArgument("name", "SERVICE_UNKNOWN",
                           fmt::format("'{}' is not served here; there are {}", asked.service,
                                       fmt::join(std::views::keys(sources_), ", ")));
  }
  const auto& [policies, catalog, store] = source->second;
  const resource::RecordType* type = FindType(catalog, asked.name);
  if (type == nullptr)
    return InvalidArgument("name", "NAME_INVALID", "is not the name of a record of the service");
  const std::string to_read = ReadPermissionOf(*type->declaration);
  if (!resource::PermitsNow(call.principal, to_read)) return PermissionDenied(to_read);
  LOTURA_ASSIGN_OR_RETURN(const resource::Record record,
                          ReadFor(call, store, *type->declaration, asked.name));
  const auto standing = policies.Find(call.principal.tenant, request.user());
  Response response;
  if (absl::IsUnavailable(standing.status())) return standing.status();
  response.set_active(standing.ok());
  if (!standing.ok()) return response;
  const auto& permissions = (*standing)->permissions();
  response.mutable_permissions()->Add(permissions.begin(), permissions.end());
  ExplainAssignments(**standing, response);
  const resource::ViewPtr view = (*standing)->ViewOf(*type->declaration);
  ExplainRules(*view, *record.message, response);
  ExplainFields(*view, *record.message, response);
  return response;
}

}  // namespace lotura::access
