#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/prices.h"
#include "launch/registry.h"
#include "launch/slurm/pilot_options.h"

namespace genesis::launch {

namespace slurm {

/// What a job runs in.
enum class Container { none, docker, apptainer, enroot };

/// How evaluations become SLURM jobs.
enum class Mode {
  job,    ///< One sbatch each.
  array,  ///< What becomes ready within a window goes as one array.
  pilot,  ///< To workers in a few allocations that stand.
};

/// How the SLURM launcher runs jobs; the typed structs below have the form that users write.
struct SlurmOptions {
  Container container = Container::none;
  Mode mode = Mode::job;

  std::string partition;  ///< Empty: the cluster's default.
  std::string account;
  std::string qos;
  std::string constraint;
  std::string nodelist;
  std::string exclude;
  std::string reservation;
  std::string gres;  ///< As sbatch takes it; empty: "gpu:<gpus>" where gpus is not 0.
  std::vector<std::string> sbatch_args;  ///< Further ones, as they are.
  std::filesystem::path batch_template;  ///< Its line "{job}" becomes what runs the job.

  std::vector<std::string> modules;
  std::string conda_env;
  std::string activate_script;
  std::vector<std::string> env_passthrough;
  std::optional<int> numeric_threads_per_job;  ///< Absent: `cpus`.

  std::string image;
  std::string image_tar_path;
  std::string docker_flags;  ///< Flags of the container's command, as a shell would split them.

  std::string prices;  ///< A file of what hours cost, and what it says.
  PriceList price_list;
  PilotOptions pilot;

  /// Whether the run's folder is shared is tried by a small job; what was found holds so long.
  bool probe = true;
  std::chrono::milliseconds probe_every{std::chrono::hours{24}};
  /// How long the first of an array waits for others.
  std::chrono::milliseconds batch_window{1000};
  /// For how long nobody may know of a job before it counts as lost.
  std::chrono::milliseconds unknown_grace{60'000};
  /// How long a result may take to be seen after SLURM says that its job is over.
  std::chrono::milliseconds file_wait{30'000};
  /// The longest that a command of SLURM's may take.
  std::chrono::milliseconds command_timeout{60'000};
  /// The longest between two looks at the queue.
  std::chrono::milliseconds poll_interval{30'000};
  /// How long jobs of an earlier runner wait to be asked for before they are cancelled.
  std::chrono::milliseconds claim_time{30'000};
};

struct SlurmBindings {
  EvaluationOptions evaluation;
  SlurmOptions launcher;
};
/// Throws OptionException.
SlurmBindings bind_slurm_options(Container container, const nlohmann::json& options,
                                 const std::string& option_path);

/// "--flag 'two words'" as a shell splits it, without expansions. Kind `parse` for an open quote.
Result<std::vector<std::string>> split_flags(std::string_view text);

}  // namespace slurm

/// What the embedded forms of SLURM job configurations have in common. Names and defaults are those
/// of the YAML; what is left at its default is not passed on.
struct SlurmJobConfig {
  std::string eval_program_path = "evaluate.py";
  std::string evaluator_command;
  std::map<std::string, std::string> extra_cmd_args;
  std::string
      partition;  ///< Empty: the cluster's own; several, by commas: whichever is free first.
  std::chrono::milliseconds time = std::chrono::hours{1};  ///< Of one evaluation.
  int cpus = 1;
  int gpus = 1;
  std::string mem = "8G";  ///< Of the node's memory; SLURM ends what uses more.
  std::vector<std::string> modules;
  std::map<std::string, std::string> env_vars;
  std::vector<std::string> env_passthrough;
  std::optional<int> numeric_threads_per_job;
  std::string python_executable;
  std::string account;
  std::string qos;
  std::string constraint;
  std::string nodelist;
  std::string exclude;
  std::string reservation;
  std::string gres;
  std::vector<std::string> sbatch_args;
  std::string batch_template;
  std::string prices;  ///< A file of what hours cost; empty: nobody knows.
};

/// `_target_: SlurmCondaJobConfig`, job type `slurm_conda` (or `slurm_env`).
struct SlurmCondaJobConfig : SlurmJobConfig {
  std::string conda_env;
  std::string activate_script;  ///< Sourced by bash; excludes conda_env.
  operator JobConfig() const;
};

/// `_target_: SlurmDockerJobConfig`, job type `slurm_docker`.
struct SlurmDockerJobConfig : SlurmJobConfig {
  std::string image = "ubuntu:latest";
  std::string image_tar_path;  ///< Loaded on the node when the image is not there.
  std::string docker_flags;
  operator JobConfig() const;
};

/// `_target_: SlurmApptainerJobConfig`, job type `slurm_apptainer`: an image file or a URL.
struct SlurmApptainerJobConfig : SlurmJobConfig {
  std::string image;
  std::string container_flags;
  operator JobConfig() const;
};

/// `_target_: SlurmEnrootJobConfig`, job type `slurm_enroot`: a squashfs file or a container's
/// name.
struct SlurmEnrootJobConfig : SlurmJobConfig {
  std::string image;
  std::string container_flags;
  operator JobConfig() const;
};

/// For the registry: slurm_conda, slurm_docker, slurm_apptainer, slurm_enroot.
std::vector<Backend> slurm_backends();

}  // namespace genesis::launch
