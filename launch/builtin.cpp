#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "launch/command.h"
#include "launch/common_options.h"
#include "launch/e2b/e2b_config.h"
#include "launch/e2b/sandbox_command.h"
#include "launch/fake/fake_launcher.h"
#include "launch/inprocess/inprocess_launcher.h"
#include "launch/registry.h"
#include "launch/sandbox_server/sandboxd_command.h"
#ifdef GENESIS_HAS_LOCAL_LAUNCHER
#include "launch/local/local_launcher.h"
#endif

namespace genesis::launch {

namespace {

using nlohmann::json;

/// A backend of a later version: its configurations compose and bind, so that files written for it
/// can be checked today, but it makes no launcher.
Backend announced_backend(std::string name, std::string target_name, std::string summary,
                          void (*read_own)(OptionReader&, EvaluationOptions&),
                          EvaluationOptions defaults) {
  Backend backend;
  backend.name = name;
  backend.target_names = {std::move(target_name)};
  backend.summary = std::move(summary) + " (not part of this version yet)";
  backend.parse = [read_own, defaults](const json& options, const std::string& path) {
    OptionReader reader(options, path);
    EvaluationOptions result = defaults;
    read_own(reader, result);
    result = read_common_options(reader, std::move(result));
    reader.finish();
    return result;
  };
  backend.make = [name](const json&, const LauncherContext&) -> Result<std::unique_ptr<Launcher>> {
    return make_error(
        ErrorKind::unsupported,
        fmt::format("the {} launcher is not part of this version yet; use cluster=local", name));
  };
  backend.doctor = [] { return std::vector<DoctorLine>{}; };
  return backend;
}

void read_slurm(OptionReader& reader, EvaluationOptions&) {
  std::string partition = "gpu";
  reader.read("partition", partition);
}

void read_slurm_conda(OptionReader& reader, EvaluationOptions& options) {
  read_slurm(reader, options);
  std::optional<std::vector<std::string>> modules;
  reader.read("modules", modules);
}

void read_slurm_docker(OptionReader& reader, EvaluationOptions& options) {
  read_slurm(reader, options);
  std::string image = "ubuntu:latest";
  reader.read("image", image);
  if (image.empty()) reader.fail("image", "must name a container image");
  std::optional<std::string> image_tar_path;
  reader.read("image_tar_path", image_tar_path);
  std::string docker_flags;
  reader.read("docker_flags", docker_flags);
}

EvaluationOptions slurm_defaults() {
  EvaluationOptions options;
  options.limits.wall_time = std::chrono::hours{1};
  options.limits.memory_bytes = std::uint64_t{8} << 30;
  options.resources.gpus = 1;
  return options;
}

}  // namespace

void register_builtin_backends() {
#ifdef GENESIS_HAS_LOCAL_LAUNCHER
  register_backend(local_backend());
#endif
  register_backend(inprocess_backend());
  register_backend(fake_backend());
  register_backend(e2b_backend());
  register_backend(announced_backend("slurm_conda", "SlurmCondaJobConfig",
                                     "SLURM jobs in a conda environment", read_slurm_conda,
                                     slurm_defaults()));
  register_backend(announced_backend("slurm_env", "SlurmEnvJobConfig",
                                     "SLURM jobs in an activated environment", read_slurm_conda,
                                     slurm_defaults()));
  register_backend(announced_backend("slurm_docker", "SlurmDockerJobConfig",
                                     "SLURM jobs in a container", read_slurm_docker,
                                     slurm_defaults()));
}

void register_builtin_commands() {
  register_command(sandbox_server::sandboxd_command());
  register_command(e2b::sandbox_command());
}

}  // namespace genesis::launch
