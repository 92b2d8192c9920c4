#include "launch/slurm/pilot_works.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/process/spawn.h"
#include "launch/slurm/job_files.h"
#include "launch/slurm/pilot_ref.h"
#include "launch/slurm/slurm_doctor.h"
#include "launch/slurm/slurm_outcome.h"
#include "launch/staging.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;
namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;

/// More of a job's inputs goes by a file instead of by its line.
constexpr std::size_t kMostInLine = 1u << 20;
constexpr milliseconds kLongestBeat{5000};

PilotPolicy policy_of(const SlurmOptions& options, const LauncherContext& context) {
  const PilotOptions& pilot = options.pilot;
  PilotPolicy policy;
  policy.most_jobs = context.max_parallel_jobs;
  policy.nodes = pilot.nodes;
  policy.slots = slots_per_node(pilot, context.max_parallel_jobs);
  policy.most_pilots = most_pilots(pilot, context.max_parallel_jobs);
  policy.name_prefix = job_name_prefix(context.run_id);
  policy.new_mark = [] { return random_hex(attempt_mark("").size()); };
  policy.walltime = pilot.time;
  policy.idle = pilot.idle;
  policy.lease = pilot.lease;
  policy.grace = pilot.grace;
  policy.end_margin = kPilotEndMargin;
  policy.poll_interval = options.poll_interval;
  policy.claim_time = options.claim_time;
  return policy;
}

/// What a worker is: this program's sibling, or what the user says.
Result<std::string> worker_program(const std::string& configured) {
  if (!configured.empty()) return configured;
  const fs::path beside = executable_path().parent_path() / "genesis";
  if (::access(beside.c_str(), X_OK) == 0) return beside.string();
  const char* path = std::getenv("PATH");
  auto found = process::find_executable("genesis", path == nullptr ? "/usr/bin:/bin" : path);
  if (found) return found;
  return make_error(ErrorKind::not_found,
                    "start pilots: there is no `genesis` program beside this one or on PATH; name "
                    "the one that the nodes have by job_config.slurm.pilot_worker");
}

}  // namespace

PilotWorks::PilotWorks(SlurmOptions options, const LauncherContext& context)
    : io_(*context.io),
      options_(std::move(options)),
      run_id_(context.run_id),
      most_jobs_(context.max_parallel_jobs),
      places_{fs::absolute(context.run_dir).lexically_normal() / ".genesis" / "slurm"},
      pilots_{places_.folder / "pilots"},
      prefix_(job_name_prefix(context.run_id)),
      state_(policy_of(options_, context), Clock::now()),
      client_(io_, command_environment(own_environment(), options_.env_passthrough),
              options_.command_timeout),
      environment_(command_environment(own_environment(), options_.env_passthrough)),
      watcher_(io_),
      capacity_(context.max_parallel_jobs),
      timer_(io_),
      beat_timer_(io_) {}

Status PilotWorks::open(EventSink sink) {
  GENESIS_TRY(check_site());
  if (!process::find_executable("srun", environment_["PATH"])) {
    return make_error(ErrorKind::not_found,
                      "start the SLURM launcher: srun not found on PATH, which pilots need; use "
                      "job_config.slurm.mode=array or job");
  }
  GENESIS_TRY_ASSIGN(program_, worker_program(options_.pilot.worker));
  GENESIS_TRY(make_directories(pilots_.folder));
  GENESIS_TRY(write_scripts());
  for (const std::string& mark : noted_pilots(pilots_)) state_.know_pilot(mark, Clock::now());
  outbox_.emplace(io_, std::move(sink));
  beat();
  pump();
  return {};
}

Status PilotWorks::write_scripts() {
  const milliseconds patience = std::max(options_.pilot.idle, options_.pilot.lease);
  GENESIS_TRY(write_file_atomic(pilots_.script(), holding_script(pilots_, patience)));
  return write_file_atomic(pilots_.activation(), activation_script(options_));
}

void PilotWorks::submit(JobSpec spec) {
  if (jobs_.count(spec.token) != 0) {
    log::warning("slurm: a second job with the token '{}' was refused", spec.token);
    return;
  }
  if (draining_) {
    return finish_unstarted(spec, JobOutcomeKind::cancelled, "the launcher is closing");
  }
  if (spec.isolation != Isolation::none) {
    return finish_unstarted(spec, JobOutcomeKind::backend_error,
                            "isolation is not for jobs of SLURM");
  }
  if (spec.work_dir.empty()) {
    return finish_unstarted(spec, JobOutcomeKind::backend_error,
                            "a job of SLURM needs a folder that the nodes share");
  }
  spec.work_dir = fs::absolute(spec.work_dir).lexically_normal();
  if (!spec.cwd.empty()) spec.cwd = fs::absolute(spec.cwd).lexically_normal();
  std::optional<milliseconds> limit;
  if (spec.limits.wall_time) limit = *spec.limits.wall_time + spec.limits.kill_grace;
  resources_ = spec.resources;
  const std::string token = spec.token;
  jobs_.emplace(token, std::move(spec));
  state_.add(token, limit, Clock::now());
  pump();
}

void PilotWorks::reattach(Reattach job) {
  const std::string token = job.spec.token;
  if (jobs_.count(token) != 0) return;
  job.spec.work_dir = fs::absolute(job.spec.work_dir).lexically_normal();
  const fs::path work_dir = job.spec.work_dir;
  const Limits limits = job.spec.limits;
  jobs_.emplace(token, std::move(job.spec));
  // It has ended, whoever else still lives.
  if (auto outcome = read_end_record(work_dir, token)) return finish(token, std::move(*outcome));
  const bool is_ours = job.ref && job.ref->backend == "slurm";
  if (job.ref && !(is_ours && parse_pilot_ref(job.ref->text))) {
    // Of a run that went on with another mode.
    if (const auto facts = read_end(work_dir)) return finish(token, outcome_of(*facts, limits));
    JobOutcome outcome;
    outcome.detail = "its reference cannot be read";
    return finish(token, std::move(outcome));
  }
  state_.add_earlier(token);
  pump();
}

void PilotWorks::cancel(const std::string& token) {
  state_.cancel(token);
  pump();
}

void PilotWorks::take_back(const std::string& token) {
  state_.take_back(token);
  pump();
}

void PilotWorks::drain() {
  draining_ = true;
  std::vector<std::string> tokens;
  for (const auto& [token, spec] : jobs_) tokens.push_back(token);
  for (const std::string& token : tokens) state_.take_back(token);
  pump();
}

void PilotWorks::close(milliseconds deadline, std::function<void()> done) {
  on_closed_ = std::move(done);
  drain();
  for (const auto& [token, spec] : jobs_) state_.cancel(token);
  state_.close();
  // Should the controller not answer: a later runner of this run finds what is left.
  close_timer_.emplace(io_, deadline);
  close_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto self = weak.lock(); self && !stopped) self->give_up();
  });
  pump();
}

void PilotWorks::give_up() {
  while (!jobs_.empty()) {
    JobOutcome outcome;
    outcome.kind = JobOutcomeKind::cancelled;
    outcome.detail = "its worker has not confirmed its end";
    finish(jobs_.begin()->first, std::move(outcome));
  }
  if (closed_) return;
  closed_ = true;
  close_when_idle();
}

void PilotWorks::abandon() {
  outbox_.reset();
  on_closed_ = nullptr;
  client_.close();
  timer_.cancel();
  beat_timer_.cancel();
  close_timer_.reset();
  links_.clear();
  jobs_.clear();
}

/// Posted, so that calls never lead to actions inside them.
void PilotWorks::pump() {
  if (std::exchange(pump_scheduled_, true)) return;
  asio::post(io_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->pump_scheduled_ = false;
    if (!self->outbox_ || self->closed_) return;
    auto actions = self->state_.decide(Clock::now());
    for (PilotAction& action : actions) self->perform(action);
    if (!actions.empty()) return self->pump();
    self->close_when_idle();
    const auto next = self->state_.next_look(Clock::now());
    if (!next || self->closed_) return self->timer_.cancel(), void();
    self->timer_.expires_at(*next);
    self->timer_.async_wait([weak](const boost::system::error_code& stopped) {
      if (const auto woken = weak.lock(); woken && !stopped) woken->pump();
    });
  });
}

void PilotWorks::send_job(const SendJob& send) {
  const auto link = links_.find(send.worker);
  const auto job = jobs_.find(send.token);
  if (link == links_.end() || job == jobs_.end()) return;
  JobSpec spec = job->second;
  Status ready = put_large_inputs_into_files(spec, kMostInLine);
  if (ready) {
    auto argv = command_on_node(spec, options_, "genesis-" + attempt_mark(spec.token));
    if (argv) spec.argv = std::move(*argv);
    if (!argv) ready = tl::unexpected<Error>(std::move(argv.error()));
  }
  if (!ready) {
    state_.ended(send.token, milliseconds{0}, Clock::now());
    JobOutcome outcome;
    outcome.kind = JobOutcomeKind::backend_error;
    outcome.detail = ready.error().message;
    return finish(send.token, std::move(outcome));
  }
  if (options_.container != Container::none) spec.warm.reset();
  failpoint("slurm.before_line");
  link->second->say(SubmitToWorker{std::move(spec)});
  failpoint("slurm.after_line");
}

void PilotWorks::hear(const WorkerKey& worker, FromWorker message) {
  if (!outbox_) return;
  state_.worker_heard(worker, Clock::now());
  if (std::holds_alternative<Heartbeat>(message)) return;
  if (std::holds_alternative<WorkerReady>(message)) {
    state_.worker_ready(worker, Clock::now());
  } else if (const auto* started = std::get_if<WorkerStarted>(&message)) {
    worker_started(worker, started->token);
  } else if (auto* ended = std::get_if<WorkerEnded>(&message)) {
    worker_ended(worker, std::move(*ended));
  } else if (const auto* notice = std::get_if<WorkerNotice>(&message)) {
    outbox_->push(Capacity{capacity_, fmt::format("on {}: {}", worker.node, notice->text)});
  }
  pump();
}

void PilotWorks::worker_started(const WorkerKey& worker, const std::string& token) {
  if (!state_.has_job(worker, token)) return;
  PilotRef ref;
  ref.name = prefix_ + worker.pilot;
  ref.job = ids_[worker.pilot];
  ref.node = worker.node;
  state_.started(token);
  outbox_->push(Accepted{token, JobRef{"slurm", to_text(ref)}});
  outbox_->push(Started{token});
}

void PilotWorks::worker_ended(const WorkerKey& worker, WorkerEnded ended) {
  if (!state_.has_job(worker, ended.token)) return;
  state_.ended(ended.token, ended.outcome.wall, Clock::now());
  failpoint("slurm.before_finished");
  finish(ended.token, std::move(ended.outcome));
}

void PilotWorks::collect(const CollectJob& collect) {
  const auto job = jobs_.find(collect.token);
  if (job == jobs_.end()) return;
  auto outcome = read_end_record(job->second.work_dir, collect.token);
  if (!outcome) {
    outcome.emplace();
    outcome->kind = collect.cancelled ? JobOutcomeKind::cancelled : JobOutcomeKind::lost;
    outcome->detail = collect.why;
  }
  finish(collect.token, std::move(*outcome));
}

/// Lines to every worker and a word to the pilots' placeholders: somebody wants them.
void PilotWorks::beat() {
  if (!outbox_ || closed_) return;
  for (const auto& [worker, link] : links_) {
    if (link->unsent() == 0) link->say(Heartbeat());
  }
  if (state_.holds_pilots()) {
    const std::string text = fmt::format("{} {}\n", ::getpid(), ++beats_);
    if (const Status written = write_file_atomic(pilots_.alive(), text); !written) {
      log::warning("slurm: {}", written.error().message);
    }
  }
  beat_timer_.expires_after(std::min(options_.pilot.lease / 4, kLongestBeat));
  beat_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto self = weak.lock(); self && !stopped) self->beat();
  });
}

void PilotWorks::finish(const std::string& token, JobOutcome outcome) {
  const auto found = jobs_.find(token);
  if (found == jobs_.end() || !outbox_) return;
  JobResults results;
  results.folder = found->second.work_dir / kResultsFolder;
  const std::string name = found->first;
  jobs_.erase(found);
  outbox_->push(Finished{name, std::move(outcome), std::move(results)});
}

void PilotWorks::finish_unstarted(const JobSpec& spec, JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  JobResults results;
  if (!spec.work_dir.empty()) results.folder = spec.work_dir / kResultsFolder;
  outbox_->push(Finished{spec.token, std::move(outcome), std::move(results)});
}

void PilotWorks::close_when_idle() {
  if (!on_closed_ || !jobs_.empty() || (!closed_ && state_.pilots() != 0)) return;
  closed_ = true;
  close_timer_.reset();
  timer_.cancel();
  beat_timer_.cancel();
  for (const auto& [worker, link] : links_) link->drop();
  links_.clear();
  client_.close();
  outbox_->close(std::exchange(on_closed_, nullptr));
}

}  // namespace genesis::launch::slurm
