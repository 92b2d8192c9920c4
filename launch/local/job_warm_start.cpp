// The other way to start a job: as a clone of a process that has imported the evaluator's modules.
#include <fcntl.h>
#include <signal.h>

#include "genesis/process/proc_fs.h"
#include "launch/local/job_processes.h"
#include "launch/staging.h"

namespace genesis::launch {

namespace {

Result<Fd> open_log(const std::string& path) {
  Fd log(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0644));
  if (!log) return errno_error("open the log file", path, errno);
  return log;
}

}  // namespace

JobProcesses::Start JobProcesses::way_to_start(LocalJob& job) {
  job.server = nullptr;
  if (!job.spec.warm || !check(job)) return Start::now;
  const auto python = program_of(job.spec);
  if (!python) return Start::now;
  const std::string folder = (job.spec.cwd.empty() ? job.spec.work_dir : job.spec.cwd).string();
  const WarmPool::Choice choice = warm_->choose(*python, job.spec, environment_of(job), folder);
  job.server = choice.server;
  if (choice.wait) return Start::wait;
  return job.server != nullptr ? Start::by_server : Start::now;
}

void JobProcesses::start_by_server(const std::shared_ptr<LocalJob>& job,
                                   std::function<void(Result<process::Child>)> started) {
  process::SpawnSpec start;
  const auto slot = fill(start, *job);
  if (!slot) return started(tl::unexpected(slot.error()));
  const auto output = open_log(start.stdout_path);
  const auto error = open_log(start.stderr_path);
  if (!output || !error) return started(tl::unexpected((output ? error : output).error()));
  WarmRequest request;
  for (std::size_t i = 2; i < job->spec.argv.size(); ++i) {
    request.arguments.push_back(substitute_folders(job->spec.argv[i], job->spec.work_dir));
  }
  request.environment = environment_of(*job);
  request.folder = start.working_directory;
  request.token = job->spec.token;
  request.work_dir = job->spec.work_dir.string();
  request.limits = std::move(start.limits);
  request.cpus = std::move(start.cpus);
  request.output = output->get();
  request.error = error->get();
  request.cgroup = start.cgroup_fd;
  request.joins = std::move(start.join_fds);
  cloning_[job->spec.token] = process::start_ticks_now();
  job->server->clone(request, [this, job, slot = *slot,
                               started = std::move(started)](Result<process::Child> child) {
    cloning_.erase(job->spec.token);
    if (child) {
      adopt(*job, *child, slot);
    } else if (child.error().kind == ErrorKind::unavailable) {
      end_unknown(job->spec.token);
    }
    started(std::move(child));
  });
}

std::optional<std::string> JobProcesses::failed_start(const LocalJob& job) {
  constexpr int kCannotStart = 127;  // warm_clone.c
  if (job.server == nullptr || job.exit->signalled || job.exit->code != kCannotStart) {
    return std::nullopt;
  }
  return job.server->failure_of(job.leader.pid);
}

/// A clone whose number its server did not live to tell: nobody may do the work twice.
void JobProcesses::end_unknown(const std::string& token) const {
  for (const pid_t pid : process::children_of_first_thread()) {
    if (watcher_->watches(pid)) continue;
    const std::string environment = process::read_environment(pid);
    if (process::environment_value(environment, process::kTokenVariable) == token) {
      ::kill(pid, SIGKILL);
    }
  }
}

}  // namespace genesis::launch
