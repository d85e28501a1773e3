#include "tools/lotura/tenant_export.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/base/errors.h"
#include "libs/base/sha256_stream.h"
#include "lotura/events/v1/event_service.pb.h"
#include "tools/lotura/api/field_text.h"
#include "tools/lotura/api/json.h"
#include "tools/lotura/api/text_file.h"
#include "tools/lotura/exit_code.h"

namespace lotura::cli {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr char kManifest[] = "manifest.json";
// What a run that was ended has done.
constexpr char kProgress[] = "progress.json";
constexpr std::size_t kBlock = 1 << 20;
// Of a page.
constexpr int kAttemptsMax = 10;
constexpr std::chrono::seconds kPause{1};

absl::Status Unwritable(const fs::path& path) {
  return Error(absl::StatusCode::kUnavailable, "FILE_UNWRITABLE",
               fmt::format("{} cannot be written", path.string()));
}

// Whole, or not at all.
absl::Status WriteWhole(const fs::path& path, const std::string& text) {
  fs::path fresh = path;
  fresh += ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  std::error_code failure;
  if (file) fs::rename(fresh, path, failure);
  return file && !failure ? absl::OkStatus() : Unwritable(path);
}

absl::StatusOr<std::string> DigestOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256Stream digest;
  std::string block(kBlock, '\0');
  do {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.Add(std::string_view(block).substr(0, static_cast<std::size_t>(file.gcount())));
  } while (file);
  if (!file.eof()) return Unavailable("FILE_UNREADABLE", path.string() + " cannot be read");
  return ToHex(digest.Finish());
}

std::string FileOf(const api::ResourceType& type) {
  return fmt::format("{}.{}.jsonl", type.service, type.message->name());
}

// "pipelines/-" of stages: those of all pipelines.
std::string AnyParent(const api::ResourceType& type) {
  std::string parent;
  for (std::size_t i = 0; i + 1 < type.collections.size(); ++i)
    parent += fmt::format("{}{}/-", parent.empty() ? "" : "/", type.collections[i]);
  return parent;
}

class Exporter {
 public:
  Exporter(const Session& session, const TenantExportFlags& flags)
      : session_(session), flags_(flags), directory_(flags.directory) {}

  absl::Status Run() {
    LOTURA_RETURN_IF_ERROR(Open());
    for (const api::ResourceType& type : session_.model.types()) {
      const auto method =
          type.api == nullptr ? absl::NotFoundError("") : type.Method(api::Verb::kList);
      if (!method.ok() || done_.contains(type.type)) continue;
      LOTURA_RETURN_IF_ERROR(NotePosition(type.service));
      const absl::Status exported = ExportType(type, **method);
      // What the caller may not see is told, and is no failure.
      if (absl::IsPermissionDenied(exported)) {
        done_[type.type] = {{"type", type.type}, {"left_out", ReasonOf(exported)}};
        LOTURA_RETURN_IF_ERROR(SaveProgress());
        session_.output.err << fmt::format("{}: {}\n", type.type, ReasonOf(exported));
        continue;
      }
      LOTURA_RETURN_IF_ERROR(exported);
    }
    return Finish();
  }

 private:
  absl::Status Open() {
    // All records of a tenant are for whoever exports them alone.
    umask(S_IRWXG | S_IRWXO);
    std::error_code failure;
    fs::create_directories(directory_, failure);
    if (failure) return Unwritable(directory_);
    if (fs::exists(directory_ / kManifest))
      return UsageError(fmt::format("{} holds a complete export", directory_.string()));
    if (!fs::exists(directory_ / kProgress)) {
      if (!fs::is_empty(directory_, failure) || failure)
        return UsageError(fmt::format("{} is not empty", directory_.string()));
      begin_ = ToRfc3339(SystemClock().Now());
      return SaveProgress();
    }
    LOTURA_ASSIGN_OR_RETURN(const std::string text, api::ReadTextFile(directory_ / kProgress));
    const Json progress = Json::parse(text, nullptr, false);
    if (!progress.is_object() || !progress.contains("done") || !progress.contains("begin_time"))
      return UsageError(fmt::format("{} is not what an export has written", kProgress));
    begin_ = progress["begin_time"];
    for (const Json& one : progress["done"]) done_[one["type"]] = one;
    positions_ = progress.value("positions", Json::object());
    under_way_ = progress.value("under_way", Json::object());
    return absl::OkStatus();
  }

  absl::Status SaveProgress() const {
    Json progress{{"begin_time", begin_}, {"done", Json::array()}, {"positions", positions_}};
    for (const auto& [type, one] : done_) progress["done"].push_back(one);
    if (!under_way_.empty()) progress["under_way"] = under_way_;
    return WriteWhole(directory_ / kProgress, progress.dump(1));
  }

  // Where the events of a service stand before any of its records is read: from there on they tell
  // all that has changed since. Nothing if the caller may not follow them.
  absl::Status NotePosition(const std::string& service) {
    if (positions_.contains(service)) return absl::OkStatus();
    events::v1::SubscribeRequest request;
    request.mutable_subscription()->set_service(service);
    request.mutable_subscription()->set_start(events::v1::Subscription::START_LATEST);
    positions_[service] = nullptr;
    const auto stream =
        session_.transport.Converse(*pbuf::DescriptorPool::generated_pool()->FindMethodByName(
                                        "lotura.events.v1.EventService.Subscribe"),
                                    service);
    if (!stream.ok()) return MayBeLeftOut(stream.status());
    LOTURA_RETURN_IF_ERROR(MayBeLeftOut((*stream)->Write(request, session_.timeout)));
    events::v1::SubscribeResponse response;
    const auto got = (*stream)->Read(response, session_.timeout);
    if (!got.ok()) return MayBeLeftOut(got.status());
    if (*got) positions_[service] = response.resume_token();
    return absl::OkStatus();
  }

  static absl::Status MayBeLeftOut(const absl::Status& status) {
    return absl::IsPermissionDenied(status) || absl::IsUnimplemented(status) ? absl::OkStatus()
                                                                             : status;
  }

  absl::Status ExportType(const api::ResourceType& type, const pbuf::MethodDescriptor& method) {
    const fs::path path = directory_ / FileOf(type);
    const bool goes_on = under_way_.value("type", "") == type.type;
    if (!goes_on || !Holds(path)) BeginType(type);
    absl::Status read = ReadPages(type, method, path);
    const std::string reason = ReasonOf(read);
    if (goes_on && (reason == "PAGE_TOKEN_EXPIRED" || reason == "PAGE_TOKEN_MISMATCH" ||
                    reason == "PAGE_TOKEN_INVALID")) {
      // Somebody else's, or too old: from the beginning.
      BeginType(type);
      read = ReadPages(type, method, path);
    }
    if (!read.ok()) {
      if (absl::IsPermissionDenied(read)) fs::remove(path);
      return read;
    }
    LOTURA_ASSIGN_OR_RETURN(const std::string digest, DigestOf(path));
    done_[type.type] = {{"type", type.type},
                        {"file", FileOf(type)},
                        {"records", under_way_["records"]},
                        {"bytes", under_way_["bytes"]},
                        {"sha256", digest}};
    under_way_ = Json::object();
    session_.output.out << fmt::format("{}: {} records\n", type.type,
                                       done_[type.type]["records"].get<std::int64_t>())
                        << std::flush;
    return SaveProgress();
  }

  absl::Status ReadPages(const api::ResourceType& type, const pbuf::MethodDescriptor& method,
                         const fs::path& path) {
    LOTURA_RETURN_IF_ERROR(Truncate(path));
    std::ofstream file(path, std::ios::binary | std::ios::app);
    const auto request = api::NewMessage(*method.input_type());
    LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "page_size", std::to_string(flags_.page_size)));
    LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "order_by", "name"));
    if (type.HasParent()) LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "parent", AnyParent(type)));
    const auto* list = api::FindListOf(*method.output_type(), *type.message);
    do {
      const std::string token = under_way_["page_token"];
      if (!token.empty()) LOTURA_RETURN_IF_ERROR(api::SetPath(*request, "page_token", token));
      LOTURA_ASSIGN_OR_RETURN(const auto page, ReadPage(method, *request));
      LOTURA_RETURN_IF_ERROR(Append(*page, list, file, path));
    } while (under_way_["page_token"] != "");
    return absl::OkStatus();
  }

  // What may pass is waited for, for a while.
  absl::StatusOr<std::unique_ptr<pbuf::Message>> ReadPage(const pbuf::MethodDescriptor& method,
                                                          const pbuf::Message& request) const {
    for (int attempt = 1;; ++attempt) {
      auto answer = session_.transport.Call(method, request, session_.timeout);
      if (answer.ok() || !MayPass(answer.status()) || attempt == kAttemptsMax) return answer;
      std::this_thread::sleep_for(kPause);
    }
  }

  void BeginType(const api::ResourceType& type) {
    under_way_ = {{"type", type.type}, {"page_token", ""}, {"bytes", 0}, {"records", 0}};
  }

  // Whether the file has all that was noted of it. Without power it may have lost its end.
  [[nodiscard]] bool Holds(const fs::path& path) const {
    std::error_code failure;
    const std::uintmax_t size = fs::file_size(path, failure);
    return !failure && size >= under_way_["bytes"].get<std::uintmax_t>();
  }

  // What was written behind the last page that was noted is of a page that is read again.
  absl::Status Truncate(const fs::path& path) const {
    std::error_code failure;
    if (!fs::exists(path)) std::ofstream(path, std::ios::binary).flush();
    fs::resize_file(path, under_way_["bytes"].get<std::uintmax_t>(), failure);
    return failure ? Unwritable(path) : absl::OkStatus();
  }

  absl::Status Append(const pbuf::Message& page, const pbuf::FieldDescriptor* list,
                      std::ofstream& file, const fs::path& path) {
    std::string lines;
    const int count = page.GetReflection()->FieldSize(page, list);
    for (int i = 0; i < count; ++i)
      lines += api::ToJson(page.GetReflection()->GetRepeatedMessage(page, list, i),
                           api::JsonStyle::kCompact) +
               "\n";
    file << lines << std::flush;
    if (!file) return Unwritable(path);
    under_way_["bytes"] = under_way_["bytes"].get<std::uint64_t>() + lines.size();
    under_way_["records"] = under_way_["records"].get<std::int64_t>() + count;
    under_way_["page_token"] = api::TextOf(page, "next_page_token");
    return SaveProgress();
  }

  absl::Status Finish() const {
    Json manifest{{"format", 1},
                  {"begin_time", begin_},
                  {"end_time", ToRfc3339(SystemClock().Now())},
                  {"files", Json::array()},
                  {"left_out", Json::array()},
                  {"positions", positions_}};
    for (const auto& [type, one] : done_) {
      if (one.contains("file")) {
        manifest["files"].push_back(one);
      } else {
        manifest["left_out"].push_back({{"type", type}, {"reason", one["left_out"]}});
      }
    }
    LOTURA_RETURN_IF_ERROR(WriteWhole(directory_ / kManifest, manifest.dump(1) + "\n"));
    fs::remove(directory_ / kProgress);
    session_.output.out << fmt::format("{} files in {}\n", manifest["files"].size(),
                                       directory_.string())
                        << std::flush;
    return absl::OkStatus();
  }

  const Session& session_;
  const TenantExportFlags& flags_;
  const fs::path directory_;
  std::string begin_;
  // By type: what the manifest will say of it.
  std::map<std::string, Json> done_;
  Json positions_ = Json::object();
  // The type that is read, and how far.
  Json under_way_ = Json::object();
};

}  // namespace

absl::Status TenantExport(const Session& session, const TenantExportFlags& flags) {
  return Exporter(session, flags).Run();
}

}  // namespace lotura::cli
