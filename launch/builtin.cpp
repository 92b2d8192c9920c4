#include <utility>

#include "launch/command.h"
#include "launch/e2b/e2b_config.h"
#include "launch/e2b/sandbox_command.h"
#include "launch/fake/fake_launcher.h"
#include "launch/inprocess/inprocess_launcher.h"
#include "launch/registry.h"
#include "launch/sandbox_server/sandboxd_command.h"
#include "launch/slurm/slurm_command.h"
#include "launch/slurm/slurm_config.h"
#ifdef GENESIS_HAS_LOCAL_LAUNCHER
#include "launch/local/local_launcher.h"
#include "launch/slurm/worker.h"
#endif

namespace genesis::launch {

void register_builtin_backends() {
#ifdef GENESIS_HAS_LOCAL_LAUNCHER
  register_backend(local_backend());
#endif
  register_backend(inprocess_backend());
  register_backend(fake_backend());
  register_backend(e2b_backend());
  for (Backend& backend : slurm_backends()) register_backend(std::move(backend));
}

void register_builtin_commands(const FindRun& find_run) {
  register_command(sandbox_server::sandboxd_command());
  register_command(e2b::sandbox_command());
  register_command(slurm::slurm_command(find_run));
#ifdef GENESIS_HAS_LOCAL_LAUNCHER
  register_command(slurm::worker_command());
#endif
}

}  // namespace genesis::launch
