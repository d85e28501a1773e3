// lotura: the command line of the platform.
#include <unistd.h>

#include <iostream>

#include "tools/lotura/grpc_transport.h"
#include "tools/lotura/program.h"

int main(int argc, char** argv) {
  namespace cli = lotura::cli;
  using lotura::terminal::Style;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::error_code error;
  const cli::Surroundings surroundings{
      .out = std::cout,
      .err = std::cerr,
      .style = Style::Of(STDOUT_FILENO),
      .err_style = Style::Of(STDERR_FILENO),
      .variables = cli::ProcessVariables(),
      .directory = std::filesystem::current_path(error),
      .connect =
          [](const cli::Connection& connection, const cli::Arguments& parsed) {
            // Nobody waits for one row of an import, which also knows best when to try again.
            const cli::CallManner of_import{.retries = cli::Retries::kByCaller,
                                            .priority = lotura::rpc::Priority::kBulk};
            const bool imports = std::holds_alternative<cli::ImportCommand>(parsed.command);
            const bool encrypted = parsed.tls || connection.certificates != nullptr;
            return std::make_unique<cli::GrpcTransport>(
                connection, encrypted ? lotura::rpc::Security::kTls : lotura::rpc::Security::kPlain,
                imports ? of_import : cli::CallManner());
          },
      .administer = cli::BecomeServices};
  return static_cast<int>(cli::RunProgram(arguments, surroundings));
}
