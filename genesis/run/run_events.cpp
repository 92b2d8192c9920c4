#include "genesis/run/run_events.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "genesis/base/log.h"
#include "genesis/run/space_watch.h"

namespace genesis::run {

using std::chrono::milliseconds;

class RunEvents::Sink final : public evolve::ResultsSink {
 public:
  Sink(RunEvents& events, evolve::ResultsSink& next) : events_(events), next_(next) {}
  void publish(evolve::PublishOrder order) override {
    if (order.record.improved) events_.improved(order.record, Told::to_all);
    next_.publish(std::move(order));
  }
  void discard(std::filesystem::path work_dir) override { next_.discard(std::move(work_dir)); }
  std::size_t pending() const override { return next_.pending(); }
  void when_idle(std::function<void()> done) override { next_.when_idle(std::move(done)); }

 private:
  RunEvents& events_;
  evolve::ResultsSink& next_;
};

namespace {

/// The store is the truth: after a loss of power the file may know of improvements that it does
/// not.
void believe_the_store(events::Memory& memory, const RunEvents::Past& past) {
  memory.last_improvement = std::min(memory.last_improvement, past.programs - 1);
  std::int64_t told = -1;
  for (const store::ProgramRecord& record : past.improvements) {
    if (record.generation > memory.last_improvement) break;
    told = record.generation;
    memory.best_score = record.score;
    memory.improved_at = milliseconds(record.elapsed_millis);
  }
  memory.last_improvement = told;
}

}  // namespace

RunEvents::RunEvents(const RunSpec& spec, std::string run_id, Past past,
                     boost::asio::io_context& io, const Clock& clock,
                     std::vector<StatusObserver*> observers)
    : task_(spec.task),
      seed_(spec.seed),
      results_(spec.results),
      run_id_(std::move(run_id)),
      clock_(clock),
      observers_(std::move(observers)),
      io_(io),
      seen_at_(clock.steady()) {
  events::Memory memory;
  auto log = events::EventLog::open(spec.output_dir / "events.jsonl",
                                    [&](std::string_view line) { memory.take(line, run_id_); });
  if (log)
    log_ = std::move(*log);
  else
    log::warning("events are not written: {}", log.error().message);
  seq_ = memory.last_seq;
  believe_the_store(memory, past);
  for (store::ProgramRecord& record : past.improvements) {
    if (record.generation > memory.last_improvement) untold_.push_back(std::move(record));
  }
  const events::Limits limits{spec.evo.max_evaluations, spec.evo.max_wall_time};
  source_.emplace(spec.events, limits, spec.results.min_free_bytes, std::move(memory));
  if (!spec.hooks.empty()) make_hooks(spec, io);
}

void RunEvents::make_hooks(const RunSpec& spec, boost::asio::io_context& io) {
  hooks::HookRunner::Setup setup;
  setup.hooks = spec.hooks;
  setup.run = {run_id_, spec.output_dir.string(), spec.task};
  setup.log_file = spec.output_dir / ".genesis" / "hooks.log";
  setup.notice = [this](const std::string& text) { say_of_hooks(text); };
  hooks_ = std::make_unique<hooks::HookRunner>(io, clock_, std::move(setup));
}

// Written and shown, but not told to hooks: one that fails would hear of its failure. The last line
// of a session is its end.
void RunEvents::say_of_hooks(const std::string& text) {
  log::info("{}", text);
  if (!ended_) tell({{events::Notice{text}, elapsed()}}, Told::to_file);
  for (StatusObserver* observer : observers_) observer->on_notice(text);
}

RunEvents::~RunEvents() = default;

evolve::ResultsSink& RunEvents::announcing(evolve::ResultsSink& sink) {
  sink_ = std::make_unique<Sink>(*this, sink);
  return *sink_;
}

void RunEvents::improved(const store::ProgramRecord& record, Told told) {
  events::Improvement improvement;
  improvement.generation = record.generation;
  improvement.score = record.score;
  if (record.parent >= 0) improvement.parent = record.parent;
  improvement.mutator = record.mutator;
  improvement.summary = record.summary;
  improvement.evaluations = record.generation + 1;
  improvement.recorded_millis = record.recorded_at;
  tell(source_->improvement(std::move(improvement), milliseconds(record.elapsed_millis)), told);
}

std::optional<SpaceTrouble> RunEvents::look_for_space(
    const std::vector<std::filesystem::path>& folders) {
  return run::look_for_space(folders, results_, [this](const fs::path& folder, const auto& space) {
    tell(source_->space(folder.string(), space.bytes, elapsed()));
  });
}

void RunEvents::tell(const std::vector<events::Event>& events, Told told) {
  for (const events::Event& event : events) {
    events::Envelope envelope;
    envelope.seq = ++seq_;
    envelope.unix_millis = clock_.unix_millis();
    envelope.run_id = run_id_;
    const events::Announcement announcement = events::announce(event, envelope);
    if (log_) log_->append(announcement.line);
    if (told == Told::to_all && hooks_) hooks_->tell(announcement);
  }
}

void RunEvents::see(const RunStatus& status) {
  seen_elapsed_ = status.elapsed;
  seen_at_ = clock_.steady();
}

milliseconds RunEvents::elapsed() const {
  return seen_elapsed_ + std::chrono::duration_cast<milliseconds>(clock_.steady() - seen_at_);
}

void RunEvents::on_start(const RunStatus& status, bool resumed) {
  see(status);
  events::Start start;
  start.resumed = resumed;
  start.task = task_;
  start.seed = seed_;
  start.target_generations = status.target_generations;
  start.slots = status.slots;
  start.genesis_version = GENESIS_VERSION;
  tell({{std::move(start), status.elapsed}});
  // Who listens hears of the last only: a run of an older version has all its improvements untold.
  for (std::size_t i = 0; i < untold_.size(); ++i) {
    improved(untold_[i], i + 1 == untold_.size() ? Told::to_all : Told::to_file);
  }
  untold_.clear();
}

void RunEvents::on_progress(const RunStatus& status) {
  see(status);
  tell(source_->progress(status));
  if (log_) log_->retry();
}

void RunEvents::on_notice(std::string_view text) {
  tell({{events::Notice{std::string(text)}, elapsed()}});
}

void RunEvents::on_pause(PauseCause cause, std::string_view reason) {
  tell(source_->pause(cause, reason, elapsed()));
}

void RunEvents::on_go_on() {
  tell(source_->go_on(elapsed()));
}

void RunEvents::end(const RunSummary& summary, std::function<void()> done) {
  tell(source_->end(summary.status, summary.reason, summary.message));
  if (log_) log_->retry();
  ended_ = true;
  if (!hooks_) {
    boost::asio::post(io_, std::move(done));
    return;
  }
  hooks_->finish(milliseconds(summary.reason == StopReason::aborted ? 2'000 : 10'000),
                 std::move(done));
}

void RunEvents::give_up() {
  if (hooks_) hooks_->give_up();
}

std::string RunEvents::hooks_summary() const {
  return hooks_ ? hooks::describe(hooks_->counts()) : std::string();
}

}  // namespace genesis::run
