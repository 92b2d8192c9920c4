#include "launch/slurm/slurm_ask.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

namespace genesis::launch::slurm {

namespace {

constexpr std::chrono::seconds kPatience{60};

}  // namespace

std::string missing_configuration_file() {
  const char* named = std::getenv("SLURM_CONF");
  if (named == nullptr || *named == '\0' || ::access(named, R_OK) == 0) return {};
  return named;
}

CommandEnd ask_and_wait(std::vector<std::string> argv, std::chrono::milliseconds deadline) {
  if (const std::string missing = missing_configuration_file(); !missing.empty()) {
    CommandEnd end;
    end.ended = true;
    end.code = 1;
    end.output = fmt::format("cannot stat file {}\n", missing);
    return end;
  }
  return ask_and_wait(std::move(argv), deadline, command_environment(own_environment(), {}));
}

CommandEnd ask_and_wait(std::vector<std::string> argv, std::chrono::milliseconds deadline,
                        Environment environment) {
  boost::asio::io_context io{1};
  SlurmClient client(io, std::move(environment), deadline);
  std::optional<CommandEnd> answer;
  client.run(std::move(argv), [&](CommandEnd end) {
    answer = std::move(end);
    io.stop();
  });
  io.run();
  return answer.value_or(CommandEnd());
}

Result<std::string> answer_of(std::vector<std::string> argv) {
  const std::string command = argv.front();
  const CommandEnd end = ask_and_wait(std::move(argv), kPatience);
  if (end.succeeded()) return end.output;
  if (end.code == 127) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("{} not found on PATH; go where SLURM's commands are (a login node)", command));
  }
  const std::string missing = missing_configuration_file();
  if (!missing.empty()) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("SLURM_CONF names '{}', which cannot be read; unset it, or correct it",
                    missing));
  }
  if (lacks_configuration(end.output)) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("{} finds no configuration of a cluster here: set SLURM_CONF to its "
                    "slurm.conf, or go to a machine of the cluster",
                    command));
  }
  const CommandFailure failure = failure_of(command, end);
  if (failure.kind == FailureKind::unreachable) {
    return make_error(
        ErrorKind::unavailable,
        fmt::format("SLURM's controller does not answer ({}); `scontrol ping` says whether "
                    "it is up",
                    failure.text));
  }
  return make_error(ErrorKind::io, failure.text);
}

Result<std::vector<JobRow>> list_jobs() {
  GENESIS_TRY_ASSIGN(
      const std::string output,
      answer_of({"squeue", "--noheader", "--array", "--states=all", "--user=" + user_name(),
                 std::string("--format=") + kListingFormat}));
  return parse_listing(output);
}

}  // namespace genesis::launch::slurm
