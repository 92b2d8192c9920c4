#include "launch/slurm/slurm_doctor.h"

#include <cstdlib>

#include "genesis/base/text.h"
#include "genesis/process/spawn.h"

namespace genesis::launch::slurm {

std::vector<std::string> missing_commands() {
  const char* path = std::getenv("PATH");
  std::vector<std::string> missing;
  for (const char* name : {"sbatch", "squeue", "scontrol", "scancel"}) {
    if (!process::find_executable(name, path == nullptr ? "/usr/bin:/bin" : path)) {
      missing.emplace_back(name);
    }
  }
  return missing;
}

std::vector<DoctorLine> slurm_doctor() {
  const std::vector<std::string> missing = missing_commands();
  DoctorLine line;
  line.what = "SLURM's commands";
  line.ok = missing.empty();
  line.found =
      missing.empty() ? "sbatch, squeue, scontrol, scancel" : "missing: " + join(missing, ", ");
  if (!line.ok) line.remedy = "start the run where sbatch works (a login node), for cluster=remote";
  return {line};
}

}  // namespace genesis::launch::slurm
