#include <exception>
#include <string>
#include <vector>

#include "genesis/cli/launch_command.h"

int main(int argc, char** argv) {
  using namespace genesis;
  cli::Outcome outcome = cli::ExitCode::ok;
  try {
    outcome = cli::run_launch(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const GenesisError& failure) {
    outcome = tl::unexpected<Error>(failure.error());
  } catch (const std::exception& failure) {
    outcome = make_error(ErrorKind::internal, failure.what());
  }
  return cli::report("genesis_launch", outcome);
}
