// lotura-bench-importer: brings in many people by one import, and prints one JSON object that says
// how long that took.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "libs/base/clock.h"
#include "libs/base/errors.h"
#include "libs/base/options.h"
#include "libs/base/uuid.h"
#include "libs/rpc/client.h"
#include "libs/rpc/conversation.h"
#include "lotura/accounts/v1/person.pb.h"
#include "lotura/type/v1/import.pb.h"
#include "tools/bench/load/people.h"
#include "tools/bench/program.h"

namespace lotura::bench {
namespace {

constexpr char kMethod[] = "lotura.accounts.v1.PersonService/ImportPeople";
// Chunks that were sent and not answered; the service reads fewer.
constexpr std::int64_t kUnansweredMax = 4;
constexpr std::chrono::seconds kChunkBound{60};

struct Settings {
  std::string target;
  std::string token_file;
  std::string run = "r";
  std::int64_t rows = 1'000'000;
  std::int64_t chunk_rows = 1'000;
  std::int64_t seed = 1;

  void Declare(Options& options) {
    options.RequiredText({"target", "the server, as host:port"}, target);
    options.Text({"token-file", "file with the token of the import; empty: none"}, token_file);
    options.Text({"run", "makes what is created differ from what others create"}, run);
    options.Number({"rows", "how many people come in"}, rows, {1, 1'000'000'000});
    options.Number({"chunk-rows", "how many of them in a chunk"}, chunk_rows, {1, 1'000});
    options.Number({"seed", "the same seed makes the same people"}, seed, {0, 1'000'000'000});
  }

  [[nodiscard]] std::int64_t chunks() const { return (rows + chunk_rows - 1) / chunk_rows; }
};

// The chunks of the import, one after the other.
class Chunks {
 public:
  explicit Chunks(const Settings& settings)
      : settings_(settings),
        import_id_(RandomIds(clock_).Next().ToString()),
        random_(static_cast<std::uint64_t>(settings.seed)) {}

  accounts::v1::ImportPeopleRequest Next() {
    accounts::v1::ImportPeopleRequest chunk;
    chunk.set_import_id(import_id_);
    chunk.set_position(position_++);
    const std::int64_t end = std::min(position_ * settings_.chunk_rows, settings_.rows);
    for (; row_ < end; ++row_)
      *chunk.add_requests() =
          NewPersonRequest(settings_.run, static_cast<std::uint64_t>(row_), random_);
    return chunk;
  }

 private:
  const Settings& settings_;
  const SystemClock clock_;
  const std::string import_id_;
  std::mt19937_64 random_;
  std::int64_t position_ = 0;
  std::int64_t row_ = 0;
};

// INTERNAL unless each row of the chunk was created.
absl::Status CheckResult(const type::v1::ImportResult& result, std::int64_t position) {
  if (result.position() != position)
    return Internal(
        fmt::format("chunk {} was answered instead of {}", result.position(), position));
  for (const type::v1::ImportedRow& row : result.rows()) {
    if (row.has_error())
      return Internal(fmt::format("a row was refused: {}", row.error().message()));
  }
  return absl::OkStatus();
}

// Writes ahead of the answers, as far as it may; returns how many rows were answered.
absl::StatusOr<std::int64_t> Import(const Settings& settings, rpc::Conversation& conversation) {
  Chunks chunks(settings);
  type::v1::ImportResult result;
  std::int64_t sent = 0;
  std::int64_t rows = 0;
  for (std::int64_t answered = 0; answered < settings.chunks(); ++answered) {
    for (; sent < std::min(settings.chunks(), answered + kUnansweredMax); ++sent)
      LOTURA_RETURN_IF_ERROR(conversation.Write(chunks.Next(), Deadline::After(kChunkBound)));
    LOTURA_ASSIGN_OR_RETURN(const bool came,
                            conversation.Read(result, Deadline::After(kChunkBound)));
    if (!came) return Internal("the stream ended before its last chunk was answered");
    LOTURA_RETURN_IF_ERROR(CheckResult(result, answered));
    rows += result.rows_size();
  }
  LOTURA_RETURN_IF_ERROR(conversation.CloseWrites(Deadline::After(kChunkBound)));
  LOTURA_ASSIGN_OR_RETURN(const bool more, conversation.Read(result, Deadline::After(kChunkBound)));
  return more ? Internal("more was answered than was sent") : absl::StatusOr<std::int64_t>(rows);
}

absl::Status Run(const Settings& settings) {
  LOTURA_ASSIGN_OR_RETURN(const std::string token, ReadToken(settings.token_file));
  rpc::Conversation conversation(
      rpc::ConnectTo({.target = settings.target, .neighbor = "accounts"}), kMethod, token);
  const auto began = std::chrono::steady_clock::now();
  LOTURA_ASSIGN_OR_RETURN(const std::int64_t rows, Import(settings, conversation));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const nlohmann::json json = {{"rows", rows}, {"seconds", took.count()}};
  fmt::print("{}\n", json.dump());
  return absl::OkStatus();
}

}  // namespace
}  // namespace lotura::bench

int main(int argc, char** argv) {
  return lotura::bench::RunProgram<lotura::bench::Settings>("lotura-bench-importer", argc, argv,
                                                            lotura::bench::Run);
}
