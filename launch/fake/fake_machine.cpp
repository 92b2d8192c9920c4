#include "launch/fake/fake_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "genesis/base/hash.h"
#include "genesis/base/rng.h"

namespace genesis::launch {

namespace {

using std::chrono::milliseconds;

/// By the attempt, not by the order of submission: the same seed gives each attempt the same luck.
std::uint64_t luck_id(const AttemptKey& key) {
  return hash64(fmt::format("{}/{}/{}/{}", key.evaluation, key.stage, key.repeat, key.attempt));
}

JobOutcome outcome_of(JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace

FakeMachine::FakeMachine(FakeOptions options, int slots, std::uint64_t seed)
    : options_(std::move(options)),
      seed_(options_.seed.value_or(seed)),
      slots_(options_.slots > 0 ? options_.slots : std::max(1, slots)) {
  std::stable_sort(options_.capacity.begin(), options_.capacity.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
}

FakeMachine::Actions FakeMachine::open() {
  Actions actions;
  actions.notices.push_back({Capacity{slots_, ""}, std::nullopt, {}});
  if (!options_.capacity.empty()) actions.wakes.push_back({options_.capacity.front().at, 0, 0});
  return actions;
}

FakeMachine::Actions FakeMachine::submit(JobSpec spec) {
  Actions actions;
  if (ids_.contains(spec.token)) {
    ++suppressed_;
    return actions;
  }
  const std::string refusal = spec.token.empty() ? "the job has no token"
                              : spec.isolation != Isolation::none
                                  ? "the fake launcher isolates nothing; use isolation=none"
                                  : "";
  const std::uint64_t id = add(std::move(spec));
  if (draining_) {
    finish(id, outcome_of(JobOutcomeKind::cancelled, "the launcher is draining"), actions);
  } else if (!refusal.empty()) {
    finish(id, outcome_of(JobOutcomeKind::backend_error, refusal), actions);
  } else {
    queue_.push_back(id);
    fill_slots(actions);
  }
  return actions;
}

FakeMachine::Actions FakeMachine::reattach(Reattach job) {
  Actions actions;
  if (ids_.contains(job.spec.token)) {
    ++suppressed_;
    return actions;
  }
  const bool known = job.ref ? job.ref->backend == "fake" && job.ref->text.starts_with("1 ")
                             : options_.reattach_by_token;
  const std::uint64_t id = add(std::move(job.spec));
  Job& added = jobs_.at(id);
  if (!known || options_.reattach == FakeReattach::gone) {
    finish(id, outcome_of(JobOutcomeKind::lost, "no such job is left"), actions);
  } else if (options_.reattach == FakeReattach::finished) {
    finish_as_planned(id, added, actions);
  } else {
    ++occupied_;  // It holds its slot already, even when that is one too many.
    added.refs_sent = added.fate.refs.size() - 1;
    accept_next(id, added, actions);
    start(id, added, actions);
  }
  return actions;
}

FakeMachine::Actions FakeMachine::cancel(std::string_view token) {
  Actions actions;
  const auto found = ids_.find(std::string(token));
  if (found == ids_.end()) return actions;
  Job& job = jobs_.at(found->second);
  if (job.stage == Stage::queued) {
    finish(found->second, outcome_of(JobOutcomeKind::cancelled, ""), actions);
  } else if (job.stage != Stage::ending) {
    begin_ending(found->second, job, JobOutcomeKind::cancelled, actions);
  }
  return actions;
}

FakeMachine::Actions FakeMachine::take_back(std::string_view token) {
  const auto found = ids_.find(std::string(token));
  const bool waits = found != ids_.end() && jobs_.at(found->second).stage == Stage::queued;
  return waits ? cancel(token) : Actions();
}

FakeMachine::Actions FakeMachine::drain() {
  Actions actions;
  draining_ = true;
  for (const std::uint64_t id : std::exchange(queue_, {})) {
    if (jobs_.contains(id)) {
      finish(id, outcome_of(JobOutcomeKind::cancelled, "the launcher is draining"), actions);
    }
  }
  return actions;
}

FakeMachine::Actions FakeMachine::close() {
  Actions actions = drain();
  std::vector<std::uint64_t> ids;
  for (const auto& [id, job] : jobs_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const std::uint64_t id : ids) {
    finish(id, outcome_of(JobOutcomeKind::cancelled, "the launcher is closing"), actions);
  }
  actions.wakes.clear();
  return actions;
}

FakeMachine::Actions FakeMachine::on_step(const Wake& wake) {
  Actions actions;
  if (wake.job == 0) {
    apply_capacity_step(actions);
    return actions;
  }
  const auto found = jobs_.find(wake.job);
  if (found == jobs_.end() || found->second.step != wake.step) return actions;
  advance(found->first, found->second, actions);
  return actions;
}

bool FakeMachine::applies(const FakeRule& rule, std::size_t index, const JobSpec& spec,
                          std::uint64_t serial) const {
  const auto number = static_cast<std::int64_t>(serial);
  const auto differs = [](const auto& wanted, auto found) { return wanted && *wanted != found; };
  if (rule.from && number < *rule.from) return false;
  if (rule.to && number > *rule.to) return false;
  if (rule.every && number % *rule.every != 0) return false;
  if (differs(rule.evaluation, spec.key.evaluation)) return false;
  if (differs(rule.stage, spec.key.stage) || differs(rule.repeat, spec.key.repeat)) return false;
  if (differs(rule.attempt, spec.key.attempt)) return false;
  if (!rule.argument.empty() &&
      std::find(spec.argv.begin(), spec.argv.end(), rule.argument) == spec.argv.end()) {
    return false;
  }
  if (rule.probability >= 1) return true;
  RandomStream luck(seed_, fmt::format("fake rule {}", index), luck_id(spec.key));
  return luck.chance(rule.probability);
}

FakeFate FakeMachine::fate_of(const JobSpec& spec, std::uint64_t serial) const {
  FakeFate fate = options_.fate;
  for (std::size_t index = 0; index < options_.rules.size(); ++index) {
    const FakeRule& rule = options_.rules[index];
    if (applies(rule, index, spec, serial)) fate = changed_fate(std::move(fate), rule.fate_json);
  }
  return fate;
}

std::uint64_t FakeMachine::add(JobSpec spec) {
  const std::uint64_t id = ++last_id_;
  Job job;
  job.fate = fate_of(spec, id);
  RandomStream luck(seed_, "fake run time", luck_id(spec.key));
  const double factor = 1 + job.fate.jitter * luck.uniform(-1, 1);
  job.run_time = milliseconds(
      static_cast<milliseconds::rep>(static_cast<double>(job.fate.run_time.count()) * factor));
  const auto& limit = spec.limits.wall_time;
  job.out_of_time = limit && (job.fate.never_ends || job.run_time > *limit);
  if (job.out_of_time) job.run_time = *limit;
  ids_.emplace(spec.token, id);
  job.spec = std::move(spec);
  jobs_.emplace(id, std::move(job));
  return id;
}

void FakeMachine::fill_slots(Actions& actions) {
  while (occupied_ < slots_ && !queue_.empty()) {
    const std::uint64_t id = queue_.front();
    queue_.pop_front();
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) continue;  // Cancelled while it waited.
    ++occupied_;
    found->second.stage = Stage::accepting;
    wake(id, found->second, found->second.fate.accept_delay, actions);
  }
}

void FakeMachine::wake(std::uint64_t id, Job& job, milliseconds after, Actions& actions) {
  actions.wakes.push_back({after, id, ++job.step});
}

void FakeMachine::advance(std::uint64_t id, Job& job, Actions& actions) {
  switch (job.stage) {
    case Stage::queued:
      return;
    case Stage::accepting:
      return accept_next(id, job, actions);
    case Stage::starting:
      return start(id, job, actions);
    case Stage::running:
      if (job.out_of_time) return begin_ending(id, job, JobOutcomeKind::timeout, actions);
      return finish_as_planned(id, job, actions);
    case Stage::ending: {
      JobOutcome outcome = outcome_of(job.ends_as, "");
      outcome.wall = job.run_time;
      return finish(id, std::move(outcome), actions);
    }
  }
}

void FakeMachine::accept_next(std::uint64_t id, Job& job, Actions& actions) {
  // A backend that cannot take the job says so instead of accepting it.
  if (job.refs_sent == 0 && job.fate.outcome == JobOutcomeKind::backend_error) {
    return finish_as_planned(id, job, actions);
  }
  ++job.refs_sent;
  actions.notices.push_back(
      {Accepted{job.spec.token, JobRef{"fake", ref_text(job)}}, std::nullopt, {}});
  if (job.refs_sent < job.fate.refs.size()) {
    wake(id, job, job.fate.ref_delay, actions);
  } else {
    job.stage = Stage::starting;
    wake(id, job, job.fate.start_delay, actions);
  }
}

std::string FakeMachine::ref_text(const Job& job) {
  std::string text = "1";
  for (std::size_t part = 0; part < job.refs_sent; ++part) {
    const std::string& name = job.fate.refs[part];
    const std::string value =
        part == 0 ? job.spec.token : fmt::format("{:08x}", hash64(job.spec.token, part) >> 32);
    text += fmt::format(" {}={}", name, value);
  }
  return text;
}

void FakeMachine::start(std::uint64_t id, Job& job, Actions& actions) {
  job.stage = Stage::running;
  actions.notices.push_back({Started{job.spec.token}, std::nullopt, {}});
  ++job.step;  // Whatever was awaited before is void now.
  if (!job.fate.never_ends || job.out_of_time) wake(id, job, job.run_time, actions);
}

void FakeMachine::begin_ending(std::uint64_t id, Job& job, JobOutcomeKind kind, Actions& actions) {
  job.stage = Stage::ending;
  job.ends_as = kind;
  wake(id, job, job.fate.cancel_delay, actions);
}

void FakeMachine::finish_as_planned(std::uint64_t id, Job& job, Actions& actions) {
  JobOutcome outcome = outcome_of(job.fate.outcome, job.fate.detail);
  if (outcome.kind == JobOutcomeKind::exited) outcome.exit_code = job.fate.exit_code;
  if (outcome.kind == JobOutcomeKind::signalled) outcome.signal = job.fate.signal;
  outcome.wall = job.run_time;
  finish(id, std::move(outcome), actions);
}

void FakeMachine::finish(std::uint64_t id, JobOutcome outcome, Actions& actions) {
  auto node = jobs_.extract(id);
  Job& job = node.mapped();
  if (job.stage != Stage::queued) --occupied_;
  ids_.erase(job.spec.token);
  Notice notice;
  const bool has_results = outcome.kind == JobOutcomeKind::exited;
  notice.event = Finished{job.spec.token, std::move(outcome), {}};
  notice.files = std::move(job.fate.files);
  if (has_results) notice.ended = std::move(job.spec);
  actions.notices.push_back(std::move(notice));
  fill_slots(actions);
}

void FakeMachine::apply_capacity_step(Actions& actions) {
  if (capacity_step_ >= options_.capacity.size()) return;
  const FakeCapacityStep& step = options_.capacity[capacity_step_++];
  slots_ = step.slots;
  actions.notices.push_back({Capacity{slots_, step.reason}, std::nullopt, {}});
  fill_slots(actions);
  if (capacity_step_ < options_.capacity.size()) {
    actions.wakes.push_back({options_.capacity[capacity_step_].at - step.at, 0, 0});
  }
}

}  // namespace genesis::launch
