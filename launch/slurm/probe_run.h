#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "launch/slurm/folder_probe.h"
#include "launch/slurm/slurm_client.h"
#include "launch/slurm/slurm_config.h"

namespace genesis::launch::slurm {

/// What the node runs (scripts/probe.sh).
extern const char* const kProbeScript;

/// One probe of a run's folder, beside whatever else the launcher does. I/O thread. `client`
/// outlives it, or is closed before.
class ProbeRun : public std::enable_shared_from_this<ProbeRun> {
 public:
  using Done = std::function<void(const ProbeVerdict&)>;

  /// `state`: the run's folder for what is SLURM's. `name`: the job's.
  ProbeRun(boost::asio::io_context& io, SlurmClient& client, const SlurmOptions& options,
           std::filesystem::path state, std::string name);

  /// What an earlier probe has found is told without a job. `done` is called once, from the loop,
  /// unless end() comes first.
  void begin(Done done);
  /// A job of the run has written to the folder: a probe that still waits for a node is cancelled.
  void not_needed();
  /// Cancels the job; `ended` when SLURM was told, or at once where there is none.
  void end(std::function<void()> ended);

 private:
  void submitted(const CommandEnd& end);
  void look();
  void ask();
  void judge(const JobReport& report);
  void finish(ProbeVerdict verdict);
  void cancel(std::function<void()> ended);
  void arm(boost::asio::steady_timer& timer, std::chrono::milliseconds wait,
           void (ProbeRun::*then)());

  boost::asio::io_context& io_;
  SlurmClient& client_;
  const SlurmOptions& options_;
  std::filesystem::path state_;
  std::filesystem::path folder_;
  std::string name_;
  std::string key_;
  std::string nonce_;
  std::string job_;
  Done done_;
  boost::asio::steady_timer look_timer_;
  boost::asio::steady_timer ask_timer_;
  std::chrono::milliseconds look_wait_{20};
  std::chrono::milliseconds ask_wait_{1000};
  std::optional<std::chrono::steady_clock::time_point> over_since_;
  bool replied_ = false;
  bool needed_ = true;
  bool over_ = false;
  bool submitting_ = false;
  bool asking_ = false;
  std::function<void()> on_ended_;  ///< end() came while sbatch ran.
};

}  // namespace genesis::launch::slurm
