#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "libs/base/errors.h"
#include "libs/http/fetch.h"
#include "libs/rpc/json_fields.h"
#include "libs/rpc/key_source.h"

namespace lotura::rpc {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;
constexpr std::chrono::seconds kTimeout{5};

absl::Status Unreadable(std::string_view where, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "KEYS_UNREADABLE",
               fmt::format("the keys of tokens cannot be read from {}: {}", where, why));
}

using FileState = std::tuple<ino_t, off_t, time_t, long>;

std::optional<FileState> StateOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileState(info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

absl::StatusOr<std::string> Get(const std::string& url) {
  auto answer = http::Fetch(
      {.url = url, .deadline = Deadline::After(kTimeout), .answer_bytes_max = kBytesMax});
  if (!answer.ok()) return Unreadable(url, std::string(answer.status().message()));
  if (answer->code != 200) return Unreadable(url, fmt::format("the answer is {}", answer->code));
  return std::move(answer->body);
}

// Nothing if it is as it is known, which it is from then on.
absl::StatusOr<std::optional<std::string>> GetNew(const std::string& url, std::string& known) {
  LOTURA_ASSIGN_OR_RETURN(std::string text, Get(url));
  if (text == known) return std::nullopt;
  known = text;
  return text;
}

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kLoopback[] = {"127.0.0.1", "localhost", "[::1]"};

bool IsOnThisMachine(std::string_view plain_url) {
  std::string_view server = plain_url.substr(kPlain.size());
  server = server.substr(0, server.find_first_of("/?#\\"));
  // What stands before an "@" is no server, whatever it looks like.
  if (server.find('@') != std::string_view::npos) return false;
  return std::ranges::any_of(kLoopback, [&](std::string_view host) {
    return server.starts_with(host) && (server.size() == host.size() || server[host.size()] == ':');
  });
}

absl::StatusOr<std::string> Discover(const std::string& issuer) {
  const std::string url =
      issuer.substr(0, issuer.find_last_not_of('/') + 1) + "/.well-known/openid-configuration";
  LOTURA_ASSIGN_OR_RETURN(const std::string text, Get(url));
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (TextOf(document, "issuer") != issuer)
    return Unreadable(url, "the document is of another issuer");
  std::string keys = TextOf(document, "jwks_uri");
  if (!IsUrl(keys) || !IsSafeUrl(keys))
    return Unreadable(url, "it names no place of keys that can be reached safely");
  return keys;
}

}  // namespace

bool IsUrl(std::string_view text) {
  return text.starts_with(kPlain) || text.starts_with("https://");
}

bool IsSafeUrl(std::string_view text) { return !text.starts_with(kPlain) || IsOnThisMachine(text); }

FetchKeys KeysFromFile(std::string path) {
  return
      [path = std::move(path),
       known = std::optional<FileState>()]() mutable -> absl::StatusOr<std::optional<std::string>> {
        const auto state = StateOf(path);
        if (!state.has_value()) return Unreadable(path, "there is no such file");
        if (state == known) return std::nullopt;
        std::ifstream file(path, std::ios::binary);
        std::string text(kBytesMax + 1, '\0');
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
        if (!file.is_open() || file.bad() || text.size() > kBytesMax)
          return Unreadable(path, "it is unreadable or too large");
        known = state;
        return text;
      };
}

FetchKeys KeysFromUrl(std::string url) {
  return [url = std::move(url),
          known = std::string()]() mutable -> absl::StatusOr<std::optional<std::string>> {
    return GetNew(url, known);
  };
}

FetchKeys KeysFromDiscovery(std::string issuer) {
  return [issuer = std::move(issuer),
          known = std::string()]() mutable -> absl::StatusOr<std::optional<std::string>> {
    // Each time: they may have moved while the old place still answers.
    LOTURA_ASSIGN_OR_RETURN(const std::string place, Discover(issuer));
    return GetNew(place, known);
  };
}

}  // namespace lotura::rpc
