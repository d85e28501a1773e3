#include "libs/resource/standard_methods.h"

#include <fmt/format.h>

#include <set>

#include "libs/base/check.h"
#include "libs/base/names.h"
#include "libs/mutant/use.h"
#include "libs/resource/creation.h"
#include "libs/resource/import_session.h"
#include "libs/resource/message_copy.h"
#include "libs/resource/method_shape.h"
#include "libs/resource/modification.h"
#include "libs/resource/request_shape.h"

namespace lotura::resource {
namespace {

using MessagePtr = UnitOfWork::MessagePtr;
using Answer = absl::StatusOr<MessagePtr>;

const pbuf::Message& PrototypeOf(const pbuf::Descriptor* descriptor) {
  return *pbuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
}

// One method of one record type: what it needs, looked up once.
class Method {
 public:
  Method(const pbuf::MethodDescriptor& method, const RecordType& type, const MethodParts& parts)
      : type_(type),
        declaration_(*type.declaration),
        parts_(parts),
        shape_(declaration_, *method.input_type()),
        creation_(type, OneOf(*method.input_type())),
        update_(type, OneOf(*method.input_type())),
        response_(PrototypeOf(method.output_type())),
        records_(method.output_type()->FindFieldByName(declaration_.plural())),
        next_page_token_(method.output_type()->FindFieldByName("next_page_token")) {
    if (shape_.requests != nullptr)
      element_shape_.emplace(declaration_, *shape_.requests->message_type());
  }

  void Get(GetCall get) const {
    const std::string name = TextOf(*get.request, shape_.name);
    if (const absl::Status right = CheckName(declaration_, name); !right.ok()) {
      get.reply(right);
      return;
    }
    parts_.reads.Submit({.record = {&declaration_, {get.call->principal.tenant, name}},
                         .deadline = get.call->deadline},
                        [this, name, view = ViewFor(get.call->principal, declaration_),
                         reply = std::move(get.reply)](const RecordReads::Result& result) {
                          if (!result.ok()) return reply(result.status());
                          reply(Shown(*result, name, *view));
                        });
  }

  Answer BatchGet(const Call& call, const pbuf::Message& request) const {
    const pbuf::Reflection& reflection = *request.GetReflection();
    const int count = reflection.FieldSize(request, shape_.names);
    LOTURA_RETURN_IF_ERROR(CheckCount(count, "names"));
    LOTURA_ASSIGN_OR_RETURN(const std::string parent, ParentOfBatch(request));
    std::vector<std::string> names;
    std::set<std::string> seen;
    Violations violations;
    for (int i = 0; i < count; ++i) {
      const std::string path = fmt::format("names[{}]", i);
      names.push_back(reflection.GetRepeatedString(request, shape_.names, i));
      if (!declaration_.pattern().Matches(names.back())) {
        violations.Add(path, "NAME_INVALID", "is not the name of a record of this type");
      } else if (!StandsUnder(parent, ParentOf(names.back()))) {
        violations.Add(path, "PARENT_MISMATCH", "stands under another parent than the request");
      } else if (!seen.insert(names.back()).second) {
        violations.Add(path, "DUPLICATE_NAME", "is asked for twice");
      }
    }
    LOTURA_RETURN_IF_ERROR(violations.ToStatus());
    LOTURA_ASSIGN_OR_RETURN(const auto records,
                            parts_.unit_of_work.parts().store.Load(
                                declaration_, call.principal.tenant, names, call.deadline));
    const ViewPtr view = ViewFor(call.principal, declaration_);
    std::unique_ptr<pbuf::Message> response(response_.New());
    for (std::size_t i = 0; i < names.size(); ++i) {
      LOTURA_ASSIGN_OR_RETURN(const MessagePtr record, Shown(records[i], names[i], *view));
      response->GetReflection()->AddMessage(response.get(), records_)->MergeFrom(*record);
    }
    return response;
  }

  Answer List(const Call& call, const pbuf::Message& request) const {
    ListRequest list;
    list.parent = TextOf(request, shape_.parent);
    list.filter = TextOf(request, shape_.filter);
    list.order_by = TextOf(request, shape_.order_by);
    list.page_token = TextOf(request, shape_.page_token);
    list.page_size = request.GetReflection()->GetInt32(request, shape_.page_size);
    list.show_deleted = IsSet(request, shape_.show_deleted) ? ShowDeleted::kYes : ShowDeleted::kNo;
    LOTURA_ASSIGN_OR_RETURN(ListPage page, parts_.lister.List(call, declaration_, list));
    const std::shared_ptr<pbuf::Message> response = page.MoveInto(response_, records_);
    response->GetReflection()->SetString(response.get(), next_page_token_,
                                         std::move(page.next_page_token));
    return response;
  }

  Answer Create(Changes& changes, const pbuf::Message& request) const {
    return creation_.Create(changes, request, "");
  }

  Answer Update(Changes& changes, const pbuf::Message& request) const {
    return update_.Update(changes, request, "");
  }

  Answer BatchCreate(Changes& changes, const pbuf::Message& request) const {
    LOTURA_ASSIGN_OR_RETURN(const std::string parent, ParentOfBatch(request));
    return RunBatch(changes, request, {},
                    [&](const pbuf::Message& element, const std::string& prefix) -> Answer {
                      const std::string own = TextOf(element, element_shape_->parent);
                      const bool inherits = !parent.empty() && own.empty();
                      if (inherits && !declaration_.pattern().IsAnyParent(parent)) {
                        const auto complete = CopyOf(element);
                        complete->GetReflection()->SetString(complete.get(), element_shape_->parent,
                                                             parent);
                        return creation_.Create(changes, *complete, prefix);
                      }
                      if (!StandsUnder(parent, own)) return ParentMismatch(prefix + "parent");
                      return creation_.Create(changes, element, prefix);
                    });
  }

  Answer BatchUpdate(Changes& changes, const pbuf::Message& request) const {
    std::vector<std::string> names;
    const pbuf::Reflection& reflection = *request.GetReflection();
    const int count = reflection.FieldSize(request, shape_.requests);
    LOTURA_RETURN_IF_ERROR(CheckCount(count, "requests"));
    for (int i = 0; i < count; ++i) {
      const pbuf::Message& element = reflection.GetRepeatedMessage(request, shape_.requests, i);
      std::string name =
          declaration_.NameOf(element.GetReflection()->GetMessage(element, element_shape_->record));
      names.push_back(std::move(name));
    }
    LOTURA_ASSIGN_OR_RETURN(const std::string parent, ParentOfBatch(request));
    // What is not a name is refused where it stands.
    std::erase_if(names,
                  [&](const std::string& name) { return !declaration_.pattern().Matches(name); });
    std::ranges::sort(names);
    if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
      return InvalidArgument("requests", "DUPLICATE_NAME",
                             fmt::format("'{}' is changed twice", *twice));
    return RunBatch(
        changes, request, names,
        [&](const pbuf::Message& element, const std::string& prefix) -> Answer {
          const std::string name = declaration_.NameOf(
              element.GetReflection()->GetMessage(element, element_shape_->record));
          if (declaration_.pattern().Matches(name) && !StandsUnder(parent, ParentOf(name)))
            return ParentMismatch(prefix + declaration_.singular() + ".name");
          return update_.Update(changes, element, prefix);
        });
  }

  Answer Delete(Changes& changes, const pbuf::Message& request) const {
    return changes.DeleteAny(type_, TextOf(request, shape_.name), TextOf(request, shape_.etag));
  }

  Answer Undelete(Changes& changes, const pbuf::Message& request) const {
    return changes.UndeleteAny(type_, TextOf(request, shape_.name), TextOf(request, shape_.etag));
  }

  using Body = Answer (Method::*)(Changes&, const pbuf::Message&) const;

  // The name of the record that a request changes.
  using Target = std::string (Method::*)(const pbuf::Message&) const;
  [[nodiscard]] std::string ByName(const pbuf::Message& request) const {
    return TextOf(request, shape_.name);
  }
  [[nodiscard]] std::string ByRecord(const pbuf::Message& request) const {
    return declaration_.NameOf(request.GetReflection()->GetMessage(request, shape_.record));
  }

  // Reads what the request changes, if there is a target, and runs the body.
  void Write(WriteCall call, Body body, Target target) const {
    const std::string name = target == nullptr ? "" : (this->*target)(*call.request);
    if (!declaration_.pattern().Matches(name)) {
      Run(std::move(call), body, {});
      return;
    }
    RecordReads::Read read{.record = {&declaration_, {call.call->principal.tenant, name}},
                           .deadline = call.call->deadline,
                           .from = RecordReads::From::kStore};
    parts_.reads.Submit(
        std::move(read), [this, call = std::move(call), body, name](const auto& result) {
          if (!result.ok()) {
            call.reply(result.status());
            return;
          }
          ReadRecords known;
          known.own.emplace(std::pair(&type_, name), *result);
          call.resume([this, call, body, known = std::move(known)] { Run(call, body, known); });
        });
  }

  void Run(WriteCall call, Body body, ReadRecords known) const {
    UnitOfWork::Body bound = [this, body, request = call.request](Changes& changes) {
      return (this->*body)(changes, *request);
    };
    parts_.unit_of_work.Start(std::move(call), response_, std::move(bound), std::move(known));
  }

 private:
  // What a reader sees of a record: NOT_FOUND also if he may not know of it.
  [[nodiscard]] Answer Shown(const std::optional<Record>& record, const std::string& name,
                             const View& view) const {
    if (!record.has_value()) return NotFound(declaration_.type(), name);
    if (!mutant::Omits("get.record") && !view.Allows(Access::kRead, *record->message))
      return NotFound(declaration_.type(), name);
    return mutant::Omits("get.fields") ? record->message : view.Show(record->message);
  }

  // The request of one record: this one, or an element of the batch.
  [[nodiscard]] const pbuf::Descriptor& OneOf(const pbuf::Descriptor& request) const {
    return shape_.requests == nullptr ? request : *shape_.requests->message_type();
  }

  static absl::Status CheckCount(int count, const char* field) {
    if (count == 0) return InvalidArgument(field, "REQUIRED", "is empty");
    if (count > kBatchMax)
      return InvalidArgument(field, "TOO_MANY",
                             fmt::format("has {} items, at most {} are allowed", count, kBatchMax));
    return absl::OkStatus();
  }

  // The parent of all records of a batch, or "pipelines/-" for any; empty if the request has none.
  absl::StatusOr<std::string> ParentOfBatch(const pbuf::Message& request) const {
    if (shape_.parent == nullptr) return std::string();
    const std::string parent = TextOf(request, shape_.parent);
    if (!declaration_.pattern().IsAnyParent(parent) &&
        !declaration_.pattern().MatchesParent(parent))
      return InvalidArgument(
          "parent", "PARENT_INVALID",
          fmt::format("'{}' is not a parent of {}", parent, declaration_.type()));
    return parent;
  }

  [[nodiscard]] bool StandsUnder(std::string_view parent, std::string_view own) const {
    return parent.empty() || declaration_.pattern().IsAnyParent(parent) || parent == own;
  }

  static absl::Status ParentMismatch(const std::string& field) {
    return InvalidArgument(field, "PARENT_MISMATCH", "stands under another parent than the batch");
  }

  // A batch is one request: it is repeated, and tried out, as a whole.
  absl::Status CheckElements(const pbuf::Message& request, int count) const {
    Violations violations;
    for (int i = 0; i < count; ++i) {
      const pbuf::Message& element =
          request.GetReflection()->GetRepeatedMessage(request, shape_.requests, i);
      if (!TextOf(element, element_shape_->request_id).empty())
        violations.Add(fmt::format("requests[{}].request_id", i), "NOT_IN_BATCH",
                       "is for the whole batch");
      if (IsSet(element, element_shape_->validate_only))
        violations.Add(fmt::format("requests[{}].validate_only", i), "NOT_IN_BATCH",
                       "is for the whole batch");
    }
    return violations.ToStatus();
  }

  // `names` are those of the records that the elements change: all of them are read at once.
  template <typename One>
  Answer RunBatch(Changes& changes, const pbuf::Message& request,
                  const std::vector<std::string>& names, const One& one) const {
    const pbuf::Reflection& reflection = *request.GetReflection();
    const int count = reflection.FieldSize(request, shape_.requests);
    LOTURA_RETURN_IF_ERROR(CheckCount(count, "requests"));
    LOTURA_RETURN_IF_ERROR(CheckElements(request, count));
    LOTURA_RETURN_IF_ERROR(changes.Prefetch(type_, names));
    std::shared_ptr<pbuf::Message> response(response_.New());
    Violations violations;
    for (int i = 0; i < count; ++i) {
      const std::string prefix = fmt::format("requests[{}].", i);
      const auto record = one(reflection.GetRepeatedMessage(request, shape_.requests, i), prefix);
      if (record.ok()) {
        response->GetReflection()->AddMessage(response.get(), records_)->MergeFrom(**record);
      } else {
        LOTURA_RETURN_IF_ERROR(Collect(record.status(), prefix, violations));
      }
    }
    LOTURA_RETURN_IF_ERROR(violations.ToStatus());
    return MessagePtr(response);
  }

  // Adds what is wrong with one element; an error that names no field is one of the whole batch.
  static absl::Status Collect(const absl::Status& failure, const std::string& prefix,
                              Violations& violations) {
    const auto found = ViolationsOf(failure);
    if (found.empty()) return failure;
    for (const FieldViolation& violation : found) {
      const bool is_whole = violation.field.starts_with(prefix);
      violations.Add(is_whole ? violation.field : prefix + violation.field, violation.reason,
                     violation.description);
    }
    return absl::OkStatus();
  }

  const RecordType& type_;
  const Declaration& declaration_;
  const MethodParts parts_;
  RequestShape shape_;
  const Creation creation_;
  const Modification update_;
  std::optional<RequestShape> element_shape_;
  const pbuf::Message& response_;
  // The repeated field of a response that holds records.
  const pbuf::FieldDescriptor* records_;
  const pbuf::FieldDescriptor* next_page_token_;
};

using MethodPtr = std::shared_ptr<const Method>;

StandardMethod::Handler GetHandler(const MethodPtr& method) {
  return StandardMethod::Get([method](GetCall call) { method->Get(std::move(call)); });
}

StandardMethod::Handler ReadHandler(const MethodPtr& method,
                                    Answer (Method::*read)(const Call&, const pbuf::Message&)
                                        const) {
  return StandardMethod::Read([method, read](const Call& call, const pbuf::Message& request) {
    return ((*method).*read)(call, request);
  });
}

StandardMethod::Handler WriteHandler(const MethodPtr& method, Method::Body body,
                                     Method::Target target = nullptr) {
  return StandardMethod::Write(
      [method, body, target](WriteCall call) { method->Write(std::move(call), body, target); });
}

StandardMethod::Handler HandlerOf(const MethodPtr& method, MethodKind kind) {
  switch (kind) {
    case MethodKind::kGet:
      return GetHandler(method);
    case MethodKind::kBatchGet:
      return ReadHandler(method, &Method::BatchGet);
    case MethodKind::kList:
      return ReadHandler(method, &Method::List);
    case MethodKind::kCreate:
      return WriteHandler(method, &Method::Create);
    case MethodKind::kBatchCreate:
      return WriteHandler(method, &Method::BatchCreate);
    case MethodKind::kUpdate:
      return WriteHandler(method, &Method::Update, &Method::ByRecord);
    case MethodKind::kBatchUpdate:
      return WriteHandler(method, &Method::BatchUpdate);
    case MethodKind::kDelete:
      return WriteHandler(method, &Method::Delete, &Method::ByName);
    case MethodKind::kUndelete:
      return WriteHandler(method, &Method::Undelete, &Method::ByName);
    case MethodKind::kImport:
      break;
  }
  LOTURA_CHECK(false);
}

}  // namespace

absl::StatusOr<std::vector<StandardMethod>> StandardMethodsOf(
    const pbuf::ServiceDescriptor& service, const RecordType& type, const MethodParts& parts) {
  const MethodShapes shapes(*type.declaration);
  std::vector<StandardMethod> methods;
  for (int i = 0; i < service.method_count(); ++i) {
    const pbuf::MethodDescriptor& descriptor = *service.method(i);
    const std::optional<MethodKind> kind = shapes.KindOf(descriptor);
    if (!kind.has_value()) continue;
    LOTURA_RETURN_IF_ERROR(shapes.Check(descriptor, *kind));
    if (kind == MethodKind::kImport) {
      methods.push_back({&descriptor, ImportHandler(descriptor, type, parts.imports)});
      continue;
    }
    const auto method = std::make_shared<const Method>(descriptor, type, parts);
    methods.push_back({&descriptor, HandlerOf(method, *kind)});
  }
  return methods;
}

}  // namespace lotura::resource
