#include "tests/component/samples.h"

#include <fmt/format.h>
#include <google/api/resource.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/type/date.pb.h>
#include <google/type/money.pb.h>

#include <array>
#include <chrono>
#include <set>
#include <stdexcept>

#include "libs/base/text.h"
#include "libs/resource/references.h"
#include "libs/testing/eventually.h"
#include "services/all/services.h"

namespace lotura::component {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;
using resource::ColumnType;

// How often the fields of a record are tried with other values.
constexpr int kDraftsMax = 20;
// Until an event of one service has reached another one.
constexpr std::chrono::seconds kArrival{60};
// A record of any type is not looked up.
constexpr char kAnyRecord[] = "//accounts.lotura/organizations/acme";

[[noreturn]] void Fail(const std::string& what) { throw std::runtime_error(what); }

const pbuf::DescriptorPool& Pool() { return *pbuf::DescriptorPool::generated_pool(); }

std::vector<const pbuf::ServiceDescriptor*> AllServiceDescriptors() {
  std::vector<std::string> files;
  pbuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::vector<const pbuf::ServiceDescriptor*> found;
  for (const host::ServiceSpec& spec : AllServices()) {
    for (const std::string& name : files) {
      const pbuf::FileDescriptor* file = Pool().FindFileByName(name);
      if (file->package() != fmt::format("lotura.{}.v1", spec.name)) continue;
      for (int i = 0; i < file->service_count(); ++i) found.push_back(file->service(i));
    }
  }
  return found;
}

Kind KindOf(const pbuf::MethodDescriptor& method, const Declaration& declaration) {
  static constexpr std::array<std::pair<const char*, Kind>, 6> kSingular = {
      {{"Get", Kind::kGet},
       {"Create", Kind::kCreate},
       // Tells something beside the record that it makes.
       {"Issue", Kind::kCreate},
       {"Update", Kind::kUpdate},
       {"Delete", Kind::kDelete},
       {"Undelete", Kind::kUndelete}}};
  for (const auto& [prefix, kind] : kSingular) {
    if (method.name() == prefix + declaration.message()->name()) return kind;
  }
  if (method.name().starts_with("Import") && method.client_streaming()) return Kind::kImport;
  const bool of_records = method.output_type()->FindFieldByName(declaration.plural()) != nullptr;
  if (!of_records) return Kind::kVerb;
  if (method.name().starts_with("BatchGet")) return Kind::kBatchGet;
  if (method.name().starts_with("BatchCreate")) return Kind::kBatchCreate;
  if (method.name().starts_with("BatchUpdate")) return Kind::kBatchUpdate;
  return method.name().starts_with("List") ? Kind::kList : Kind::kVerb;
}

// The name of what was made.
std::string NameIn(const Declaration& declaration, const pbuf::Message& answer) {
  if (answer.GetDescriptor() == declaration.message()) return declaration.NameOf(answer);
  const auto* record = answer.GetDescriptor()->FindFieldByName(declaration.singular());
  return declaration.NameOf(answer.GetReflection()->GetMessage(answer, record));
}

// The first one is a day that is over; some must lie ahead, and not too far.
std::int64_t SecondsFor(int attempt) {
  if (attempt == 0) return 1'768'478'400;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now + std::chrono::hours(24 * 30))
      .count();
}

// A small value that lies in the range of the field.
double NumberFor(const Column& column) {
  return column.range.has_value()
             ? std::max(column.range->min(), std::min(1.0, column.range->max()))
             : 1.0;
}

}  // namespace

std::string Rpc::Path() const {
  return fmt::format("{}/{}", method->service()->full_name(), method->name());
}

std::string Rpc::Service() const {
  return std::string(Split(method->file()->package(), '.').at(1));
}

std::vector<std::string> AllMethods() {
  std::vector<std::string> methods;
  for (const pbuf::ServiceDescriptor* service : AllServiceDescriptors()) {
    for (int i = 0; i < service->method_count(); ++i)
      methods.push_back(Rpc{.method = service->method(i)}.Path());
  }
  return methods;
}

Samples::Samples(Platform& platform) : platform_(platform) {
  for (const pbuf::ServiceDescriptor* service : AllServiceDescriptors()) {
    const Declaration* declaration = nullptr;
    for (const auto& part : platform.services()) {
      for (const resource::RecordType& type : part->catalog().types()) {
        if (type.declaration->message()->full_name() + "Service" == service->full_name())
          declaration = type.declaration.get();
      }
    }
    for (int i = 0; i < service->method_count(); ++i) {
      Rpc rpc{.method = service->method(i)};
      if (declaration != nullptr) rpc.kind = KindOf(*rpc.method, *declaration);
      rpc.declaration = rpc.kind == Kind::kVerb ? TypeNamedBy(*rpc.method) : declaration;
      rpcs_.emplace(rpc.Path(), rpc);
    }
  }
}

void Samples::MakeAll() {
  for (const auto& [path, rpc] : rpcs_) {
    if (rpc.kind != Kind::kCreate) continue;
    NameOf(*rpc.declaration);
    OtherOf(*rpc.declaration);
  }
}

const Declaration* Samples::TypeNamedBy(const pbuf::MethodDescriptor& method) const {
  const FieldDescriptor* name = method.input_type()->FindFieldByName("name");
  return name == nullptr ? nullptr : FindType(ReferenceIn(*name));
}

const Rpc* Samples::FindFor(const Declaration& declaration, Kind kind) const {
  for (const auto& [path, rpc] : rpcs_) {
    if (rpc.declaration == &declaration && rpc.kind == kind) return &rpc;
  }
  return nullptr;
}

const Declaration* Samples::FindType(const std::string& type) const {
  for (const auto& part : platform_.services()) {
    if (const auto* found = part->catalog().FindByType(type)) return found->declaration.get();
  }
  return nullptr;
}

MessagePtr Samples::CreateRequest(const Rpc& rpc, const pbuf::Message& record) {
  MessagePtr request = NewMessage(rpc.method->input_type());
  Mutable(*request, rpc.declaration->singular()).CopyFrom(record);
  if (HasFieldNamed(*request, "parent")) SetText(*request, "parent", ParentOf(*rpc.declaration));
  return request;
}

MessagePtr Samples::ValidRequest(const Rpc& rpc) {
  MessagePtr request = NewMessage(rpc.method->input_type());
  if (rpc.kind == Kind::kVerb) {
    FillRequired(rpc.Service(), *request);
    if (rpc.declaration != nullptr) SetText(*request, "name", NameOf(*rpc.declaration));
    return request;
  }
  const Declaration& declaration = *rpc.declaration;
  const auto add_patch = [&](pbuf::Message& update) {
    SetText(Mutable(update, declaration.singular()), "name", NameOf(declaration));
  };
  if (HasFieldNamed(*request, "parent")) SetText(*request, "parent", ParentOf(declaration));
  switch (rpc.kind) {
    case Kind::kGet:
    case Kind::kDelete:
    case Kind::kUndelete:
      SetText(*request, "name", NameOf(declaration));
      break;
    case Kind::kBatchGet:
      request->GetReflection()->AddString(request.get(), FieldOf(*request, "names"),
                                          NameOf(declaration));
      break;
    case Kind::kCreate:
      return CreateRequest(rpc, *NewRecord(declaration));
    case Kind::kBatchCreate:
      AddElement(*request, "requests")
          .CopyFrom(*ValidRequest(*FindFor(declaration, Kind::kCreate)));
      break;
    case Kind::kImport:
      SetText(*request, "import_id", NewRequestId());
      AddElement(*request, "requests")
          .CopyFrom(*ValidRequest(*FindFor(declaration, Kind::kCreate)));
      break;
    case Kind::kUpdate:
      add_patch(*request);
      break;
    case Kind::kBatchUpdate:
      add_patch(AddElement(*request, "requests"));
      break;
    case Kind::kList:
    case Kind::kVerb:
      break;
  }
  return request;
}

const std::string& Samples::NameOf(const Declaration& declaration) {
  std::string& name = names_[&declaration];
  if (name.empty()) name = Create(declaration);
  return name;
}

const std::string& Samples::OtherOf(const Declaration& declaration) {
  std::string& name = others_[&declaration];
  NameOf(declaration);
  if (name.empty()) name = Create(declaration);
  return name;
}

void Samples::FillRequired(const std::string& service, pbuf::Message& message) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (!IsRequired(*field)) continue;
    if (field->type() == FieldDescriptor::TYPE_ENUM) {
      reflection.SetEnumValue(&message, field, field->enum_type()->value(1)->number());
    } else if (field->type() == FieldDescriptor::TYPE_STRING) {
      const std::string type = ReferenceIn(*field);
      const Declaration* declaration = FindType(type);
      const std::string text = declaration != nullptr
                                   ? NameWithin(service, *declaration, OtherOf(*declaration))
                               : type == "*" ? kAnyRecord
                                             : "Sample";
      field->is_repeated() ? reflection.AddString(&message, field, text)
                           : reflection.SetString(&message, field, text);
    } else {
      Fail(fmt::format("{}: a required field of this type has no sample", field->full_name()));
    }
  }
}

std::string IdOfNobody(resource::IdForm form) {
  return form == resource::IdForm::kUuid ? "00000000-0000-4000-8000-00000000dead" : "nobody";
}

std::string NobodyBeside(const Declaration& declaration, const std::string& name) {
  return name.substr(0, name.rfind('/') + 1) + IdOfNobody(declaration.pattern().id_form());
}

std::string Samples::Missing(const std::string& type) {
  const Declaration& declaration = *FindType(type);
  return NobodyBeside(declaration, NameOf(declaration));
}

std::string Samples::NewRequestId() {
  return fmt::format("11111111-2222-4333-8444-{:012}", ++made_);
}

std::string Samples::ParentOf(const Declaration& declaration) {
  for (const auto& part : platform_.services()) {
    for (const resource::RecordType& type : part->catalog().types()) {
      if (type.declaration->pattern().IsParentOf(declaration.pattern()))
        return NameOf(*type.declaration);
    }
  }
  return "";
}

std::string Samples::Create(const Declaration& declaration) {
  const Rpc* rpc = FindFor(declaration, Kind::kCreate);
  if (rpc == nullptr) return declaration.pattern().Make(ParentOf(declaration), "none");
  const auto created = platform_.Call(*rpc->method, *CreateRequest(*rpc, *NewRecord(declaration)));
  if (!created.ok()) Fail(rpc->Path() + ": " + created.status().ToString());
  return NameIn(declaration, **created);
}

MessagePtr Samples::NewRecord(const Declaration& declaration) {
  const MessagePtr& draft = DraftOf(declaration);
  MessagePtr record(draft->New());
  record->CopyFrom(*draft);
  ++made_;
  for (const Column& column : declaration.columns()) {
    const bool is_key = column.match_key != options::v1::MATCH_KEY_UNSPECIFIED;
    if (is_key && !record->GetReflection()->GetString(*record, column.field).empty())
      Fill(column, 0, *record);
  }
  return record;
}

// Fills the required fields, tries the record out, and lets the errors say what else is wanted.
const MessagePtr& Samples::DraftOf(const Declaration& declaration) {
  MessagePtr& known = drafts_[&declaration];
  if (known != nullptr) return known;
  const Rpc& rpc = *FindFor(declaration, Kind::kCreate);
  Draft draft{NewMessage(declaration.message()), {}};
  for (const Column& column : declaration.columns()) {
    if (column.required && !column.output_only) Fill(column, 0, *draft.record);
  }
  for (int i = 0; i < kDraftsMax; ++i) {
    const absl::Status status = TryOut(rpc, *draft.record);
    if (status.ok()) {
      known = std::move(draft.record);
      return known;
    }
    if (!Mend(declaration, status, draft)) Fail(rpc.Path() + ": " + status.ToString());
  }
  Fail(fmt::format("no valid record of {} was found", declaration.type()));
}

absl::Status Samples::TryOut(const Rpc& rpc, const pbuf::Message& record) {
  const MessagePtr request = CreateRequest(rpc, record);
  SetTrue(*request, "validate_only");
  absl::Status status;
  // A record of another service is known when its event has come.
  const bool settled = testing::Eventually(
      [&] {
        status = platform_.Call(*rpc.method, *request).status();
        return ReasonOf(status) != "REFERENCE_NOT_FOUND";
      },
      kArrival);
  if (!settled) Fail(rpc.Path() + ": " + status.ToString());
  return status;
}

bool Samples::Mend(const Declaration& declaration, const absl::Status& status, Draft& draft) {
  const std::string prefix = declaration.singular() + ".";
  std::set<const Column*> wrong;
  for (const FieldViolation& violation : ViolationsOf(status)) {
    if (!violation.field.starts_with(prefix)) continue;
    const std::string path = violation.field.substr(prefix.size());
    const Column* column = declaration.FindColumn(path.substr(0, path.find_first_of(".[")));
    if (column != nullptr) wrong.insert(column);
  }
  for (const Column* column : wrong) Fill(*column, ++draft.attempts[column], *draft.record);
  return !wrong.empty();
}

std::string Samples::NameWithin(const std::string& service, const Declaration& declaration,
                                const std::string& name) {
  if (declaration.service() == service) return name;
  return fmt::format("//{}.lotura/{}", declaration.service(), name);
}

std::string Samples::ReferenceTo(const std::string& type, const std::string& service) {
  if (type == "*") return kAnyRecord;
  const Declaration* referenced = FindType(type);
  if (referenced == nullptr) Fail(fmt::format("nobody declares {}", type));
  return NameWithin(service, *referenced, NameOf(*referenced));
}

std::string Samples::TextFor(const Column& column, int attempt) {
  static constexpr std::array<const char*, 4> kTexts = {"Sample", "USD", "US", "en"};
  switch (column.match_key) {
    case options::v1::MATCH_KEY_EMAIL:
      return fmt::format("sample{}@example.org", made_);
    case options::v1::MATCH_KEY_PHONE:
      return fmt::format("+1415555{:04}", 2000 + made_);
    case options::v1::MATCH_KEY_DOMAIN:
      return fmt::format("sample{}.example.org", made_);
    case options::v1::MATCH_KEY_EXACT:
      return fmt::format("Sample {}", made_);
    default:
      return kTexts[static_cast<std::size_t>(attempt) % kTexts.size()];
  }
}

void Samples::Fill(const Column& column, int attempt, pbuf::Message& record) {
  const pbuf::Reflection& reflection = *record.GetReflection();
  const FieldDescriptor* field = column.field;
  const auto text = [&] {
    if (column.reference.empty()) return TextFor(column, attempt);
    const auto& own = field->containing_type()->options().GetExtension(google::api::resource);
    return ReferenceTo(column.reference, resource::ServiceOfType(own.type()));
  };
  switch (column.type) {
    case ColumnType::kText:
      return reflection.SetString(&record, field, text());
    case ColumnType::kTextArray:
      reflection.ClearField(&record, field);
      return reflection.AddString(&record, field, text());
    case ColumnType::kInt64:
    case ColumnType::kDouble:
      return SetNumber(record, field, NumberFor(column));
    case ColumnType::kBool:
      return reflection.SetBool(&record, field, true);
    case ColumnType::kEnum:
      return reflection.SetEnumValue(
          &record, field,
          field->enum_type()
              ->value(1 + attempt % (field->enum_type()->value_count() - 1))
              ->number());
    case ColumnType::kTimestamp:
      return static_cast<pbuf::Timestamp&>(Mutable(record, field->name()))
          .set_seconds(SecondsFor(attempt));
    case ColumnType::kDate: {
      auto& date = static_cast<google::type::Date&>(Mutable(record, field->name()));
      date.set_year(2026);
      date.set_month(1);
      return date.set_day(15);
    }
    case ColumnType::kMoney: {
      auto& money = static_cast<google::type::Money&>(Mutable(record, field->name()));
      money.set_currency_code("USD");
      return money.set_units(static_cast<std::int64_t>(NumberFor(column)));
    }
    case ColumnType::kJson:
      Fail(fmt::format("{}: a required message has no sample", field->full_name()));
  }
}

}  // namespace lotura::component
