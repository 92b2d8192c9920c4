#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "launch/slurm/worker.h"

namespace genesis::launch::slurm {

namespace {

constexpr const char* kExamples =
    R"(  srun --jobid=123 -N1 -n1 -w n7 --overlap genesis worker

Nobody types this: with job_config.slurm.mode=pilot a run starts one worker on each node of its
allocations and sends it evaluations as lines of JSON over srun's standard streams. The worker runs them
as the local backend does, with warm evaluators and limits, and answers with lines. When the lines end,
or none comes for the lease's time (slurm.pilot_lease), what runs gets slurm.pilot_grace to end; each
end is recorded in its attempt's folder (.slurm/end.json), and the worker exits. docs/slurm.md has more.)";

std::string variable(const char* name, const char* other) {
  const char* value = std::getenv(name);
  if (value == nullptr) value = std::getenv(other);
  return value == nullptr ? "" : value;
}

/// What an event loop can wait for.
bool can_be_waited_for(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
}

Result<int> run() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    if (can_be_waited_for(fd)) continue;
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("run a worker: standard {} is no pipe; a run with "
                                  "job_config.slurm.mode=pilot starts workers by itself",
                                  fd == STDIN_FILENO ? "input" : "output"));
  }
  WorkerPlace place;
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  place.host = host;
  place.job = variable("SLURM_JOB_ID", "SLURM_JOBID");
  place.step = variable("SLURM_STEP_ID", "SLURM_STEPID");
  return run_worker(Fd(::dup(STDIN_FILENO)), Fd(::dup(STDOUT_FILENO)), place);
}

}  // namespace

Command worker_command() {
  Command command;
  command.name = "worker";
  command.summary = "Run evaluations on a node of a cluster, as a run there asks for them";
  command.examples = kExamples;
  command.hidden = true;
  command.run = &run;
  return command;
}

}  // namespace genesis::launch::slurm
