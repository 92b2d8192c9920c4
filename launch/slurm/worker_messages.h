#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "genesis/base/error.h"
#include "launch/job.h"

namespace genesis::launch::slurm {

/// What a runner and a worker on a node say to each other: lines of JSON over the standard streams
/// of srun. Whoever reads one takes it for hostile until it is parsed.
inline constexpr int kWorkerProtocol = 1;
/// A longer line is the end of the conversation.
inline constexpr std::size_t kMostLine = 16u << 20;

/// The runner's first line: which jobs the worker will get, and how to live.
struct WorkerSetup {
  std::string run_id;            ///< Of the worker alone: what it leaves behind is found by it.
  std::filesystem::path folder;  ///< The worker's own, on the shared file system.
  int slots = 1;                 ///< Jobs at a time.
  int cpus = 1;                  ///< Processors of one job.
  std::chrono::milliseconds lease{60'000};  ///< Silence of the runner that the worker bears.
  std::chrono::milliseconds grace{30'000};  ///< What jobs get to end when the runner has gone.
  WarmStarts warm = WarmStarts::when_ready;
  std::string activate_script;  ///< Sourced once; empty: nothing is.
  std::vector<std::string> env_passthrough;
  int numeric_threads = 1;
};
struct SubmitToWorker {
  JobSpec spec;
};
struct CancelInWorker {
  std::string token;
};
struct TakeBackFromWorker {
  std::string token;
};
/// Either side, when it has nothing else to say.
struct Heartbeat {};
/// Either side's last line. From a worker with a reason: it could not begin.
struct Bye {
  std::string reason;
};

/// The worker's first line: it stands.
struct WorkerReady {
  std::string host;
  std::string job;   ///< The allocation's id; empty: not below SLURM.
  std::string step;  ///< The step's number in it.
};
struct WorkerStarted {
  std::string token;
};
/// The end of a job; its record is in its folder before this is said.
struct WorkerEnded {
  std::string token;
  JobOutcome outcome;
};
/// For people.
struct WorkerNotice {
  std::string text;
};

using ToWorker =
    std::variant<WorkerSetup, SubmitToWorker, CancelInWorker, TakeBackFromWorker, Heartbeat, Bye>;
using FromWorker =
    std::variant<WorkerReady, WorkerStarted, WorkerEnded, WorkerNotice, Heartbeat, Bye>;

/// One line with its end. Texts that are no UTF-8 are carried as they are.
std::string encode(const ToWorker& message);
std::string encode(const FromWorker& message);
/// Kind `parse` for what is none, a version that is not ours included.
Result<ToWorker> parse_to_worker(std::string_view line);
Result<FromWorker> parse_from_worker(std::string_view line);

/// The record of an end that a worker leaves in the job's folder: the same as its message.
Result<WorkerEnded> parse_end_record(std::string_view text);

}  // namespace genesis::launch::slurm
