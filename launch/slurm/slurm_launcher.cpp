#include "launch/slurm/slurm_launcher.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

#include "genesis/base/clock.h"
#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "launch/event_outbox.h"
#include "launch/slurm/batch_script.h"
#include "launch/slurm/job_tracker.h"
#include "launch/slurm/slurm_client.h"
#include "launch/slurm/slurm_doctor.h"
#include "launch/staging.h"

namespace genesis::launch {

namespace asio = boost::asio;

namespace slurm {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kQuickestLook{20};
constexpr milliseconds kSlowestLook{500};
constexpr std::size_t kLogShown = 2000;

std::string user_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? std::to_string(::getuid()) : entry->pw_name;
}

std::string time_of_day() {
  char buffer[32];
  return std::string(utc_timestamp(SystemClock().unix_millis(), buffer));
}

TrackerPolicy policy_of(const SlurmOptions& options, const LauncherContext& context) {
  TrackerPolicy policy;
  policy.most = context.max_parallel_jobs;
  policy.name_prefix = job_name_prefix(context.run_id);
  policy.unknown_grace = options.unknown_grace;
  policy.file_wait = options.file_wait;
  policy.poll_interval = options.poll_interval;
  policy.claim_time = options.claim_time;
  return policy;
}

/// Writes what the node will run. Returns the script's path.
Result<fs::path> write_job(const JobSpec& spec, const SlurmOptions& options,
                           const RunPlaces& places, const std::string& shape) {
  GENESIS_TRY(stage_job(spec));
  const fs::path state = state_folder(spec.work_dir);
  std::error_code ignored;
  fs::remove_all(state, ignored);
  GENESIS_TRY(make_directories(state));
  GENESIS_TRY_ASSIGN(const std::string text, batch_script(spec, options, places, shape));
  const fs::path script = state / "job.sh";
  GENESIS_TRY(write_file(script, text));
  return script;
}

/// What a job's files say of its end; nothing where they do not say it yet.
std::optional<EndFacts> read_end(const fs::path& work_dir) {
  const fs::path state = state_folder(work_dir);
  EndFacts facts;
  if (const auto text = read_file(state / kExitFile, 1u << 20, false)) {
    auto record = parse_exit_record(*text);
    if (!record) return std::nullopt;
    facts.record = std::move(*record);
    return facts;
  }
  if (const auto step = read_file(state / kSetupFailedFile, 4096, false)) {
    const auto log = read_tail(state / kSlurmLog, kLogShown);
    facts.setup_failure = fmt::format("{} failed on the node: {}", trim(*step),
                                      log ? to_valid_utf8(trim(*log)) : "it left no log");
    return facts;
  }
  return std::nullopt;
}

}  // namespace

std::string to_text(const SlurmJobRef& ref) {
  return fmt::format("1 name={} job={}", ref.name, ref.job);
}

std::optional<SlurmJobRef> parse_ref(std::string_view text) {
  const auto words = split(text, ' ');
  if (words.size() != 3 || words[0] != "1" || !words[1].starts_with("name=") ||
      !words[2].starts_with("job=")) {
    return std::nullopt;
  }
  SlurmJobRef ref;
  ref.name = words[1].substr(5);
  ref.job = words[2].substr(4);
  // Both become arguments of commands.
  if (!is_job_id(ref.job) || !ref.name.starts_with("genesis-")) return std::nullopt;
  return ref;
}

/// What the launcher is; it lives on while a command of it runs.
class Works : public std::enable_shared_from_this<Works> {
 public:
  Works(SlurmOptions options, const LauncherContext& context)
      : io_(*context.io),
        options_(std::move(options)),
        places_{fs::absolute(context.run_dir).lexically_normal() / ".genesis" / "slurm"},
        prefix_(job_name_prefix(context.run_id)),
        tracker_(policy_of(options_, context), Clock::now()),
        client_(io_, command_environment(own_environment(), options_.env_passthrough),
                options_.command_timeout),
        timer_(io_),
        files_timer_(io_),
        opened_(Clock::now()) {}

  Status open(EventSink sink);
  void submit(JobSpec spec);
  void reattach(Reattach job);
  void cancel(const std::string& token);
  void take_back(const std::string& token);
  void drain();
  void close(milliseconds deadline, std::function<void()> done);
  void abandon();

 private:
  struct Job {
    JobSpec spec;
  };

  void pump();
  void perform(TrackerAction& action);
  void begin(const std::string& mark);
  void submit_ended(const std::string& mark, const CommandEnd& end);
  void ask_queue();
  void ask_scontrol(const std::string& mark, const std::string& id);
  void ask_sacct(const std::string& mark, const std::string& id);
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

  asio::io_context& io_;
  SlurmOptions options_;
  RunPlaces places_;
  std::string prefix_;
  std::string shape_;  ///< The user's batch template.
  JobTracker tracker_;
  SlurmClient client_;
  std::optional<EventOutbox> outbox_;
  std::map<std::string, Job> jobs_;  ///< By mark.
  asio::steady_timer timer_;
  asio::steady_timer files_timer_;
  Clock::time_point opened_;
  milliseconds look_wait_ = kQuickestLook;
  std::optional<asio::steady_timer> close_timer_;
  std::function<void()> on_closed_;
  bool pump_scheduled_ = false;
  bool draining_ = false;
  bool closed_ = false;  ///< No command is begun any more.
};

Status Works::open(EventSink sink) {
  if (const auto missing = missing_commands(); !missing.empty()) {
    return make_error(ErrorKind::not_found,
                      fmt::format("start the SLURM launcher: {} not found on PATH; start the run "
                                  "where sbatch works (a login node), or use cluster=local",
                                  join(missing, ", ")));
  }
  if (!options_.batch_template.empty()) {
    GENESIS_TRY_ASSIGN(shape_, read_file(options_.batch_template, 1u << 20));
  }
  GENESIS_TRY(batch_script(JobSpec(), options_, places_, shape_));
  GENESIS_TRY(make_directories(places_.events()));
  GENESIS_TRY(write_file_atomic(places_.job_script(), kRunJobScript));
  outbox_.emplace(io_, std::move(sink));
  pump();
  return {};
}

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

void Works::submit(JobSpec spec) {
  const std::string mark = attempt_mark(spec.token);
  if (jobs_.count(mark) != 0) {
    log::warning("slurm: a second job with the token '{}' was refused", spec.token);
    return;
  }
  if (draining_) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::cancelled, "the launcher is closing");
  }
  if (spec.isolation != Isolation::none) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::backend_error,
                            "isolation is not for jobs of SLURM");
  }
  if (spec.work_dir.empty()) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::backend_error,
                            "a job of SLURM needs a folder that the nodes share");
  }
  spec.work_dir = fs::absolute(spec.work_dir).lexically_normal();
  jobs_.emplace(mark, Job{std::move(spec)});
  tracker_.add(mark);
  pump();
}

void Works::reattach(Reattach job) {
  const std::string mark = attempt_mark(job.spec.token);
  if (jobs_.count(mark) != 0) return;
  std::optional<std::string> id;
  if (job.ref) {
    const auto ref = job.ref->backend == "slurm" ? parse_ref(job.ref->text) : std::nullopt;
    if (!ref || ref->name != prefix_ + mark) {
      return finish_unstarted(std::move(job.spec), JobOutcomeKind::lost,
                              "its reference cannot be read");
    }
    id = ref->job;
  }
  job.spec.work_dir = fs::absolute(job.spec.work_dir).lexically_normal();
  jobs_.emplace(mark, Job{std::move(job.spec)});
  tracker_.add_earlier(mark, std::move(id), Clock::now());
  look_at_files(mark);
  pump();
}

void Works::cancel(const std::string& token) {
  tracker_.cancel(attempt_mark(token), JobOutcomeKind::cancelled, Clock::now());
  pump();
}

void Works::take_back(const std::string& token) {
  const std::string mark = attempt_mark(token);
  if (!tracker_.is_waiting(mark)) return;
  tracker_.forget(mark);
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::cancelled;
  outcome.detail = "not started";
  finish(mark, std::move(outcome));
}

void Works::drain() {
  draining_ = true;
  std::vector<std::string> tokens;
  for (const auto& [mark, job] : jobs_) tokens.push_back(job.spec.token);
  for (const std::string& token : tokens) take_back(token);
}

void Works::close(milliseconds deadline, std::function<void()> done) {
  on_closed_ = std::move(done);
  drain();
  for (const auto& [mark, job] : jobs_) {
    tracker_.cancel(mark, JobOutcomeKind::cancelled, Clock::now());
  }
  // Should the controller not answer: a later runner of this run finds what is left.
  close_timer_.emplace(io_, deadline);
  close_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    const auto self = weak.lock();
    if (stopped || !self) return;
    std::vector<std::string> left;
    for (const auto& [mark, job] : self->jobs_) left.push_back(mark);
    for (const std::string& mark : left) {
      JobOutcome outcome;
      outcome.kind = JobOutcomeKind::cancelled;
      outcome.detail = "SLURM has not confirmed its end";
      self->finish(mark, std::move(outcome));
    }
  });
  pump();
  close_when_idle();
}

/// Nobody called close(): no event follows. Jobs go on; a later runner finds them.
void Works::abandon() {
  outbox_.reset();
  on_closed_ = nullptr;
  client_.close();
  timer_.cancel();
  files_timer_.cancel();
  close_timer_.reset();
  jobs_.clear();
}

/// Posted, so that calls never lead to actions inside them.
void Works::pump() {
  if (std::exchange(pump_scheduled_, true)) return;
  asio::post(io_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->pump_scheduled_ = false;
    if (!self->outbox_ || self->closed_) return;
    auto actions = self->tracker_.decide(Clock::now());
    for (TrackerAction& action : actions) self->perform(action);
    if (!actions.empty()) return self->pump();
    const auto next = self->tracker_.next_look(Clock::now());
    if (!next) return self->timer_.cancel(), void();
    self->timer_.expires_at(*next);
    self->timer_.async_wait([weak](const boost::system::error_code& stopped) {
      if (const auto woken = weak.lock(); woken && !stopped) woken->pump();
    });
  });
}

void Works::perform(TrackerAction& action) {
  if (const auto* submit = std::get_if<SubmitJob>(&action)) {
    begin(submit->mark);
  } else if (std::holds_alternative<AskQueue>(action)) {
    ask_queue();
  } else if (const auto* ask = std::get_if<AskJob>(&action)) {
    ask_scontrol(ask->mark, ask->id);
  } else if (const auto* look = std::get_if<LookAtFiles>(&action)) {
    look_at_files(look->mark);
  } else if (auto* cancels = std::get_if<CancelJobs>(&action)) {
    cancel_jobs(std::move(cancels->ids));
  } else if (const auto* accepted = std::get_if<TellAccepted>(&action)) {
    SlurmJobRef ref;
    ref.name = prefix_ + accepted->mark;
    ref.job = accepted->id;
    outbox_->push(Accepted{jobs_.at(accepted->mark).spec.token, JobRef{"slurm", to_text(ref)}});
    look_soon();
  } else if (const auto* started = std::get_if<TellStarted>(&action)) {
    outbox_->push(Started{jobs_.at(started->mark).spec.token});
  } else if (const auto* end = std::get_if<TellEnd>(&action)) {
    tell_end(*end);
  } else if (const auto* capacity = std::get_if<TellCapacity>(&action)) {
    outbox_->push(Capacity{capacity->slots, capacity->reason});
  }
}

void Works::begin(const std::string& mark) {
  const JobSpec& spec = jobs_.at(mark).spec;
  const auto script = write_job(spec, options_, places_, shape_);
  if (!script) {
    CommandFailure failure;
    failure.text = script.error().message;
    tracker_.not_submitted(mark, failure, Clock::now());
    return pump();
  }
  failpoint("slurm.before_sbatch");
  client_.run(sbatch_command(spec, options_, prefix_ + mark, *script),
              then([mark](Works& self, const CommandEnd& end) { self.submit_ended(mark, end); }));
}

void Works::submit_ended(const std::string& mark, const CommandEnd& end) {
  failpoint("slurm.after_sbatch");
  const auto id = end.succeeded() ? parse_sbatch_id(end.output) : std::nullopt;
  if (id) return tracker_.submitted(mark, *id, Clock::now());
  CommandFailure failure = failure_of("sbatch", end);
  if (end.succeeded()) {
    // Taken, as it seems, under an id that cannot be read: its name tells.
    failure.kind = FailureKind::unreachable;
    failure.text = "sbatch printed no job id: " + failure.text;
  } else if (failure.kind == FailureKind::unreachable) {
    tracker_.unreachable(failure.text, time_of_day(), Clock::now());
  } else if (failure.kind != FailureKind::busy) {
    failure.kind = FailureKind::refused;
  }
  tracker_.not_submitted(mark, failure, Clock::now());
}

void Works::ask_queue() {
  const auto asked = Clock::now();
  client_.run({"squeue", "--noheader", "--array", "--states=all", "--user=" + user_name(),
               std::string("--format=") + kQueueFormat},
              then([asked](Works& self, const CommandEnd& end) {
                if (end.succeeded()) {
                  self.tracker_.queue_seen(parse_queue(end.output), asked, Clock::now());
                } else {
                  self.tracker_.unreachable(failure_of("squeue", end).text, time_of_day(),
                                            Clock::now());
                }
              }));
}

void Works::ask_scontrol(const std::string& mark, const std::string& id) {
  client_.run({"scontrol", "--oneliner", "show", "job", id},
              then([mark, id](Works& self, const CommandEnd& end) {
                const auto report =
                    end.succeeded() ? parse_scontrol_job(end.output, id) : std::nullopt;
                if (report) return self.tracker_.job_seen(mark, report, Clock::now());
                const CommandFailure failure = failure_of("scontrol", end);
                if (!end.succeeded() && failure.kind == FailureKind::unreachable) {
                  self.tracker_.job_not_asked(mark, Clock::now());
                  return self.tracker_.unreachable(failure.text, time_of_day(), Clock::now());
                }
                self.ask_sacct(mark, id);
              }));
}

/// Its failure is silence: there may be no accounting, or none that answers.
void Works::ask_sacct(const std::string& mark, const std::string& id) {
  client_.run({"sacct", "--noheader", "--parsable2", "--allocations", "--jobs=" + id,
               std::string("--format=") + kAccountingFields},
              then([mark, id](Works& self, const CommandEnd& end) {
                const auto report =
                    end.succeeded() ? parse_sacct_job(end.output, id) : std::nullopt;
                self.tracker_.job_seen(mark, report, Clock::now());
              }));
}

void Works::cancel_jobs(std::vector<std::string> ids) {
  std::vector<std::string> words{"scancel"};
  words.insert(words.end(), ids.begin(), ids.end());
  look_soon();
  client_.run(std::move(words), then([ids](Works& self, const CommandEnd& end) {
                if (end.succeeded()) return;
                const CommandFailure failure = failure_of("scancel", end);
                if (failure.kind != FailureKind::unreachable) return;  // It had ended.
                self.tracker_.cancel_failed(ids);
                self.tracker_.unreachable(failure.text, time_of_day(), Clock::now());
              }));
}

void Works::look_at_files(const std::string& mark) {
  const auto found = jobs_.find(mark);
  if (found == jobs_.end()) return;
  if (auto facts = read_end(found->second.spec.work_dir)) {
    tracker_.ended(mark, std::move(*facts), Clock::now());
    pump();
  }
}

void Works::look_soon() {
  look_wait_ = kQuickestLook;
  files_timer_.expires_after(look_wait_);
  files_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto self = weak.lock(); self && !stopped) self->look_at_events();
  });
}

/// One look at one folder finds whatever happened to any job.
void Works::look_at_events() {
  if (!outbox_ || jobs_.empty()) return;
  std::error_code failure;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(places_.events(), failure), end; !failure && entry != end;
       entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
  }
  // A beginning before its end, whatever order the folder has.
  std::sort(names.begin(), names.end());
  bool news = false;
  for (const std::string& name : names) news = handle_event(name) || news;
  if (news) {
    pump();
    return look_soon();
  }
  look_wait_ = std::min<milliseconds>(look_wait_ + look_wait_ / 4 + milliseconds{1}, kSlowestLook);
  files_timer_.expires_after(look_wait_);
  files_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto self = weak.lock(); self && !stopped) self->look_at_events();
  });
}

/// Whether it was news. What cannot be read yet is looked at again.
bool Works::handle_event(const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string mark = name.substr(0, dot);
  const std::string what = dot == std::string::npos ? "" : name.substr(dot + 1);
  std::error_code ignored;
  const auto found = jobs_.find(mark);
  if (found == jobs_.end()) {
    // Of a job that has ended here, or of one that nobody asks for.
    if (Clock::now() - opened_ > options_.claim_time) fs::remove(places_.events() / name, ignored);
    return false;
  }
  if (what == "began") {
    tracker_.began(mark, Clock::now());
  } else if (what == "ended") {
    auto facts = read_end(found->second.spec.work_dir);
    if (!facts) return false;
    tracker_.ended(mark, std::move(*facts), Clock::now());
  }
  fs::remove(places_.events() / name, ignored);
  return true;
}

void Works::tell_end(const TellEnd& end) {
  const JobSpec& spec = jobs_.at(end.mark).spec;
  JobOutcome outcome = outcome_of(end.facts, spec.limits);
  if (!end.failure.empty()) outcome.detail = end.failure;
  if (!end.lost.empty()) outcome.detail = end.lost;
  failpoint("slurm.before_finished");
  finish(end.mark, std::move(outcome));
}

void Works::finish(const std::string& mark, JobOutcome outcome) {
  const auto found = jobs_.find(mark);
  if (found == jobs_.end() || !outbox_) return;
  const JobSpec spec = std::move(found->second.spec);
  jobs_.erase(found);
  std::error_code ignored;
  for (const char* what : {".began", ".ended"})
    fs::remove(places_.events() / (mark + what), ignored);
  JobResults results;
  results.folder = spec.work_dir / kResultsFolder;
  outbox_->push(Finished{spec.token, std::move(outcome), std::move(results)});
  close_when_idle();
}

void Works::finish_unstarted(JobSpec spec, JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  JobResults results;
  if (!spec.work_dir.empty()) results.folder = spec.work_dir / kResultsFolder;
  outbox_->push(Finished{spec.token, std::move(outcome), std::move(results)});
}

void Works::close_when_idle() {
  if (!on_closed_ || !jobs_.empty()) return;
  closed_ = true;
  close_timer_.reset();
  timer_.cancel();
  files_timer_.cancel();
  client_.close();
  outbox_->close(std::exchange(on_closed_, nullptr));
}

}  // namespace slurm

namespace {

class SlurmLauncher final : public Launcher {
 public:
  explicit SlurmLauncher(std::shared_ptr<slurm::Works> works) : works_(std::move(works)) {}
  ~SlurmLauncher() override { works_->abandon(); }
  SlurmLauncher(const SlurmLauncher&) = delete;
  SlurmLauncher& operator=(const SlurmLauncher&) = delete;

  std::string_view name() const override { return "slurm"; }
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.shares_file_system = true;
    capabilities.survives_runner = true;
    capabilities.effects_outside_machine = true;
    return capabilities;
  }
  Status open(EventSink sink) override { return works_->open(std::move(sink)); }
  void submit(JobSpec spec) override { works_->submit(std::move(spec)); }
  void reattach(Reattach job) override { works_->reattach(std::move(job)); }
  void cancel(std::string_view token) override { works_->cancel(std::string(token)); }
  void take_back(std::string_view token) override { works_->take_back(std::string(token)); }
  void drain() override { works_->drain(); }
  void close(std::chrono::milliseconds deadline, std::function<void()> done) override {
    works_->close(deadline, std::move(done));
  }

 private:
  std::shared_ptr<slurm::Works> works_;
};

}  // namespace

Result<std::unique_ptr<Launcher>> make_slurm_launcher(slurm::SlurmOptions options,
                                                      const LauncherContext& context) {
  if (context.io == nullptr || context.max_parallel_jobs < 1) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("make the SLURM launcher: max_parallel_jobs is {}, it must be 1 or more",
                    context.max_parallel_jobs));
  }
  return std::make_unique<SlurmLauncher>(
      std::make_shared<slurm::Works>(std::move(options), context));
}

}  // namespace genesis::launch
