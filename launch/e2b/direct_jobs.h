#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// One evaluation, without an evolution around it.
struct DirectJob {
  std::filesystem::path log_dir;            ///< Where results end up, below results/.
  std::filesystem::path exec_fname;         ///< The program; main.<its extension> in the sandbox.
  std::filesystem::path eval_program_path;  ///< evaluate.py in the sandbox.
  std::chrono::milliseconds timeout{300'000};
  std::string template_id = "base";
  std::vector<std::string> dependencies;
  std::map<std::string, std::string> additional_files;  ///< Path in the sandbox -> path here.
  std::map<std::string, std::string> env_vars;
  std::string python = "python3";
};

enum class DirectStatus { running, completed, failed, timeout, out_of_memory, lost };
std::string_view to_string(DirectStatus status);

/// What a job left, as far as it did.
struct DirectResults {
  DirectStatus status = DirectStatus::lost;
  int exit_code = 0;
  bool correct = false;
  std::string metrics_json = "{}";
  std::string stdout_log, stderr_log;
  std::string detail;  ///< For people.
};

/// Jobs in sandboxes, submitted, looked at and cleaned up one by one. Each has a sandbox of its
/// own, which lives until cleanup_sandbox(), or for ten minutes beyond its job's limits. Calls
/// block; any thread. Errors say what failed; an unknown job is `not_found`.
class DirectJobs {
 public:
  /// The provider of the environment: see docs/e2b.md for the rule.
  static Result<std::unique_ptr<DirectJobs>> connect();
  ~DirectJobs();
  DirectJobs(const DirectJobs&) = delete;
  DirectJobs& operator=(const DirectJobs&) = delete;

  /// For people, where there was a choice: "E2B_API_KEY not set: sandboxes are made on this
  /// machine, …". Empty: nothing to say.
  const std::string& notice() const;

  /// "e2b-xxxxxxxx", as soon as the evaluation runs.
  Result<std::string> submit_with_files(DirectJob job);
  Result<DirectStatus> get_job_status(const std::string& job_id);
  /// Of a job that has ended; `unavailable` while it runs. Files go to log_dir/results.
  Result<DirectResults> download_results(const std::string& job_id);
  Result<SandboxInfo> get_sandbox_info(const std::string& job_id);
  /// Ends the job with its sandbox. False: it had ended.
  Result<bool> cancel_job(const std::string& job_id);
  /// Ends the sandbox and forgets the job.
  Status cleanup_sandbox(const std::string& job_id);
  /// Until the job has ended or the time is over; `look` is told at each change.
  Result<DirectStatus> monitor(const std::string& job_id, std::chrono::milliseconds at_most,
                               const std::function<void(DirectStatus)>& look = {});

 private:
  struct State;
  explicit DirectJobs(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace genesis::launch::e2b
