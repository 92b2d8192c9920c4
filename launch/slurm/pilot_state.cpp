// What happens, and what is known after it. decide() is in pilot_state_decide.cpp.
#include "launch/slurm/pilot_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "launch/slurm/slurm_reasons.h"

namespace genesis::launch::slurm {

namespace {

using Millis = PilotState::Millis;

constexpr Millis kSoonestQuery{300};
constexpr Millis kLongestOutageWait{30'000};
constexpr Millis kLongestGrowthPause{60'000};
/// A pilot that a look did not show may have been taken a moment after the look.
constexpr Millis kSubmitSettles{3000};
/// How long a reason to wait for ever is given to go away.
constexpr Millis kHopelessTime{10'000};
constexpr int kMostNodeFailures = 3;

}  // namespace

PilotState::PilotState(PilotPolicy policy, Time now)
    : policy_(std::move(policy)), opened_(now), next_query_(now), grow_after_(now) {}

void PilotState::add(const std::string& token, std::optional<Millis> limit, Time) {
  Job job;
  job.limit = limit;
  if (!jobs_.emplace(token, std::move(job)).second) return;
  waiting_.push_back(token);
  if (limit) waiting_limits_.insert(*limit);
}

void PilotState::add_earlier(const std::string& token) {
  Job job;
  job.phase = JobPhase::earlier;
  jobs_.emplace(token, std::move(job));
}

void PilotState::cancel(const std::string& token) {
  const auto found = jobs_.find(token);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  if (job.phase == JobPhase::waiting) {
    std::erase(waiting_, token);
    no_longer_waits(job);
    jobs_.erase(found);
    actions_.push_back(EndJob{token, JobOutcomeKind::cancelled, "not started"});
    return;
  }
  if (std::exchange(job.cancelled, true) || job.phase == JobPhase::earlier) return;
  actions_.push_back(SendCancel{job.worker, token});
}

void PilotState::take_back(const std::string& token) {
  const auto found = jobs_.find(token);
  if (found == jobs_.end()) return;
  if (found->second.phase == JobPhase::waiting) return cancel(token);
  if (found->second.phase == JobPhase::sent) {
    actions_.push_back(SendTakeBack{found->second.worker, token});
  }
}

void PilotState::close() {
  closing_ = true;
}

void PilotState::know_pilot(const std::string& mark, Time now) {
  Pilot& pilot = pilots_[mark];
  pilot.phase = Phase::searching;
  pilot.earlier = true;
  pilot.since = now;
  pilot.busy_at = now;
}

void PilotState::submitted(const std::string& mark, const std::string& id, Time now) {
  answered();
  const auto found = pilots_.find(mark);
  if (found == pilots_.end()) return;
  found->second.phase = Phase::pending;
  found->second.id = id;
  found->second.since = now;
  look_soon(now);
}

void PilotState::not_submitted(const std::string& mark, const CommandFailure& failure, Time now) {
  const auto found = pilots_.find(mark);
  if (found == pilots_.end()) return;
  Pilot& pilot = found->second;
  if (failure.kind == FailureKind::unreachable) {
    // It may have been taken all the same: its name tells.
    pilot.phase = Phase::searching;
    pilot.since = now;
    return look_soon(now);
  }
  pilots_.erase(found);
  actions_.push_back(ForgetPilot{mark});
  growth_failed(failure.text, now);
  if (failure.kind != FailureKind::busy) refused_ = true;
}

void PilotState::growth_failed(const std::string& reason, Time now) {
  ++failures_;
  failure_reason_ = reason;
  Millis pause{1000};
  for (int i = 1; i < failures_ && pause < kLongestGrowthPause; ++i) pause *= 2;
  grow_after_ = now + std::min(pause, kLongestGrowthPause);
}

void PilotState::answered() {
  down_ = false;
  down_wait_ = Millis{1000};
}

void PilotState::look_soon(Time now) {
  query_wait_ = kSoonestQuery;
  next_query_ = std::min(next_query_, now + query_wait_);
}

void PilotState::unreachable(const std::string& text, const std::string& at, Time now) {
  asking_ = false;
  if (!down_) {
    down_reason_ = fmt::format("SLURM's controller does not answer since {}: {}", at, text);
    down_wait_ = Millis{1000};
  }
  down_ = true;
  next_query_ = now + down_wait_;
  down_wait_ = std::min(down_wait_ * 2, kLongestOutageWait);
}

void PilotState::queue_seen(const std::vector<PilotRow>& rows, Time asked, Time now) {
  asking_ = false;
  answered();
  next_query_ = now + query_wait_;
  query_wait_ = std::min(query_wait_ + query_wait_ / 3, policy_.poll_interval);
  for (auto& [mark, pilot] : pilots_) {
    if (pilot.phase == Phase::asking || pilot.phase == Phase::over) continue;
    const auto row = std::find_if(
        rows.begin(), rows.end(), [&, &mark = mark, &pilot = pilot](const PilotRow& one) {
          return pilot.id.empty() ? one.name == policy_.name_prefix + mark : one.id == pilot.id;
        });
    if (row != rows.end()) {
      see_row(pilot, *row, asked, now);
    } else if (asked >= pilot.since + kSubmitSettles || pilot.phase == Phase::ending) {
      // Its streams would know better.
      const bool lives = std::any_of(pilot.nodes.begin(), pilot.nodes.end(), [](const auto& node) {
        return node.second.phase == NodePhase::standing;
      });
      if (++pilot.absences >= 2 && !lives) over(pilot, "SLURM does not know it any more", now);
    }
  }
  cancel_strays(rows, now);
}

void PilotState::see_row(Pilot& pilot, const PilotRow& row, Time asked, Time now) {
  pilot.absences = 0;
  pilot.id = row.id;
  if (has_ended(row.state)) {
    return over(pilot, row.reason.empty() || row.reason == "None" ? "it ended" : row.reason, now);
  }
  if (pilot.phase == Phase::ending) return;
  if (row.state == JobState::running && !row.nodes.empty()) {
    if (row.left) pilot.end_at = asked + *row.left;
    pilot.node_list = row.nodes;
    if (pilot.phase != Phase::standing) {
      pilot.since = now;
      pilot.busy_at = now;
      pilot.reason.clear();
    }
    pilot.phase = Phase::standing;
    return;
  }
  if (pilot.phase == Phase::searching) pilot.phase = Phase::pending;
  pilot.reason = row.reason;
  const std::string hopeless = hopeless_reason(row.reason);
  if (hopeless != pilot.hopeless) pilot.hopeless_since = now;
  pilot.hopeless = hopeless;
  if (!hopeless.empty() && now >= *pilot.hopeless_since + kHopelessTime) {
    growth_failed(hopeless, now);
    refused_ = true;
    pilot.phase = Phase::ending;
    pilot.since = now;
  }
}

/// Whatever carries the run's name and is nobody's: an earlier runner's jobs of another mode.
void PilotState::cancel_strays(const std::vector<PilotRow>& rows, Time now) {
  if (now < opened_ + policy_.claim_time) return;
  strays_done_ = true;
  std::vector<std::string> ids;
  for (const PilotRow& row : rows) {
    if (!row.name.starts_with(policy_.name_prefix) || has_ended(row.state)) continue;
    if (pilots_.count(row.name.substr(policy_.name_prefix.size())) == 0) ids.push_back(row.id);
  }
  if (!ids.empty()) actions_.push_back(CancelPilots{std::move(ids)});
}

void PilotState::over(Pilot& pilot, std::string reason, Time now) {
  const bool was_ending = pilot.phase == Phase::ending;
  pilot.phase = Phase::over;
  pilot.since = now;
  if (!was_ending && !pilot.worked && !pilot.earlier) {
    growth_failed(fmt::format("allocation {} ended before a worker stood on it: {}", pilot.id,
                              pilot.reason.empty() ? reason : pilot.reason),
                  now);
  }
  pilot.reason = std::move(reason);
}

void PilotState::nodes_seen(const std::string& mark, const std::vector<std::string>& nodes) {
  const auto found = pilots_.find(mark);
  if (found == pilots_.end()) return;
  Pilot& pilot = found->second;
  pilot.asking_nodes = false;
  for (const std::string& name : nodes) {
    Node& node = pilot.nodes[name];
    node.phase = pilot.earlier ? NodePhase::unchecked : NodePhase::clear;
    node.since = pilot.since;
    node.why = "its worker ended with its runner";
  }
}

void PilotState::steps_seen(const std::string& mark,
                            const std::optional<std::vector<StepRow>>& steps, Time now) {
  const auto found = pilots_.find(mark);
  if (found == pilots_.end()) return;
  Pilot& pilot = found->second;
  pilot.asking_steps = false;
  pilot.ask_steps_at = now + kSoonestQuery;
  if (!steps) return;
  answered();
  std::vector<std::string> to_cancel;
  for (auto& [name, node] : pilot.nodes) {
    if (node.phase != NodePhase::unchecked && node.phase != NodePhase::clearing) continue;
    const bool may_finish =
        node.phase == NodePhase::unchecked && now < opened_ + policy_.grace && !closing_;
    bool is_there = false;
    const std::size_t before = to_cancel.size();
    for (const StepRow& step : *steps) {
      if (step.name != kWorkerStep || step.nodes != name) continue;
      is_there = true;
      if (may_finish || (node.cancelled_at && now < *node.cancelled_at + Millis{5000})) continue;
      to_cancel.push_back(step.step);
    }
    if (!is_there) {
      node_cleared(node);
    } else if (to_cancel.size() > before) {
      node.cancelled_at = now;
    }
  }
  if (!to_cancel.empty()) actions_.push_back(CancelSteps{pilot.id, std::move(to_cancel)});
}

/// Nobody writes on it any more: what its worker had is judged by what it left.
void PilotState::node_cleared(Node& node) {
  node.phase = node.failures >= kMostNodeFailures ? NodePhase::broken : NodePhase::clear;
  node.cancelled_at.reset();
  for (const std::string& token : std::exchange(node.jobs, {})) {
    const auto job = jobs_.find(token);
    if (job == jobs_.end()) continue;
    actions_.push_back(CollectJob{token, node.why, job->second.cancelled});
    jobs_.erase(job);
  }
}

void PilotState::cancel_failed(const std::vector<std::string>& ids) {
  for (auto& [mark, pilot] : pilots_) {
    if (std::find(ids.begin(), ids.end(), pilot.id) != ids.end()) pilot.cancelled_at.reset();
  }
}

PilotState::Node* PilotState::find(const WorkerKey& worker) {
  const auto pilot = pilots_.find(worker.pilot);
  if (pilot == pilots_.end()) return nullptr;
  const auto node = pilot->second.nodes.find(worker.node);
  return node == pilot->second.nodes.end() ? nullptr : &node->second;
}

void PilotState::worker_ready(const WorkerKey& worker, Time now) {
  Node* const node = find(worker);
  if (node == nullptr || node->phase != NodePhase::starting) return;
  node->phase = NodePhase::standing;
  node->since = now;
  node->heard = now;
  Pilot& pilot = pilots_.at(worker.pilot);
  pilot.worked = true;
  pilot.busy_at = now;
  failures_ = 0;
  refused_ = false;
}

void PilotState::worker_heard(const WorkerKey& worker, Time now) {
  if (Node* const node = find(worker)) node->heard = now;
}

void PilotState::worker_ended(const WorkerKey& worker, const std::string& why, Time now) {
  Node* const node = find(worker);
  if (node == nullptr || !node->has_worker()) return;
  if (node->phase == NodePhase::leaving && node->jobs.empty()) {
    node->phase = NodePhase::clear;  // As it was told to.
    node->slots = 0;
    return;
  }
  if (node->phase != NodePhase::leaving) {
    ++node->failures;
    node->retry_at = now + Millis{500} * node->failures;
    node->why = fmt::format("the worker on {} went away: {}", worker.node, why);
  }
  node->phase = NodePhase::clearing;
  node->slots = 0;
  node->since = now;
  Pilot& pilot = pilots_.at(worker.pilot);
  pilot.ask_steps_at = now;
  // Perhaps all of the pilot has ended.
  look_soon(now);
}

bool PilotState::has_job(const WorkerKey& worker, const std::string& token) const {
  const auto job = jobs_.find(token);
  if (job == jobs_.end()) return false;
  const bool is_out = job->second.phase == JobPhase::sent || job->second.phase == JobPhase::running;
  return is_out && job->second.worker == worker;
}

void PilotState::started(const std::string& token) {
  const auto job = jobs_.find(token);
  if (job != jobs_.end()) job->second.phase = JobPhase::running;
}

void PilotState::ended(const std::string& token, Millis wall, Time now) {
  const auto job = jobs_.find(token);
  if (job == jobs_.end() || job->second.phase == JobPhase::waiting) return;
  if (Node* const node = find(job->second.worker)) {
    node->jobs.erase(token);
    node->failures = 0;
    pilots_.at(job->second.worker.pilot).busy_at = now;
  }
  jobs_.erase(job);
  const auto milliseconds = static_cast<double>(wall.count());
  mean_wall_ms_ = mean_wall_ms_ > 1e8 ? milliseconds : 0.8 * mean_wall_ms_ + 0.2 * milliseconds;
}

}  // namespace genesis::launch::slurm
