#include "libs/audit/s3_store.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/base/hex.h"

namespace lotura::audit {
namespace {

// What a store says is wrong is XML of some hundred bytes.
constexpr std::size_t kAnswerMax = 4'096;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t Collect(char* data, std::size_t size, std::size_t count, void* target) {
  auto& text = *static_cast<std::string*>(target);
  text.append(data, std::min(size * count, kAnswerMax - text.size()));
  return size * count;
}

// "SignatureDoesNotMatch" of the answer of a store.
std::string CodeIn(const std::string& answer) {
  constexpr std::string_view kBegin = "<Code>";
  const std::size_t begin = answer.find(kBegin);
  const std::size_t end = answer.find("</Code>");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return answer.substr(begin + kBegin.size(), end - begin - kBegin.size());
}

absl::Status Unwritable(const std::string& url, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "ARCHIVE_UNWRITABLE",
               fmt::format("{} cannot be written: {}", url, why));
}

}  // namespace

absl::Status S3Store::Put(const std::string& name, std::string_view content, Deadline deadline) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::string url = fmt::format("{}/{}/{}{}", options_.endpoint, bucket_, prefix_, name);
  const std::unique_ptr<CURL, EasyDeleter> handle(curl_easy_init());
  const std::unique_ptr<curl_slist, ListDeleter> headers(
      curl_slist_append(curl_slist_append(nullptr, "content-type: application/octet-stream"),
                        ("x-amz-content-sha256: " + ToHex(Sha256(content))).c_str()));
  if (handle == nullptr || headers == nullptr) return Unwritable(url, "out of memory");
  std::string answer;
  CURL* const curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.Left().count()));
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "PUT");
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(content.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, content.data());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, ("aws:amz:" + options_.region + ":s3").c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, options_.key_id.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, options_.secret.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  const CURLcode result = curl_easy_perform(curl);
  if (result != CURLE_OK) return Unwritable(url, curl_easy_strerror(result));
  long code = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
  if (code != 200) return Unwritable(url, fmt::format("the answer is {} {}", code, CodeIn(answer)));
  return absl::OkStatus();
}

}  // namespace lotura::audit
