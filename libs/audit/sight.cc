#include "libs/audit/sight.h"

#include <google/api/resource.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "lotura/audit/v1/audit_service.pb.h"
#include "lotura/events/v1/event_service.pb.h"
#include "lotura/options/v1/options.pb.h"

namespace lotura::audit {
namespace {

constexpr std::size_t kPersonalMax = 64;

bool IsPersonal(const pbuf::FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::field).personal();
}

bool IsRecord(const pbuf::Descriptor& message) {
  return message.options().HasExtension(google::api::resource);
}

// "sales" of "lotura.sales.v1".
std::string ServiceOf(const pbuf::Descriptor& message) {
  const std::string& package = message.file()->package();
  const std::size_t begin = package.find('.') + 1;
  return package.substr(begin, package.find('.', begin) - begin);
}

SightType TypeOf(const pbuf::Descriptor& message) {
  SightType type{.name = message.full_name(), .service = ServiceOf(message)};
  if (IsRecord(message)) {
    type.name = message.options().GetExtension(google::api::resource).type();
    type.name_field = message.FindFieldByName("name");
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const pbuf::FieldDescriptor* field = message.field(i);
    if (IsPersonal(*field) && type.personal.size() < kPersonalMax) type.personal.push_back(field);
    const bool names = type.name_field == nullptr && !field->is_repeated() &&
                       field->options().HasExtension(google::api::resource_reference);
    if (names) type.name_field = field;
  }
  return type;
}

// Kept for ever: sights refer to them.
const SightType& Kept(const pbuf::Descriptor& message) {
  static std::mutex mutex;  // guards types
  static auto& types = *new std::map<const pbuf::Descriptor*, SightType>();
  const std::lock_guard lock(mutex);
  const auto found = types.find(&message);
  return found != types.end() ? found->second
                              : types.emplace(&message, TypeOf(message)).first->second;
}

bool HasValue(const pbuf::Message& message, const pbuf::FieldDescriptor& field) {
  const pbuf::Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

void See(const SightType& type, const pbuf::Message& message, std::vector<Sight>& sights) {
  Sight sight{.type = &type};
  for (std::size_t i = 0; i < type.personal.size(); ++i) {
    if (HasValue(message, *type.personal[i])) sight.personal |= std::uint64_t{1} << i;
  }
  if (type.name_field != nullptr)
    sight.name = message.GetReflection()->GetString(message, type.name_field);
  sights.push_back(std::move(sight));
}

// A state of a record that is stored apart.
std::uint64_t PersonalIn(const SightType& type, const std::string& state) {
  pbuf::UnknownFieldSet fields;
  if (state.empty() || !fields.ParseFromString(state)) return 0;
  std::uint64_t personal = 0;
  for (int at = 0; at < fields.field_count(); ++at) {
    const auto field =
        std::ranges::find(type.personal, fields.field(at).number(), &pbuf::FieldDescriptor::number);
    if (field != type.personal.end())
      personal |= std::uint64_t{1} << (field - type.personal.begin());
  }
  return personal;
}

void SeeStates(const std::string& message, std::string name,
               std::initializer_list<const std::string*> states, std::vector<Sight>& sights) {
  static const SightType kUnknown{.name = "unknown", .service = ""};
  const SightType* type = SightTypeOf(message);
  if (type == nullptr) type = &kUnknown;
  Sight sight{.type = type, .name = std::move(name)};
  for (const std::string* state : states) sight.personal |= PersonalIn(*type, *state);
  sights.push_back(std::move(sight));
}

void SeeEvent(const pbuf::Message& message, std::vector<Sight>& sights) {
  const auto& event = static_cast<const events::v1::Event&>(message);
  const events::v1::Change& change = event.change();
  SeeStates(change.resource_type(), event.subject(),
            {&change.before().personal(), &change.after().personal()}, sights);
}

void SeeSnapshot(const pbuf::Message& message, std::vector<Sight>& sights) {
  const auto& record = static_cast<const events::v1::SnapshotRecord&>(message);
  SeeStates(record.resource_type(), record.name(), {&record.state().personal()}, sights);
}

void SeeEntry(const pbuf::Message& message, std::vector<Sight>& sights) {
  const auto& entry = static_cast<const v1::Entry&>(message);
  SeeStates(entry.resource_type(), entry.name(),
            {&entry.before_personal().content(), &entry.after_personal().content()}, sights);
}

using Special = void (*)(const pbuf::Message& message, std::vector<Sight>& sights);

Special SpecialOf(const pbuf::Descriptor* message) {
  if (message == events::v1::Event::descriptor()) return SeeEvent;
  if (message == events::v1::SnapshotRecord::descriptor()) return SeeSnapshot;
  if (message == v1::Entry::descriptor()) return SeeEntry;
  return nullptr;
}

}  // namespace

const SightType* SightTypeOf(const std::string& message) {
  const auto* found = pbuf::DescriptorPool::generated_pool()->FindMessageTypeByName(message);
  return found == nullptr || !IsRecord(*found) ? nullptr : &Kept(*found);
}

// What to look for in messages of one type.
struct SightPlan::Node {
  Special special = nullptr;
  const SightType* type = nullptr;
  // Fields with messages that may show something.
  std::vector<std::pair<const pbuf::FieldDescriptor*, const Node*>> below;

  void See(const pbuf::Message& message, std::vector<Sight>& sights) const {
    if (special != nullptr) return special(message, sights);
    if (type != nullptr) audit::See(*type, message, sights);
    const pbuf::Reflection& reflection = *message.GetReflection();
    for (const auto& [field, node] : below) {
      if (!field->is_repeated()) {
        if (reflection.HasField(message, field))
          node->See(reflection.GetMessage(message, field), sights);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i)
        node->See(reflection.GetRepeatedMessage(message, field, i), sights);
    }
  }
};

class SightPlan::Maker {
 public:
  explicit Maker(SightPlan& plan) : plan_(plan) {}

  // Null if messages of this type never show anything.
  const Node* Make(const pbuf::Descriptor* message) {
    const auto [known, is_new] = made_.try_emplace(message, nullptr);
    if (!is_new) return known->second;
    // Of a type that holds itself the node is known before it is complete.
    plan_.nodes_.push_back(std::make_unique<Node>());
    Node* const node = plan_.nodes_.back().get();
    made_[message] = node;
    node->special = SpecialOf(message);
    const SightType& type = Kept(*message);
    if (IsRecord(*message) || !type.personal.empty()) node->type = &type;
    if (node->special == nullptr && !IsRecord(*message)) Descend(*message, *node);
    const bool shows = node->special != nullptr || node->type != nullptr || !node->below.empty();
    return shows ? node : made_[message] = nullptr;
  }

 private:
  void Descend(const pbuf::Descriptor& message, Node& node) {
    for (int i = 0; i < message.field_count(); ++i) {
      const pbuf::FieldDescriptor* field = message.field(i);
      if (field->message_type() == nullptr) continue;
      const Node* below = Make(field->message_type());
      if (below != nullptr) node.below.emplace_back(field, below);
    }
  }

  SightPlan& plan_;
  std::map<const pbuf::Descriptor*, const Node*> made_;
};

SightPlan::SightPlan(const pbuf::Descriptor* answer) { root_ = Maker(*this).Make(answer); }

SightPlan::~SightPlan() = default;

std::vector<Sight> SightPlan::Of(const pbuf::Message& answer) const {
  std::vector<Sight> sights;
  if (root_ != nullptr) root_->See(answer, sights);
  return sights;
}

}  // namespace lotura::audit
