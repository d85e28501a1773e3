// The API in memory, for tests of what calls it: records of any declared type, request ids, faults.
#pragma once

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/errors.h"
#include "tools/lotura/api/resource_model.h"
#include "tools/lotura/api/transport.h"

namespace lotura::api {

// Serves Get, BatchGet, List (without filters), Create, BatchCreate, Update, and verbs that a test
// gives it. Thread-safe.
class FakeApi final : public Transport {
 public:
  using Answer = absl::StatusOr<std::unique_ptr<pbuf::Message>>;
  // Changes the record that a verb's request names, and returns an error to refuse it.
  using VerbRule = std::function<absl::Status(const pbuf::Message& request, pbuf::Message& record)>;
  // May return an error instead of the answer; called before and after the request has an effect.
  using Fault = std::function<absl::Status(const std::string& method)>;

  explicit FakeApi(const ResourceModel& model) : model_(model) {}

  Answer Call(const pbuf::MethodDescriptor& method, const pbuf::Message& request,
              std::chrono::milliseconds /*timeout*/) override {
    const std::lock_guard lock(mutex_);
    ++calls[method.name()];
    if (before) {
      if (absl::Status status = before(method.name()); !status.ok()) return status;
    }
    Answer answer = Once(method, request);
    if (after && answer.ok()) {
      if (absl::Status status = after(method.name()); !status.ok()) return status;
    }
    return answer;
  }

  // As when the time is over for which a service remembers.
  void ForgetRequests() { answers_.clear(); }

  // All that tests set and read, while no call is under way.
  std::map<std::string, std::unique_ptr<pbuf::Message>> records;
  std::map<std::string, VerbRule> verbs;
  // A record that is created is refused with what this returns.
  std::function<absl::Status(const pbuf::Message& record)> check;
  // Changes a record that is to be stored, as rules that normalize and derive do.
  std::function<void(pbuf::Message& record)> derive;
  Fault before;
  Fault after;
  std::map<std::string, std::size_t> calls;
  // Who calls.
  std::string principal;

 private:
  static const pbuf::FieldDescriptor* Field(const pbuf::Message& message, const std::string& name) {
    return message.GetDescriptor()->FindFieldByName(name);
  }
  static const pbuf::Message& Inner(const pbuf::Message& message, const std::string& name) {
    return message.GetReflection()->GetMessage(message, Field(message, name));
  }
  static std::unique_ptr<pbuf::Message> Copy(const pbuf::Message& message) {
    std::unique_ptr<pbuf::Message> copy(message.New());
    copy->CopyFrom(message);
    return copy;
  }

  // A repeated request_id gets the first answer.
  Answer Once(const pbuf::MethodDescriptor& method, const pbuf::Message& request) {
    const std::string id = TextOf(request, "request_id");
    if (id.empty()) return Serve(method, request);
    const auto known = answers_.find(id);
    if (known != answers_.end()) {
      if (known->second.first != principal + request.SerializeAsString())
        return InvalidArgument("request_id", "REQUEST_ID_REUSED", "was used for another request");
      return Copy(*known->second.second);
    }
    Answer answer = Serve(method, request);
    if (answer.ok())
      answers_.emplace(id, std::pair(principal + request.SerializeAsString(), Copy(**answer)));
    return answer;
  }

  Answer Serve(const pbuf::MethodDescriptor& method, const pbuf::Message& request) {
    const ResourceType* type = nullptr;
    for (const ResourceType& candidate : model_.types()) {
      if (candidate.api == method.service()) type = &candidate;
    }
    const auto is = [&](Verb verb) {
      const auto found = type->Method(verb);
      return found.ok() && *found == &method;
    };
    if (is(Verb::kGet)) return Get(TextOf(request, "name"));
    if (is(Verb::kBatchGet)) return BatchGet(method, request, *type);
    if (is(Verb::kList)) return List(method, *type);
    if (is(Verb::kCreate)) return Create(request, *type, TextOf(request, "parent"));
    if (is(Verb::kBatchCreate)) return BatchCreate(method, request, *type);
    if (is(Verb::kUpdate)) return Update(request, *type);
    return Change(method, request);
  }

  Answer Get(const std::string& name) {
    const auto found = records.find(name);
    if (found == records.end()) return NotFound("record", name);
    return Copy(*found->second);
  }

  Answer BatchGet(const pbuf::MethodDescriptor& method, const pbuf::Message& request,
                  const ResourceType& type) {
    auto answer = NewMessage(*method.output_type());
    const auto* names = Field(request, "names");
    for (int i = 0; i < request.GetReflection()->FieldSize(request, names); ++i) {
      LOTURA_ASSIGN_OR_RETURN(const auto record,
                              Get(request.GetReflection()->GetRepeatedString(request, names, i)));
      answer->GetReflection()
          ->AddMessage(answer.get(), FindListOf(*method.output_type(), *type.message))
          ->CopyFrom(*record);
    }
    return answer;
  }

  Answer List(const pbuf::MethodDescriptor& method, const ResourceType& type) {
    auto answer = NewMessage(*method.output_type());
    for (const auto& [name, record] : records) {
      if (record->GetDescriptor() != type.message) continue;
      answer->GetReflection()
          ->AddMessage(answer.get(), FindListOf(*method.output_type(), *type.message))
          ->CopyFrom(*record);
    }
    return answer;
  }

  void Stamp(pbuf::Message& record, const std::string& field) {
    google::protobuf::Timestamp time;
    time.set_seconds(clock_);
    if (Field(record, field) != nullptr)
      record.GetReflection()->MutableMessage(&record, Field(record, field))->CopyFrom(time);
  }

  Answer Create(const pbuf::Message& request, const ResourceType& type, const std::string& parent) {
    auto record = Copy(Inner(request, type.singular));
    const std::string name = (parent.empty() ? "" : parent + "/") + type.Collection() + "/" +
                             TextOf(request, (type.singular + "_id").c_str());
    if (records.contains(name)) return AlreadyExists("ID_TAKEN", name + " exists already");
    if (check) LOTURA_RETURN_IF_ERROR(check(*record));
    record->GetReflection()->SetString(record.get(), Field(*record, "name"), name);
    if (derive) derive(*record);
    ++clock_;
    Stamp(*record, "create_time");
    Stamp(*record, "update_time");
    records[name] = Copy(*record);
    return record;
  }

  Answer BatchCreate(const pbuf::MethodDescriptor& method, const pbuf::Message& request,
                     const ResourceType& type) {
    auto answer = NewMessage(*method.output_type());
    const auto* requests = Field(request, "requests");
    std::vector<std::string> made;
    for (int i = 0; i < request.GetReflection()->FieldSize(request, requests); ++i) {
      Answer record = Create(request.GetReflection()->GetRepeatedMessage(request, requests, i),
                             type, TextOf(request, "parent"));
      if (!record.ok()) {
        for (const std::string& name : made) records.erase(name);
        return record.status();
      }
      made.push_back(TextOf(**record, "name"));
      answer->GetReflection()
          ->AddMessage(answer.get(), FindListOf(*method.output_type(), *type.message))
          ->CopyFrom(**record);
    }
    return answer;
  }

  Answer Update(const pbuf::Message& request, const ResourceType& type) {
    const pbuf::Message& wanted = Inner(request, type.singular);
    const auto found = records.find(TextOf(wanted, "name"));
    if (found == records.end()) return NotFound("record", TextOf(wanted, "name"));
    auto record = Copy(*found->second);
    pbuf::FieldMask mask;
    mask.CopyFrom(Inner(request, "update_mask"));
    if (mask.paths().empty()) {
      record->MergeFrom(wanted);
    } else {
      pbuf::util::FieldMaskUtil::MergeOptions options;
      options.set_replace_message_fields(true);
      options.set_replace_repeated_fields(true);
      pbuf::util::FieldMaskUtil::MergeMessageTo(wanted, mask, options, record.get());
    }
    if (derive) derive(*record);
    const bool is_trial =
        request.GetReflection()->GetBool(request, Field(request, "validate_only"));
    if (is_trial || pbuf::util::MessageDifferencer::Equals(*record, *found->second)) return record;
    ++clock_;
    Stamp(*record, "update_time");
    found->second = Copy(*record);
    return record;
  }

  Answer Change(const pbuf::MethodDescriptor& method, const pbuf::Message& request) {
    const auto rule = verbs.find(method.name());
    const auto found = records.find(TextOf(request, "name"));
    if (rule == verbs.end()) return Internal("no such verb");
    if (found == records.end()) return NotFound("record", TextOf(request, "name"));
    LOTURA_RETURN_IF_ERROR(rule->second(request, *found->second));
    ++clock_;
    Stamp(*found->second, "update_time");
    return Copy(*found->second);
  }

  const ResourceModel& model_;
  std::mutex mutex_;  // held while a call is served
  std::map<std::string, std::pair<std::string, std::unique_ptr<pbuf::Message>>> answers_;
  std::int64_t clock_ = 1'000'000;
};

}  // namespace lotura::api
