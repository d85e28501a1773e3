#include "tests/component/bad_requests.h"

#include <fmt/format.h>

#include <set>

#include "libs/resource/import_chunk.h"

namespace lotura::component {
namespace {

using FieldDescriptor = pbuf::FieldDescriptor;

constexpr int kPathDepthMax = 6;

std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string Wrapped(const FieldDescriptor& field, const std::string& content) {
  return Varint(static_cast<std::uint64_t>(field.number()) << 3 | 2) + Varint(content.size()) +
         content;
}

// The bytes of a message with one field, and the path of that field.
struct OneField {
  std::string bytes;
  std::string path;
};

// One for each text field of the type, also within its messages; each holds a byte that begins no
// character.
std::vector<OneField> InvalidTexts(const pbuf::Descriptor& type, int depth) {
  std::vector<OneField> found;
  for (int i = 0; depth < kPathDepthMax && i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string place = field.is_repeated() ? field.name() + "[0]" : field.name();
    if (field.type() == FieldDescriptor::TYPE_STRING)
      found.push_back({Wrapped(field, "\xFF"), place});
    if (field.type() != FieldDescriptor::TYPE_MESSAGE) continue;
    for (const OneField& inner : InvalidTexts(*field.message_type(), depth + 1))
      found.push_back({Wrapped(field, inner.bytes), fmt::format("{}.{}", place, inner.path)});
  }
  return found;
}

}  // namespace

std::vector<BadRequest> BadRequestsOf(const Rpc& rpc, Samples& samples, Platform& platform) {
  BadRequests bad(rpc, samples, platform);
  bad.AddBytes();
  bad.AddNames();
  bad.AddRecords();
  bad.AddLists();
  bad.AddImports();
  bad.AddVerb();
  return bad.found();
}

std::vector<std::string> FieldsNotHeld(const Rpc& rpc, const std::vector<BadRequest>& requests) {
  std::set<std::string> held;
  for (const BadRequest& bad : requests) {
    if (bad.reason == "STALE_ETAG") held.insert("etag");
    if (bad.reason != "INVALID_UTF8")
      held.insert(bad.field.substr(0, bad.field.find_first_of(".[")));
  }
  std::vector<std::string> missing;
  for (int i = 0; i < rpc.method->input_type()->field_count(); ++i) {
    const FieldDescriptor& field = *rpc.method->input_type()->field(i);
    const bool can_be_wrong = field.cpp_type() != FieldDescriptor::CPPTYPE_BOOL &&
                              (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
                               field.is_repeated() || IsRequired(field));
    if (can_be_wrong && !held.contains(field.name())) missing.push_back(field.name());
  }
  return missing;
}

void BadRequests::Add(const pbuf::Message& request, BadRequest bad) {
  bad.messages = {request.SerializeAsString()};
  found_.push_back(std::move(bad));
}

void BadRequests::Add(const std::string& what, const pbuf::Message& request,
                      const std::string& reason, const std::string& field) {
  Add(request, {.what = what, .reason = reason, .field = field});
}

void BadRequests::AddBytes() {
  const std::string valid = samples_.ValidRequest(rpc_)->SerializeAsString();
  if (!rpc_.method->client_streaming()) {
    found_.push_back(
        {.what = "two messages", .messages = {valid, valid}, .reason = "REQUEST_REPEATED"});
    found_.push_back({.what = "no message", .messages = {}, .reason = "REQUEST_MISSING"});
  }
  found_.push_back({.what = "no message of any type",
                    .messages = {"\xFF\xFF\xFF"},
                    .reason = "REQUEST_MALFORMED"});
  // Each byte opens one more group of an unknown field.
  found_.push_back({.what = "messages nested too deep",
                    .messages = {std::string(10'000, '\x7B')},
                    .reason = "REQUEST_MALFORMED"});
  for (const OneField& text : InvalidTexts(*rpc_.method->input_type(), 0)) {
    found_.push_back({.what = "invalid UTF-8",
                      .messages = {text.bytes},
                      .reason = "INVALID_UTF8",
                      .field = text.path});
  }
}

void BadRequests::AddImports() {
  if (rpc_.kind != Kind::kImport) return;
  const auto add = [&](const char* what, const char* reason, const char* field,
                       const std::function<void(pbuf::Message&)>& spoil) {
    const MessagePtr request = samples_.ValidRequest(rpc_);
    spoil(*request);
    Add(what, *request, reason, field);
  };
  add("no import id", "REQUIRED", "import_id",
      [](pbuf::Message& chunk) { SetText(chunk, "import_id", ""); });
  add("an import id that is none", "IMPORT_ID_INVALID", "import_id",
      [](pbuf::Message& chunk) { SetText(chunk, "import_id", "a"); });
  add("a negative position", "POSITION_INVALID", "position",
      [](pbuf::Message& chunk) { SetNumber(chunk, FieldOf(chunk, "position"), -1); });
  add("no rows", "REQUIRED", "requests", [](pbuf::Message& chunk) {
    chunk.GetReflection()->ClearField(&chunk, FieldOf(chunk, "requests"));
  });
  add("too many rows", "TOO_MANY", "requests", [](pbuf::Message& chunk) {
    for (int i = 0; i < resource::kChunkRowsMax; ++i) AddElement(chunk, "requests");
  });
}

std::string BadRequests::RecordPath() const {
  const bool batch = rpc_.kind == Kind::kBatchCreate || rpc_.kind == Kind::kBatchUpdate;
  return (batch ? "requests[0]." : "") + rpc_.declaration->singular();
}

std::string BadRequests::NamePath() const {
  if (rpc_.kind == Kind::kBatchGet) return "names[0]";
  const bool update = rpc_.kind == Kind::kUpdate || rpc_.kind == Kind::kBatchUpdate;
  return update ? RecordPath() + ".name" : "name";
}

pbuf::Message& BadRequests::RecordOf(pbuf::Message& request) const {
  const bool batch = rpc_.kind == Kind::kBatchCreate || rpc_.kind == Kind::kBatchUpdate;
  if (!batch) return Mutable(request, rpc_.declaration->singular());
  const auto* requests = request.GetDescriptor()->FindFieldByName("requests");
  return Mutable(*request.GetReflection()->MutableRepeatedMessage(&request, requests, 0),
                 rpc_.declaration->singular());
}

}  // namespace lotura::component
