#include "libs/audit/s3_store.h"

#include <fmt/format.h>

#include "libs/base/crypto.h"
#include "libs/base/errors.h"
#include "libs/base/hex.h"
#include "libs/http/fetch.h"

namespace lotura::audit {
namespace {

// What a store says is wrong is XML of some hundred bytes.
constexpr std::size_t kAnswerMax = std::size_t{64} << 10;

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
  const std::string url = fmt::format("{}/{}/{}{}", options_.endpoint, bucket_, prefix_, name);
  const auto secret = options_.secret.Read();
  if (!secret.ok()) return Unwritable(url, Message(secret.status()));
  const auto answer = http::Fetch({.url = url,
                                   .deadline = deadline,
                                   .method = "PUT",
                                   .headers = {"content-type: application/octet-stream",
                                               "x-amz-content-sha256: " + ToHex(Sha256(content))},
                                   .body = content,
                                   .signer = http::AwsSigner{.region = options_.region,
                                                             .service = "s3",
                                                             .key_id = options_.key_id,
                                                             .secret = *secret},
                                   .answer_bytes_max = kAnswerMax});
  if (!answer.ok()) return Unwritable(url, std::string(answer.status().message()));
  if (answer->code == 200) return absl::OkStatus();
  return Unwritable(url, fmt::format("the answer is {} {}", answer->code, CodeIn(answer->body)));
}

}  // namespace lotura::audit
