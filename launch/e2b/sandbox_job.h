#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "launch/e2b/job_ref.h"
#include "launch/e2b/sandbox_session.h"
#include "launch/job.h"

namespace genesis::launch::e2b {

/// One job of the launcher from submit to Finished. I/O thread only.
struct SandboxJob {
  enum class Stage {
    waiting,     ///< For a sandbox.
    preparing,   ///< Files, dependencies.
    running,     ///< The command has been started.
    collecting,  ///< It has ended; results are on their way.
    ending,      ///< Its sandbox is given back.
  };

  explicit SandboxJob(JobSpec job_spec) : spec(std::move(job_spec)) {}

  JobSpec spec;
  Stage stage = Stage::waiting;
  std::optional<JobOutcomeKind> ended_as;  ///< Why we end it, if we do.
  std::optional<int> slot;                 ///< Until its sandbox is given back.
  std::shared_ptr<PooledSandbox> sandbox;  ///< Since it has one.
  std::optional<SandboxJobRef> ref;        ///< Of an earlier runner.
  std::unique_ptr<SandboxSession> session;
  std::chrono::steady_clock::time_point started;
  std::chrono::milliseconds held{0};      ///< How long sandboxes of its own have lived.
  int sandboxes_lost = 0;                 ///< Before the command was started.
  boost::asio::cancellation_signal stop;  ///< Ends what its coroutine waits for.
  /// How long we wait for the sandbox to end it; without a limit, until its life is secured again.
  std::optional<boost::asio::steady_timer> patience;

  // What its coroutine found.
  JobOutcome outcome;
  bool has_results = false;
  bool sandbox_is_good = false;  ///< Nothing of the job is left in it.
};

}  // namespace genesis::launch::e2b
