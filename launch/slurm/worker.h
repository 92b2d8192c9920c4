#pragma once

#include <string>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"
#include "launch/command.h"

namespace genesis::launch::slurm {

/// Where a worker runs, as its surroundings say.
struct WorkerPlace {
  std::string host;
  std::string job;   ///< SLURM's id of the allocation; empty: not below SLURM.
  std::string step;  ///< The step's number in it.
};

/// Runs jobs on this machine by the local launcher: what to run comes as lines (worker_messages.h),
/// what happens goes out as lines, until the runner says bye, its lines end or it is silent for the
/// lease's time, or SIGTERM comes. Then running jobs get the grace to end by themselves (after bye
/// and SIGTERM: none). Each end leaves a record in its job's folder, by rename, before it is told;
/// without a listener it is synced to the disk too.
///
/// Blocks; on a thread of its own event loop. Returns the code to exit with. Errors: the first line
/// is none of ours, or the local launcher cannot run here (which is told to the runner too).
Result<int> run_worker(Fd input, Fd output, const WorkerPlace& place);

/// `genesis worker`: that over the standard streams.
Command worker_command();

}  // namespace genesis::launch::slurm
