#include "launch/slurm/slurm_launcher.h"

#include <fmt/format.h>

#include "launch/launcher_front.h"
#include "launch/slurm/pilot_works.h"
#include "launch/slurm/works.h"

namespace genesis::launch {

namespace {

Capabilities capabilities_of(slurm::Mode mode) {
  const bool pilot = mode == slurm::Mode::pilot;
  Capabilities capabilities;
  capabilities.shares_file_system = true;
  capabilities.survives_runner = true;
  // Each job is one of SLURM's. A pilot's are not: a worker that lost its runner ends them, and
  // what holds the allocation is on the disk before sbatch is asked.
  capabilities.effects_outside_machine = !pilot;
  capabilities.prepares_ahead = pilot;
  capabilities.enforces_memory = pilot;
  capabilities.enforces_process_count = pilot;
  return capabilities;
}

}  // namespace

Result<std::unique_ptr<Launcher>> make_slurm_launcher(slurm::SlurmOptions options,
                                                      const LauncherContext& context) {
  if (context.io == nullptr || context.max_parallel_jobs < 1) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("make the SLURM launcher: max_parallel_jobs is {}, it must be 1 or more",
                    context.max_parallel_jobs));
  }
  const Capabilities capabilities = capabilities_of(options.mode);
  if (options.mode == slurm::Mode::pilot) {
    return std::make_unique<LauncherFront<slurm::PilotWorks>>(
        "slurm", capabilities, std::make_shared<slurm::PilotWorks>(std::move(options), context));
  }
  return std::make_unique<LauncherFront<slurm::Works>>(
      "slurm", capabilities, std::make_shared<slurm::Works>(std::move(options), context));
}

}  // namespace genesis::launch
