#include "tools/lotura/record_verbs.h"

#include <fmt/format.h>
#include <google/protobuf/empty.pb.h>

#include "libs/base/errors.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"
#include "tools/lotura/api/text_file.h"
#include "tools/lotura/exit_code.h"

namespace lotura::cli {
namespace {

struct Assignment {
  std::string path;
  std::string text;
};

absl::StatusOr<std::vector<Assignment>> ParseAssignments(const std::vector<std::string>& texts) {
  std::vector<Assignment> assignments;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return UsageError(fmt::format("'{}' is not field=value", text));
    assignments.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return assignments;
}

pbuf::Message& Inner(pbuf::Message& message, const std::string& field) {
  return *message.GetReflection()->MutableMessage(&message,
                                                  message.GetDescriptor()->FindFieldByName(field));
}

absl::StatusOr<std::string> ReadData(const std::string& data) {
  if (!data.starts_with('@')) return data;
  return api::ReadTextFile(data == "@-" ? "/dev/stdin" : data.substr(1));
}

// Sends the request with a fresh request_id, if it takes one.
absl::StatusOr<std::unique_ptr<pbuf::Message>> Send(const Session& session,
                                                    const pbuf::MethodDescriptor& method,
                                                    pbuf::Message& request) {
  if (request.GetDescriptor()->FindFieldByName("request_id") != nullptr)
    LOTURA_RETURN_IF_ERROR(api::SetPath(request, "request_id", session.ids.Next().ToString()));
  return session.transport.Call(method, request, session.timeout);
}

absl::Status SendAndPrint(const Session& session, const pbuf::MethodDescriptor& method,
                          pbuf::Message& request) {
  const auto answer = Send(session, method, request);
  if (!answer.ok()) return answer.status();
  if ((*answer)->GetDescriptor() != google::protobuf::Empty::descriptor())
    PrintRecord(**answer, session.output);
  return absl::OkStatus();
}

// The field `flag` of a request if it was given.
absl::Status SetGiven(pbuf::Message& request, const char* field, const std::string& text) {
  return text.empty() ? absl::OkStatus() : api::SetPath(request, field, text);
}

absl::StatusOr<std::unique_ptr<pbuf::Message>> ListRequest(const ListFlags& flags,
                                                           const api::CollectionName& collection,
                                                           const pbuf::MethodDescriptor& method) {
  auto request = api::NewMessage(*method.input_type());
  const std::string& parent = collection.parent.empty() ? flags.parent : collection.parent;
  if (collection.type->HasParent() && parent.empty())
    return UsageError(fmt::format("{} lie below a parent: give --parent", flags.collection));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "parent", parent));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "filter", flags.filter));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "order_by", flags.order_by));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "show_deleted", flags.show_deleted ? "true" : ""));
  return request;
}

}  // namespace

absl::Status Get(const Session& session, const std::string& name) {
  LOTURA_ASSIGN_OR_RETURN(const api::RecordName record, session.model.Find(name));
  LOTURA_ASSIGN_OR_RETURN(const auto* method, record.type->Method(api::Verb::kGet));
  const auto request = api::NewMessage(*method->input_type());
  LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "name", record.name));
  return SendAndPrint(session, *method, *request);
}

absl::Status List(const Session& session, const ListFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const api::CollectionName collection,
                          session.model.FindCollection(flags.collection));
  LOTURA_ASSIGN_OR_RETURN(const auto* method, collection.type->Method(api::Verb::kList));
  LOTURA_ASSIGN_OR_RETURN(const auto request, ListRequest(flags, collection, *method));
  const auto* list = api::FindListOf(*method->output_type(), *collection.type->message);
  RecordList printed(session.output, flags.columns);
  std::size_t left = flags.limit == 0 ? SIZE_MAX : flags.limit;
  while (true) {
    const auto page_size = std::min<std::size_t>(static_cast<std::size_t>(flags.page_size), left);
    LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "page_size", std::to_string(page_size)));
    const auto answer = session.transport.Call(*method, *request, session.timeout);
    if (!answer.ok()) return answer.status();
    const pbuf::Message& page = **answer;
    std::vector<const pbuf::Message*> records;
    for (int i = 0; i < page.GetReflection()->FieldSize(page, list); ++i)
      records.push_back(&page.GetReflection()->GetRepeatedMessage(page, list, i));
    LOTURA_RETURN_IF_ERROR(printed.Print(records));
    left -= std::min(left, records.size());
    const std::string token = api::TextOf(page, "next_page_token");
    if (token.empty() || left == 0) {
      printed.Finish();
      if (!token.empty())
        session.output.err << "lotura: there are more; --limit 0 lists all of them\n";
      return absl::OkStatus();
    }
    LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "page_token", token));
  }
}

absl::Status Create(const Session& session, const CreateFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const api::CollectionName collection,
                          session.model.FindCollection(flags.collection));
  LOTURA_ASSIGN_OR_RETURN(const auto* method, collection.type->Method(api::Verb::kCreate));
  LOTURA_ASSIGN_OR_RETURN(const auto assignments, ParseAssignments(flags.assignments));
  const std::string& singular = collection.type->singular;
  const auto request = api::NewMessage(*method->input_type());
  pbuf::Message& record = Inner(*request, singular);
  LOTURA_ASSIGN_OR_RETURN(const std::string data, ReadData(flags.data));
  if (!data.empty()) LOTURA_RETURN_IF_ERROR(api::FromJson(data, record));
  for (const auto& [path, text] : assignments)
    LOTURA_RETURN_IF_ERROR(api::SetPath(record, path, text));
  const std::string& parent = collection.parent.empty() ? flags.parent : collection.parent;
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "parent", parent));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, (singular + "_id").c_str(), flags.id));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "validate_only", flags.validate_only ? "true" : ""));
  return SendAndPrint(session, *method, *request);
}

absl::Status Update(const Session& session, const UpdateFlags& flags) {
  LOTURA_ASSIGN_OR_RETURN(const api::RecordName record, session.model.Find(flags.name));
  LOTURA_ASSIGN_OR_RETURN(const auto* method, record.type->Method(api::Verb::kUpdate));
  LOTURA_ASSIGN_OR_RETURN(const auto assignments, ParseAssignments(flags.assignments));
  const auto request = api::NewMessage(*method->input_type());
  pbuf::Message& changed = Inner(*request, record.type->singular);
  pbuf::Message& mask = Inner(*request, "update_mask");
  const auto* paths = mask.GetDescriptor()->FindFieldByName("paths");
  for (const auto& [path, text] : assignments) {
    LOTURA_RETURN_IF_ERROR(api::SetPath(changed, path, text));
    mask.GetReflection()->AddString(&mask, paths, path);
  }
  LOTURA_RETURN_IF_ERROR(api::SetPath(changed, "name", record.name));
  LOTURA_RETURN_IF_ERROR(SetGiven(changed, "etag", flags.etag));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "validate_only", flags.validate_only ? "true" : ""));
  return SendAndPrint(session, *method, *request);
}

absl::Status Remove(const Session& session, Removal removal, const std::string& name,
                    const std::string& etag) {
  LOTURA_ASSIGN_OR_RETURN(const api::RecordName record, session.model.Find(name));
  const api::Verb verb = removal == Removal::kDelete ? api::Verb::kDelete : api::Verb::kUndelete;
  LOTURA_ASSIGN_OR_RETURN(const auto* method, record.type->Method(verb));
  const auto request = api::NewMessage(*method->input_type());
  LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "name", record.name));
  LOTURA_RETURN_IF_ERROR(SetGiven(*request, "etag", etag));
  return SendAndPrint(session, *method, *request);
}

}  // namespace lotura::cli
