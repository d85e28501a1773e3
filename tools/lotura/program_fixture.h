// The program with services that a test lays down.
#pragma once

#include <gtest/gtest.h>

#include <sstream>

#include "libs/base/errors.h"
#include "tools/lotura/api/fake_api.h"
#include "tools/lotura/program.h"

namespace lotura::cli {

// Answers reports and timelines with what a test has laid down, all else like FakeApi.
class FakeServices final : public api::Transport {
 public:
  absl::StatusOr<std::unique_ptr<pbuf::Message>> Call(const pbuf::MethodDescriptor& method,
                                                      const pbuf::Message& request,
                                                      std::chrono::milliseconds timeout) override {
    requests.push_back(method.name() + " " + request.ShortDebugString());
    const auto found = answers.find(method.name());
    if (found == answers.end()) return records.Call(method, request, timeout);
    std::unique_ptr<pbuf::Message> answer(found->second->New());
    answer->CopyFrom(*found->second);
    return answer;
  }

  const api::ResourceModel model = api::ResourceModel::OfLinkedProtos();
  api::FakeApi records{model};
  std::map<std::string, std::shared_ptr<pbuf::Message>> answers;
  std::vector<std::string> requests;
};

// Lets the program own what the test keeps.
class Borrowed final : public api::Transport {
 public:
  explicit Borrowed(api::Transport& lent) : lent_(lent) {}
  absl::StatusOr<std::unique_ptr<pbuf::Message>> Call(const pbuf::MethodDescriptor& method,
                                                      const pbuf::Message& request,
                                                      std::chrono::milliseconds timeout) override {
    return lent_.Call(method, request, timeout);
  }

 private:
  api::Transport& lent_;
};

class ProgramTest : public ::testing::Test {
 protected:
  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    const Surroundings surroundings{
        .out = out_,
        .err = err_,
        .style = {},
        .err_style = {},
        .variables = [](const std::string& name) -> std::optional<std::string> {
          if (name == "LOTURA_ENDPOINT") return "127.0.0.1:1";
          if (name == "LOTURA_TOKEN") return "secret";
          return std::nullopt;
        },
        .directory = "/",
        .connect =
            [this](const Connection& /*connection*/, const Arguments& /*arguments*/) {
              return std::make_unique<Borrowed>(services_);
            },
        .administer =
            [this](const std::vector<std::string>& words) {
              words_ = words;
              return Unavailable("PROGRAM_MISSING", "not in this test");
            }};
    return static_cast<int>(RunProgram(arguments, surroundings));
  }

  FakeServices services_;
  std::vector<std::string> words_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace lotura::cli
