#include "libs/resource/shown.h"

#include <algorithm>

#include "libs/resource/message_copy.h"

namespace lotura::resource {
namespace {

// What somebody is shown, and of what.
struct Showing {
  const Principal& caller;
  const Catalog& catalog;
  std::span<const RecordChange> tried;
};

void MaskRecord(const Showing& showing, const Declaration& declaration, pbuf::Message& record) {
  const auto view = ViewFor(showing.caller, declaration);
  const auto change = std::ranges::find_if(
      showing.tried, [&, name = declaration.NameOf(record)](const RecordChange& one) {
        return one.declaration == &declaration && one.name == name && one.before != nullptr;
      });
  if (change == showing.tried.end()) return view->Mask(record);
  view->MaskTried(*change->before, record);
}

void MaskRecords(const Showing& showing, pbuf::Message& message) {
  if (const RecordType* type = showing.catalog.Find(message.GetDescriptor()))
    return MaskRecord(showing, *type->declaration, message);
  const pbuf::Reflection& reflection = *message.GetReflection();
  std::vector<const pbuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pbuf::FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      MaskRecords(showing, *reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      MaskRecords(showing, *reflection.MutableRepeatedMessage(&message, field, i));
  }
}

}  // namespace

std::shared_ptr<const pbuf::Message> ShownTo(const Principal& caller, const Catalog& catalog,
                                             std::shared_ptr<const pbuf::Message> answer,
                                             std::span<const RecordChange> tried) {
  if (caller.SeesAll()) return answer;
  const RecordType* type = catalog.Find(answer->GetDescriptor());
  if (type != nullptr && tried.empty())
    return ViewFor(caller, *type->declaration)->Show(std::move(answer));
  std::shared_ptr<pbuf::Message> shown = CopyOf(*answer);
  MaskRecords({caller, catalog, tried}, *shown);
  return shown;
}

}  // namespace lotura::resource
