#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "launch/e2b/bundle.h"
#include "launch/e2b/dependency_snapshot.h"
#include "launch/e2b/e2b_config.h"
#include "launch/e2b/sandbox_job.h"
#include "launch/e2b/sandbox_pool.h"
#include "launch/e2b/usage_meter.h"
#include "launch/event_outbox.h"

namespace genesis::launch::e2b {

/// What the launcher is; it lives on while a coroutine of it does. Its calls are those of Launcher.
/// On the I/O loop's thread.
class Works : public std::enable_shared_from_this<Works> {
 public:
  Works(E2BOptions options, const LauncherContext& context, std::shared_ptr<Provider> provider,
        std::string notice);

  Status open(EventSink sink);
  void submit(JobSpec spec);
  void reattach(Reattach job);
  void cancel(const std::string& token);
  void take_back(const std::string& token);
  void drain();
  void close(std::chrono::milliseconds deadline, std::function<void()> done);
  void abandon();

 private:
  using JobPtr = std::shared_ptr<SandboxJob>;

  // works.cpp
  void lease_given(const std::string& token, int slot);
  void lease_refused(const std::string& token, const Failure& failure);
  void finish_unstarted(const JobPtr& job, JobOutcomeKind kind, std::string detail);
  void finish(const JobPtr& job);
  void hurry_after(std::chrono::milliseconds time);
  void close_when_idle();
  Awaitable<void> look_for_strays();
  JobPtr find_job(const std::string& token) const;

  // job_course.cpp
  void spawn(const JobPtr& job, Awaitable<void> steps);
  Awaitable<void> run(JobPtr job);
  Awaitable<void> find(JobPtr job);
  Awaitable<bool> upload(JobPtr job);
  Awaitable<bool> start(JobPtr job);
  Awaitable<void> collect(JobPtr job, Outcome<WrapperAnswer> end);
  void give_back(const JobPtr& job, std::exception_ptr thrown);
  Outcome<Bundle> bundle_for(const JobSpec& spec);

  // sandbox_usage.cpp
  void sandbox_made(const std::string& id);
  void sandbox_gone(const std::string& id, bool ended, SandboxPool::Time ends_at);
  void sandbox_found(const SandboxInfo& info);
  Awaitable<void> ask_for_size(std::string id, std::string kind);
  void tell(std::vector<Usage> usages);
  void arm_usage_timer();

  // works_snapshot.cpp
  std::filesystem::path snapshot_note() const;
  void take_up_snapshot();
  Awaitable<void> keep_installed(JobPtr job);
  void snapshot_lost();
  bool delete_snapshot();

  // job_limits.cpp
  void arm_patience(const JobPtr& job);
  void keep_alive(const JobPtr& job);
  void end_job(const JobPtr& job, JobOutcomeKind why);
  Awaitable<void> send_term(JobPtr job);

  boost::asio::io_context& io_;
  E2BOptions options_;
  std::string run_id_;
  std::filesystem::path state_dir_;
  std::shared_ptr<Provider> provider_;
  std::string notice_;
  PoolPolicy policy_;
  NewSandbox kind_;
  std::shared_ptr<SandboxPool> pool_;
  std::optional<EventOutbox> outbox_;
  DependencySnapshot snapshot_;
  bool deleting_ = false;  ///< The snapshot, at the end.
  UsageMeter meter_;
  boost::asio::steady_timer usage_timer_;
  std::map<std::string, JobPtr, std::less<>> jobs_;
  std::map<std::shared_ptr<const SharedFiles>, Bundle> bundles_;  ///< Of each planner one.
  boost::asio::steady_timer claim_timer_;
  boost::asio::steady_timer hurry_timer_;
  std::set<std::string> claimed_;  ///< Sandboxes of an earlier runner that jobs were looked for in.
  std::shared_ptr<boost::asio::steady_timer> deadline_timer_;
  std::function<void()> on_closed_;
  bool draining_ = false;
  bool closing_ = false;
};

}  // namespace genesis::launch::e2b
