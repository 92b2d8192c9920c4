#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "genesis/process/child_watcher.h"
#include "genesis/process/proc_fs.h"
#include "genesis/process/tree_end.h"
#include "launch/job.h"
#include "launch/local/leases.h"
#include "launch/local/warm_server.h"

namespace genesis::launch {

/// One job of the local launcher from submit to Finished. I/O thread only.
struct LocalJob {
  explicit LocalJob(JobSpec job_spec) : spec(std::move(job_spec)) {}

  JobSpec spec;
  bool staged = false;
  bool starting = false;         ///< Asked of a fork server; no process is known yet.
  WarmServer* server = nullptr;  ///< Whose clone it is.
  std::chrono::steady_clock::time_point started;
  process::ProcessId leader;
  std::optional<process::ChildExit> exit;
  std::optional<JobOutcomeKind> ended_as;  ///< Why we end it, if we do.
  std::chrono::milliseconds grace{0};      ///< For an end that was asked for while it started.
  Lease slot;
  Lease cpus;
  Lease gpus;
  // The end refers to the tree, so it is declared after it and destroyed before.
  std::unique_ptr<process::JobTree> tree;
  std::unique_ptr<process::TreeEnd> end;
  std::optional<boost::asio::steady_timer> deadline;

  bool is_running() const { return leader.pid != 0; }
};

}  // namespace genesis::launch
