#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/prices.h"
#include "launch/registry.h"

namespace genesis::launch {

/// Jobs in sandboxes of E2B or its kind: the embedded form of a job configuration with
/// `_target_: E2BJobConfig`. Field names and defaults are those of the YAML (docs/e2b.md), but for
/// `template_id`, which is `template` there.
struct E2BJobConfig {
  std::string eval_program_path = "evaluate.py";
  /// Any program instead of a Python evaluator: "./score {program_path} {results_dir}".
  std::string evaluator_command;
  std::map<std::string, std::string> extra_cmd_args;
  std::string template_id = "base";
  std::chrono::milliseconds timeout{300'000};  ///< Of one evaluation; YAML: seconds.
  std::vector<std::string> dependencies;       ///< For pip.
  /// Path in the sandbox -> path here: a file, a folder, or a pattern for files of a folder. A
  /// relative path is one of each job's working folder.
  std::map<std::string, std::string> additional_files;
  std::map<std::string, std::string> env_vars;
  std::vector<std::string> download;              ///< Patterns of further result files.
  std::uint64_t max_download_bytes = 256u << 20;  ///< Of one file.
  std::string user;                               ///< Empty: the template's.
  std::string cwd;                                ///< Empty: the job's working folder.
  std::string python = "python3";
  std::map<std::string, std::string> metadata;  ///< Of the sandboxes.
  std::optional<bool> secure;
  std::optional<bool> allow_internet_access;
  std::string sandbox_reuse = "per_job";  ///< Or "pooled".
  int recycle_after = 100;                ///< Jobs of one pooled sandbox.
  int warm_sandboxes = 0;                 ///< Made before they are needed.
  double creates_per_second = 5;
  std::chrono::milliseconds setup_timeout{300'000};
  std::chrono::milliseconds download_timeout{120'000};
  std::chrono::milliseconds orphan_grace{600'000};
  /// Sorted dependencies joined by commas -> the template that has them.
  std::map<std::string, std::string> prepared_templates;
  /// Snapshots that the run makes of sandboxes with its dependencies stay at its end.
  bool keep_snapshots = false;
  std::string prices;             ///< A file of what sandboxes cost; empty: nobody knows.
  std::string provider = "auto";  ///< "cloud": never a server of this machine; "local": always.

  operator JobConfig() const;
};

namespace e2b {

enum class SandboxReuse { per_job, pooled };
enum class ProviderChoice { automatic, cloud, local };

/// The launcher's own options.
struct E2BOptions {
  std::string sandbox_template = "base";
  std::vector<std::string> dependencies;
  std::map<std::string, std::string> additional_files;
  std::vector<std::string> download;
  std::uint64_t max_download_bytes = 256u << 20;
  std::string user;
  std::string cwd;
  std::string python = "python3";
  std::map<std::string, std::string> metadata;
  std::optional<bool> secure;
  std::optional<bool> allow_internet_access;
  SandboxReuse reuse = SandboxReuse::per_job;
  int recycle_after = 100;
  int warm_sandboxes = 0;
  double creates_per_second = 5;
  std::chrono::milliseconds setup_timeout{300'000};
  std::chrono::milliseconds download_timeout{120'000};
  std::chrono::milliseconds orphan_grace{600'000};
  std::map<std::string, std::string> prepared_templates;
  std::optional<int> numeric_threads;
  /// What jobs will have as limit, so that sandboxes are asked for with a life that is long enough.
  std::optional<std::chrono::milliseconds> job_time = std::chrono::milliseconds{0};
  ProviderChoice provider = ProviderChoice::automatic;
  bool keep_snapshots = false;
  std::string prices;  ///< The file's path, and what it says.
  PriceList price_list;
  std::string folder = "/tmp/genesis";  ///< Ours in the sandbox.
  /// Sandboxes of an earlier runner that no job has been looked for in until then are ended.
  std::chrono::milliseconds claim_time{30'000};
  /// How far ahead the life of a sandbox is secured whose job has no time limit.
  std::chrono::milliseconds life_ahead{3'600'000};
  /// How often the time of living sandboxes is told.
  std::chrono::milliseconds usage_every{10'000};
};

struct E2BBindings {
  EvaluationOptions evaluation;
  E2BOptions launcher;
};
/// Throws OptionException.
E2BBindings bind_e2b_options(const nlohmann::json& options, const std::string& option_path);

}  // namespace e2b

/// The backend as it registers itself.
Backend e2b_backend();

}  // namespace genesis::launch
