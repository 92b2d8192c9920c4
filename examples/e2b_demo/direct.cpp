// One program, one sandbox, step by step.
#include <genesis/genesis.h>
#include <launch/e2b/direct_jobs.h>

#include "parts.h"

namespace e2b_demo {

using namespace genesis::launch::e2b;
using genesis::value_or_throw;

int direct(const Settings& settings) {
  const Progress progress;
  const auto jobs = value_or_throw(DirectJobs::connect());
  if (!jobs->notice().empty()) progress.say(jobs->notice());

  DirectJob job;
  job.log_dir = settings.results / "direct";
  job.exec_fname = settings.task / "initial.py";
  job.eval_program_path = settings.task / "evaluate.py";
  job.timeout = std::chrono::seconds{60};
  // job.dependencies = {"numpy"};  // for pip, before the evaluation's time begins

  progress.say("making a sandbox and uploading initial.py and evaluate.py ...");
  const std::string id = value_or_throw(jobs->submit_with_files(job));
  progress.say("submitted: " + id);
  const SandboxInfo info = value_or_throw(jobs->get_sandbox_info(id));
  progress.say("sandbox   " + info.id + ", template " +
               (info.alias.empty() ? info.sandbox_template : info.alias) + ", " +
               std::to_string(info.cpus) + " cpus, " + std::to_string(info.memory_mb) + " MB");
  value_or_throw(jobs->monitor(id, std::chrono::minutes{2}, [&](DirectStatus status) {
    progress.say("status    " + std::string(to_string(status)));
  }));
  const DirectResults results = value_or_throw(jobs->download_results(id));
  progress.say("metrics   " + results.metrics_json);
  progress.say("correct   " + std::string(results.correct ? "true" : "false"));
  if (!results.detail.empty()) progress.say("detail    " + results.detail);
  progress.say("files     " + (job.log_dir / "results").string());
  const genesis::Status gone = jobs->cleanup_sandbox(id);
  if (!gone) throw genesis::GenesisError(gone.error());
  progress.say("the sandbox has been ended");
  return results.correct ? 0 : 1;
}

}  // namespace e2b_demo
