#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/event_outbox.h"
#include "launch/launcher.h"
#include "launch/registry.h"
#include "launch/slurm/batch_script.h"
#include "launch/slurm/job_tracker.h"
#include "launch/slurm/probe_run.h"
#include "launch/slurm/slurm_client.h"
#include "launch/slurm/slurm_config.h"

namespace genesis::launch::slurm {

/// What the launcher is; it lives on while a command of it runs.
class Works : public std::enable_shared_from_this<Works> {
 public:
  Works(SlurmOptions options, const LauncherContext& context);

  Status open(EventSink sink);
  void submit(JobSpec spec);
  void reattach(Reattach job);
  void cancel(const std::string& token);
  void take_back(const std::string& token);
  void drain();
  void close(std::chrono::milliseconds deadline, std::function<void()> done);
  void abandon();

 private:
  struct Job {
    JobSpec spec;
  };

  void pump();
  void perform(TrackerAction& action);
  void begin(const std::string& mark);
  void begin_array(const SubmitArray& array);
  void array_ended(const std::string& group, const CommandEnd& end);
  void find_arrays();
  void submit_ended(const std::string& mark, const CommandEnd& end);
  CommandFailure submit_failure(const CommandEnd& end);
  void ask_site();
  void ask_queue();
  void ask_scontrol(const std::string& mark, const std::string& id);
  void ask_sacct(const std::string& mark, const std::string& id, std::optional<JobReport> known);
  void cancel_jobs(std::vector<std::string> ids);
  void look_at_files(const std::string& mark);
  void look_at_events();
  bool handle_event(const std::string& name);
  void look_soon();
  void tell_end(const TellEnd& end);
  void finish(const std::string& mark, JobOutcome outcome);
  void finish_unstarted(JobSpec spec, JobOutcomeKind kind, std::string detail);
  void close_when_idle();
  template <typename Member>
  SlurmClient::Handler then(Member member);

  void probe_ended(const ProbeVerdict& verdict);
  void a_node_wrote();

  boost::asio::io_context& io_;
  SlurmOptions options_;
  RunPlaces places_;
  std::string prefix_;
  std::string shape_;  ///< The user's batch template.
  JobTracker tracker_;
  SlurmClient client_;
  std::shared_ptr<ProbeRun> probe_;  ///< Until it has told.
  bool a_node_wrote_ = false;        ///< So the folder is shared, with that node.
  bool probe_ends_ = false;          ///< SLURM is being told that nobody wants its job.
  std::string given_up_;             ///< Why nothing can be run.
  std::optional<EventOutbox> outbox_;
  std::map<std::string, Job> jobs_;  ///< By mark.
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer files_timer_;
  boost::asio::steady_timer site_timer_;
  std::chrono::steady_clock::time_point opened_;
  std::chrono::milliseconds look_wait_{20};
  std::optional<boost::asio::steady_timer> close_timer_;
  std::function<void()> on_closed_;
  bool pump_scheduled_ = false;
  bool draining_ = false;
  bool closed_ = false;  ///< No command is begun any more.
};

/// A command's answer, then whatever follows from it. Nothing comes after abandon().
template <typename Member>
SlurmClient::Handler Works::then(Member member) {
  return [weak = weak_from_this(), member = std::move(member)](const CommandEnd& end) {
    const auto self = weak.lock();
    if (!self || !self->outbox_) return;
    member(*self, end);
    self->pump();
  };
}

}  // namespace genesis::launch::slurm
