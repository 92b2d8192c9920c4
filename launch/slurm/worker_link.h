#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/process/child_watcher.h"
#include "launch/environment.h"
#include "launch/slurm/worker_messages.h"

namespace genesis::launch::slurm {

/// A command (srun) whose standard streams are a worker's lines. It outlives this process when that
/// is killed: its input ends then, which the worker reads as such. I/O thread only; handlers are
/// called from the loop, and not after drop().
class WorkerLink {
 public:
  struct Handlers {
    std::function<void(FromWorker)> heard;
    /// Once: the command has ended, or what it says cannot be understood.
    std::function<void(std::string why)> ended;
  };

  /// `log` gets what the command writes to its standard error.
  static Result<std::unique_ptr<WorkerLink>> start(boost::asio::io_context& io,
                                                   process::ChildWatcher& watcher,
                                                   const std::vector<std::string>& argv,
                                                   const Environment& environment,
                                                   const std::filesystem::path& log,
                                                   Handlers handlers);
  /// Forgets the command; its input ends.
  ~WorkerLink();
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  void say(const ToWorker& message);
  std::size_t unsent() const;
  /// After what has been said, the worker's input ends.
  void finish();
  /// Ends the command by force; nobody is told.
  void drop();

 private:
  struct State;
  explicit WorkerLink(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace genesis::launch::slurm
