#include "libs/http/fetch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "libs/base/errors.h"

namespace lotura::http {
namespace {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

struct Collected {
  std::string text;
  std::size_t bytes_max = 0;
};

std::size_t Collect(char* data, std::size_t size, std::size_t count, void* target) {
  auto& collected = *static_cast<Collected*>(target);
  // libcurl gives up with an error.
  if (collected.text.size() + size * count > collected.bytes_max) return 0;
  collected.text.append(data, size * count);
  return size * count;
}

absl::Status Failed(std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "HTTP_FAILED", std::string(why));
}

// Null if there is no memory for it.
List ListOf(const std::vector<std::string>& headers) {
  List list;
  for (const std::string& header : headers) {
    curl_slist* const longer = curl_slist_append(list.get(), header.c_str());
    if (longer == nullptr) return nullptr;
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

void SetBody(CURL* curl, const Request& request) {
  if (request.body.empty() && request.method == "GET") return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void Sign(CURL* curl, const AwsSigner& signer) {
  const std::string parts = fmt::format("aws:amz:{}:{}", signer.region, signer.service);
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, parts.c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, signer.key_id.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, signer.secret.c_str());
}

}  // namespace

absl::StatusOr<Answer> Fetch(const Request& request) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const auto left = request.deadline.Left();
  // To libcurl no time would be all of it.
  if (left.count() <= 0) return Failed("there was no time left for it");
  const Easy handle(curl_easy_init());
  const List headers = ListOf(request.headers);
  CURL* const curl = handle.get();
  if (curl == nullptr || (headers == nullptr && !request.headers.empty()))
    return Failed("out of memory");
  Collected collected{.text = {}, .bytes_max = request.answer_bytes_max};
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &collected);
  SetBody(curl, request);
  if (request.signer.has_value()) Sign(curl, *request.signer);
  const CURLcode result = curl_easy_perform(curl);
  if (result != CURLE_OK) return Failed(curl_easy_strerror(result));
  Answer answer{.code = 0, .body = std::move(collected.text)};
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.code);
  return answer;
}

}  // namespace lotura::http
