#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "launch/environment.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

/// What a command of SLURM's did.
struct CommandEnd {
  bool ended = false;  ///< False: it did not within its time, and was killed.
  int code = 0;
  std::string output;  ///< Both streams.
  bool succeeded() const { return ended && code == 0; }
};

/// What is wrong, when something is.
CommandFailure failure_of(const std::string& command, const CommandEnd& end);

/// Runs SLURM's commands: each with a deadline, in an environment without variables of SLURM's that
/// would change the answers (SBATCH_PARTITION, SQUEUE_FORMAT …) and without keys, which sbatch
/// would hand on to the jobs. I/O thread only; answers come from the loop. After close() none
/// comes.
class SlurmClient {
 public:
  using Handler = std::function<void(CommandEnd)>;

  /// `environment`: what the commands, and by sbatch the jobs, see.
  SlurmClient(boost::asio::io_context& io, Environment environment,
              std::chrono::milliseconds deadline);
  ~SlurmClient();
  SlurmClient(const SlurmClient&) = delete;
  SlurmClient& operator=(const SlurmClient&) = delete;

  void run(std::vector<std::string> argv, Handler done);
  /// Commands that were given to run() so far: what the controller was asked.
  std::size_t commands() const;
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Whose jobs ours are: this process's user, by name.
std::string user_name();

/// The environment that commands and jobs get: `source` by the allow-list of all launchers, and
/// what of SLURM's only says where the cluster is (SLURM_CONF).
Environment command_environment(const Environment& source,
                                const std::vector<std::string>& passthrough);

}  // namespace genesis::launch::slurm
