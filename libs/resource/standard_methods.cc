#include "libs/resource/standard_methods.h"

#include <fmt/format.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <set>

#include "libs/base/check.h"
#include "libs/base/names.h"
#include "libs/resource/creation.h"
#include "libs/resource/field_mask.h"
#include "libs/resource/import_session.h"
#include "libs/resource/method_shape.h"
#include "libs/resource/request_shape.h"

namespace lotura::resource {
namespace {

using MessagePtr = UnitOfWork::MessagePtr;
using Answer = absl::StatusOr<MessagePtr>;

std::unique_ptr<pbuf::Message> CopyOf(const pbuf::Message& message) {
  std::unique_ptr<pbuf::Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

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
        creation_(type, shape_.requests == nullptr ? *method.input_type()
                                                   : *shape_.requests->message_type()),
        response_(PrototypeOf(method.output_type())),
        records_(method.output_type()->FindFieldByName(declaration_.plural())) {
    if (shape_.requests != nullptr)
      element_shape_.emplace(declaration_, *shape_.requests->message_type());
  }

  void Get(GetCall get) const {
    const std::string name = TextOf(*get.request, shape_.name);
    if (const absl::Status right = CheckName(declaration_, name); !right.ok()) {
      get.reply(right);
      return;
    }
    parts_.reads.Submit(
        {.record = {&declaration_, {get.call->principal.tenant, name}},
         .deadline = get.call->deadline},
        [this, name, reply = std::move(get.reply)](const RecordReads::Result& result) {
          if (!result.ok()) return reply(result.status());
          if (!result->has_value()) return reply(NotFound(declaration_.type(), name));
          reply((*result)->message);
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
    std::unique_ptr<pbuf::Message> response(response_.New());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!records[i].has_value()) return NotFound(declaration_.type(), names[i]);
      response->GetReflection()
          ->AddMessage(response.get(), records_)
          ->CopyFrom(*records[i]->message);
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
    LOTURA_ASSIGN_OR_RETURN(const ListPage page, parts_.lister.List(call, declaration_, list));
    std::unique_ptr<pbuf::Message> response(response_.New());
    const pbuf::Reflection& reflection = *response->GetReflection();
    for (const Record& record : page.records)
      reflection.AddMessage(response.get(), records_)->CopyFrom(*record.message);
    reflection.SetString(response.get(),
                         response->GetDescriptor()->FindFieldByName("next_page_token"),
                         page.next_page_token);
    return response;
  }

  Answer Create(Changes& changes, const pbuf::Message& request) const {
    return creation_.Create(changes, request, "");
  }

  Answer Update(Changes& changes, const pbuf::Message& request) const {
    return UpdateOne(changes, shape_, request, "");
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
          return UpdateOne(changes, *element_shape_, element, prefix);
        });
  }

  Answer Delete(Changes& changes, const pbuf::Message& request) const {
    return changes.DeleteAny(type_, TextOf(request, shape_.name), TextOf(request, shape_.etag));
  }

  Answer Undelete(Changes& changes, const pbuf::Message& request) const {
    return changes.UndeleteAny(type_, TextOf(request, shape_.name), TextOf(request, shape_.etag));
  }

  [[nodiscard]] UnitOfWork& unit_of_work() const { return parts_.unit_of_work; }
  [[nodiscard]] const pbuf::Message& response() const { return response_; }

 private:
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
        response->GetReflection()->AddMessage(response.get(), records_)->CopyFrom(**record);
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

  Answer UpdateOne(Changes& changes, const RequestShape& shape, const pbuf::Message& request,
                   const std::string& prefix) const {
    const pbuf::Reflection& reflection = *request.GetReflection();
    const std::string record_path = prefix + declaration_.singular();
    if (!reflection.HasField(request, shape.record))
      return InvalidArgument(record_path, "REQUIRED", "is missing");
    const pbuf::Message& patch = reflection.GetMessage(request, shape.record);
    const std::string name = declaration_.NameOf(patch);
    LOTURA_RETURN_IF_ERROR(CheckName(declaration_, name, record_path + ".name"));
    LOTURA_ASSIGN_OR_RETURN(
        const Record current,
        changes.LoadLive(type_, name, TextOf(patch, declaration_.etag_field())));
    const auto& mask =
        static_cast<const pbuf::FieldMask&>(reflection.GetMessage(request, shape.update_mask));
    LOTURA_ASSIGN_OR_RETURN(const auto merged,
                            MergeByMask(declaration_, *current.message, patch, mask));
    LOTURA_RETURN_IF_ERROR(CheckImmutable(*current.message, *merged, record_path));
    changes.set_field_prefix(record_path + ".");
    return changes.SaveAny(type_, *merged, nullptr);
  }

  absl::Status CheckImmutable(const pbuf::Message& before, const pbuf::Message& after,
                              const std::string& record_path) const {
    Violations violations;
    pbuf::util::MessageDifferencer differencer;
    for (const Column& column : declaration_.columns()) {
      if (column.immutable &&
          !differencer.CompareWithFields(before, after, {column.field}, {column.field})) {
        violations.Add(fmt::format("{}.{}", record_path, column.name), "IMMUTABLE",
                       "cannot be changed");
      }
    }
    return violations.ToStatus();
  }

  const RecordType& type_;
  const Declaration& declaration_;
  const MethodParts parts_;
  RequestShape shape_;
  const Creation creation_;
  std::optional<RequestShape> element_shape_;
  const pbuf::Message& response_;
  // The repeated field of a response that holds records.
  const pbuf::FieldDescriptor* records_;
};

using Read = Answer (Method::*)(const Call&, const pbuf::Message&) const;
using Write = Answer (Method::*)(Changes&, const pbuf::Message&) const;

StandardMethod::Handler GetHandlerOf(const std::shared_ptr<const Method>& method) {
  return StandardMethod::Get([method](GetCall call) { method->Get(std::move(call)); });
}

StandardMethod::Handler HandlerOf(const std::shared_ptr<const Method>& method, Read read) {
  return StandardMethod::Read([method, read](const Call& call, const pbuf::Message& request) {
    return ((*method).*read)(call, request);
  });
}

StandardMethod::Handler HandlerOf(const std::shared_ptr<const Method>& method, Write write) {
  return StandardMethod::Write([method, write](WriteCall call) {
    UnitOfWork::Body body = [method, write, request = call.request](Changes& changes) {
      return ((*method).*write)(changes, *request);
    };
    method->unit_of_work().Start(std::move(call), method->response(), std::move(body));
  });
}

StandardMethod::Handler HandlerOf(const std::shared_ptr<const Method>& method, MethodKind kind) {
  switch (kind) {
    case MethodKind::kGet:
      return GetHandlerOf(method);
    case MethodKind::kBatchGet:
      return HandlerOf(method, &Method::BatchGet);
    case MethodKind::kList:
      return HandlerOf(method, &Method::List);
    case MethodKind::kCreate:
      return HandlerOf(method, &Method::Create);
    case MethodKind::kBatchCreate:
      return HandlerOf(method, &Method::BatchCreate);
    case MethodKind::kUpdate:
      return HandlerOf(method, &Method::Update);
    case MethodKind::kBatchUpdate:
      return HandlerOf(method, &Method::BatchUpdate);
    case MethodKind::kDelete:
      return HandlerOf(method, &Method::Delete);
    case MethodKind::kUndelete:
      return HandlerOf(method, &Method::Undelete);
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
