#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "genesis/process/child_watcher.h"
#include "launch/event_outbox.h"
#include "launch/launcher.h"
#include "launch/registry.h"
#include "launch/slurm/pilot_files.h"
#include "launch/slurm/pilot_state.h"
#include "launch/slurm/slurm_client.h"
#include "launch/slurm/slurm_config.h"
#include "launch/slurm/worker_link.h"

namespace genesis::launch::slurm {

/// The launcher of pilots: carries out what PilotState decides. It lives on while a command of it
/// runs. I/O thread only.
class PilotWorks : public std::enable_shared_from_this<PilotWorks> {
 public:
  PilotWorks(SlurmOptions options, const LauncherContext& context);

  Status open(EventSink sink);
  void submit(JobSpec spec);
  void reattach(Reattach job);
  void cancel(const std::string& token);
  void take_back(const std::string& token);
  void drain();
  void close(std::chrono::milliseconds deadline, std::function<void()> done);
  /// Nobody called close(): no event follows. Workers let their jobs end; pilots wait for a later
  /// runner for a while.
  void abandon();

 private:
  using Clock = std::chrono::steady_clock;

  Status write_scripts();
  void pump();
  void perform(PilotAction& action);
  void request(const RequestPilot& request);
  void requested(const std::string& mark, const CommandEnd& end);
  void ask_pilots();
  void ask_nodes(const AskNodes& ask);
  void ask_steps(const AskSteps& ask);
  void cancel_pilots(std::vector<std::string> ids);
  void start_worker(const StartWorker& start);
  void send_job(const SendJob& send);
  void hear(const WorkerKey& worker, FromWorker message);
  void worker_started(const WorkerKey& worker, const std::string& token);
  void worker_ended(const WorkerKey& worker, WorkerEnded ended);
  void collect(const CollectJob& collect);
  void beat();
  void finish(const std::string& token, JobOutcome outcome);
  void finish_unstarted(const JobSpec& spec, JobOutcomeKind kind, std::string detail);
  void give_up();
  void close_when_idle();
  WorkerSetup setup_of(const StartWorker& start) const;
  std::vector<std::string> srun_words(const StartWorker& start) const;
  template <typename Member>
  SlurmClient::Handler then(Member member);

  boost::asio::io_context& io_;
  SlurmOptions options_;
  std::string run_id_;
  int most_jobs_;
  RunPlaces places_;
  PilotPlaces pilots_;
  std::string prefix_;
  std::string program_;
  PilotState state_;
  SlurmClient client_;
  Environment environment_;
  process::ChildWatcher watcher_;
  std::map<WorkerKey, std::unique_ptr<WorkerLink>> links_;
  std::optional<EventOutbox> outbox_;
  std::map<std::string, JobSpec> jobs_;     ///< By token.
  std::map<std::string, std::string> ids_;  ///< Of pilots, by mark.
  Resources resources_;                     ///< Of the last job: those of a run need the same.
  int capacity_ = 0;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer beat_timer_;
  std::uint64_t beats_ = 0;
  std::optional<boost::asio::steady_timer> close_timer_;
  std::function<void()> on_closed_;
  bool pump_scheduled_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

/// A command's answer, then whatever follows from it. Nothing comes after abandon().
template <typename Member>
SlurmClient::Handler PilotWorks::then(Member member) {
  return [weak = weak_from_this(), member = std::move(member)](const CommandEnd& end) {
    const auto self = weak.lock();
    if (!self || !self->outbox_) return;
    member(*self, end);
    self->pump();
  };
}

}  // namespace genesis::launch::slurm
