// What to do next.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "launch/slurm/pilot_state.h"

namespace genesis::launch::slurm {

namespace {

using Millis = PilotState::Millis;

/// Jobs that are shorter wait at their worker for its next free slot, not here: the way there would
/// cost more than it is worth to choose late.
constexpr double kShortJobMs = 250;
/// How many failures in a row are told to whoever waits.
constexpr int kMostFailures = 3;
/// What a worker gets to say its last words when SLURM has ended its pilot.
constexpr Millis kLastWords{10'000};
constexpr Millis kCancelAgain{5'000};
/// For srun to start a worker, which may activate an environment first.
constexpr Millis kStartTime{120'000};

}  // namespace

std::vector<PilotAction> PilotState::decide(Time now) {
  ask_pilots(now);
  for (auto& [mark, pilot] : pilots_) watch_pilot(mark, pilot, now);
  forget_pilots();
  collect_earlier();
  start_workers(now);
  send_jobs(now);
  shrink(now);
  grow(now);
  announce(now);
  return std::exchange(actions_, {});
}

void PilotState::ask_pilots(Time now) {
  const auto due = next_question();
  if (!due || now < *due) return;
  asking_ = true;
  actions_.push_back(AskPilots{});
}

std::optional<PilotState::Time> PilotState::next_question() const {
  if (asking_) return std::nullopt;
  const bool waits = std::any_of(pilots_.begin(), pilots_.end(), [](const auto& entry) {
    return entry.second.phase != Phase::asking && entry.second.phase != Phase::over;
  });
  if (waits) return next_query_;
  if (strays_done_) return std::nullopt;
  return std::max(next_query_, opened_ + policy_.claim_time);
}

void PilotState::watch_pilot(const std::string& mark, Pilot& pilot, Time now) {
  if (pilot.phase == Phase::standing && pilot.nodes.empty() && !pilot.asking_nodes) {
    pilot.asking_nodes = true;
    actions_.push_back(AskNodes{mark, pilot.node_list});
  }
  for (auto& [name, node] : pilot.nodes) watch_node(mark, pilot, name, node, now);
  const bool unclear = std::any_of(pilot.nodes.begin(), pilot.nodes.end(), [](const auto& entry) {
    return entry.second.phase == NodePhase::unchecked || entry.second.phase == NodePhase::clearing;
  });
  if (unclear && !pilot.asking_steps && now >= pilot.ask_steps_at && !down_) {
    pilot.asking_steps = true;
    actions_.push_back(AskSteps{mark, pilot.id});
  }
  if (pilot.phase == Phase::ending && !pilot.id.empty() &&
      (!pilot.cancelled_at || now >= *pilot.cancelled_at + kCancelAgain)) {
    pilot.cancelled_at = now;
    actions_.push_back(CancelPilots{{pilot.id}});
    look_soon(now);
  }
}

void PilotState::watch_node(const std::string& mark, Pilot& pilot, const std::string& name,
                            Node& node, Time now) {
  const WorkerKey key{mark, name};
  const auto drop = [&](std::string why) {
    actions_.push_back(DropWorker{key});
    worker_ended(key, why, now);
  };
  if (node.phase == NodePhase::standing && now >= node.heard + policy_.lease) {
    drop(fmt::format("nothing was heard of it for {} s", policy_.lease.count() / 1000));
  } else if (node.phase == NodePhase::starting && now >= node.since + kStartTime) {
    drop("srun did not start it in time");
  } else if (pilot.phase == Phase::over && node.has_worker() && now >= pilot.since + kLastWords) {
    drop("SLURM says that its allocation is over");
  }
  const bool unclear = node.phase == NodePhase::unchecked || node.phase == NodePhase::clearing;
  if (pilot.phase == Phase::over && unclear) {
    node.why += fmt::format(" (allocation {}: {})", pilot.id, pilot.reason);
    node_cleared(node);
  }
}

void PilotState::forget_pilots() {
  for (auto entry = pilots_.begin(); entry != pilots_.end();) {
    Pilot& pilot = entry->second;
    const bool held = std::any_of(pilot.nodes.begin(), pilot.nodes.end(), [](const auto& node) {
      return node.second.has_worker() || !node.second.jobs.empty();
    });
    if (pilot.phase != Phase::over || held || pilot.asking_nodes || pilot.asking_steps) {
      ++entry;
      continue;
    }
    actions_.push_back(ForgetPilot{entry->first});
    entry = pilots_.erase(entry);
  }
}

/// What an earlier runner left is known when nobody works for it any more.
void PilotState::collect_earlier() {
  for (const auto& [mark, pilot] : pilots_) {
    if (!pilot.earlier || pilot.phase == Phase::over) continue;
    if (pilot.phase == Phase::searching) return;
    if (pilot.phase == Phase::standing && pilot.nodes.empty()) return;
    for (const auto& [name, node] : pilot.nodes) {
      if (node.phase == NodePhase::unchecked) return;
    }
  }
  for (auto entry = jobs_.begin(); entry != jobs_.end();) {
    if (entry->second.phase != JobPhase::earlier) {
      ++entry;
      continue;
    }
    actions_.push_back(CollectJob{entry->first,
                                  "its worker ended with its runner, and it left no "
                                  "record of its end",
                                  entry->second.cancelled});
    entry = jobs_.erase(entry);
  }
}

bool PilotState::fits(const Pilot& pilot, const std::optional<Millis>& limit, int times,
                      Time now) const {
  if (!pilot.end_at) return true;
  const Millis need = limit.value_or(Millis{0}) * times + policy_.end_margin;
  return now + need <= *pilot.end_at;
}

std::optional<Millis> PilotState::longest_waiting() const {
  if (waiting_limits_.empty()) return std::nullopt;
  return *waiting_limits_.rbegin();
}

void PilotState::no_longer_waits(const Job& job) {
  if (job.limit) waiting_limits_.erase(waiting_limits_.find(*job.limit));
}

std::size_t PilotState::places(int times) const {
  std::size_t room = 0;
  for (const auto& [mark, pilot] : pilots_) {
    if (pilot.phase != Phase::standing) continue;
    for (const auto& [name, node] : pilot.nodes) {
      const auto most = static_cast<std::size_t>(node.slots * times);
      if (node.phase == NodePhase::standing && most > node.jobs.size()) {
        room += most - node.jobs.size();
      }
    }
  }
  return room;
}

int PilotState::slots_given() const {
  int slots = 0;
  for (const auto& [mark, pilot] : pilots_) {
    for (const auto& [name, node] : pilot.nodes) {
      if (node.has_worker()) slots += node.slots;
    }
  }
  return slots;
}

std::size_t PilotState::jobs_on(const Pilot& pilot) const {
  std::size_t count = 0;
  for (const auto& [name, node] : pilot.nodes) count += node.jobs.size();
  return count;
}

void PilotState::start_workers(Time now) {
  if (closing_ || waiting_.empty()) return;
  int given = slots_given();
  for (auto& [mark, pilot] : pilots_) {
    if (pilot.phase != Phase::standing || !fits(pilot, longest_waiting(), 1, now)) continue;
    for (auto& [name, node] : pilot.nodes) {
      if (node.phase != NodePhase::clear || now < node.retry_at) continue;
      const int slots = std::min(policy_.slots, policy_.most_jobs - given);
      if (slots <= 0) return;
      node.phase = NodePhase::starting;
      node.since = now;
      node.slots = slots;
      given += slots;
      actions_.push_back(StartWorker{{mark, name}, pilot.id, slots});
    }
  }
}

void PilotState::send_jobs(Time now) {
  if (closing_) return;
  // What a worker has beyond its slots begins there at once when one is free.
  const int most = mean_wall_ms_ < kShortJobMs ? 2 : 1;
  for (int times = 1; times <= most; ++times) {
    std::size_t room = places(times);
    for (auto token = waiting_.begin(); room > 0 && token != waiting_.end();) {
      if (!send_to(*token, jobs_.at(*token), times, now)) {
        ++token;
        continue;
      }
      --room;
      token = waiting_.erase(token);
    }
  }
}

/// To the worker with the most room, of the pilot that ends first: the others may become idle.
/// `times`: how many jobs each slot may have.
bool PilotState::send_to(const std::string& token, Job& job, int times, Time now) {
  Node* best = nullptr;
  WorkerKey worker;
  std::size_t most_room = 0;
  Time soonest = Time::max();
  for (auto& [mark, pilot] : pilots_) {
    if (pilot.phase != Phase::standing || !fits(pilot, job.limit, times, now)) continue;
    const Time end = pilot.end_at.value_or(Time::max());
    for (auto& [name, node] : pilot.nodes) {
      if (node.phase != NodePhase::standing) continue;
      const auto places = static_cast<std::size_t>(node.slots * times);
      const std::size_t room = places > node.jobs.size() ? places - node.jobs.size() : 0;
      if (room == 0) continue;
      if (best != nullptr && (end > soonest || (end == soonest && room <= most_room))) continue;
      best = &node;
      worker = {mark, name};
      most_room = room;
      soonest = end;
    }
  }
  if (best == nullptr) return false;
  best->jobs.insert(token);
  pilots_.at(worker.pilot).busy_at = now;
  job.phase = JobPhase::sent;
  job.worker = worker;
  no_longer_waits(job);
  actions_.push_back(SendJob{worker, token});
  return true;
}

/// Whether it will still take what waits.
bool PilotState::is_usable(const Pilot& pilot, Time now) const {
  if (pilot.phase == Phase::ending || pilot.phase == Phase::over) return false;
  return pilot.phase != Phase::standing || fits(pilot, longest_waiting(), 1, now);
}

void PilotState::grow(Time now) {
  if (closing_ || down_ || waiting_.empty()) return;
  std::size_t supply = 0;
  std::size_t demand = waiting_.size();
  int usable = 0;
  for (const auto& [mark, pilot] : pilots_) {
    if (!is_usable(pilot, now)) continue;
    ++usable;
    demand += jobs_on(pilot);
    const auto slots = static_cast<std::size_t>(policy_.slots);
    if (pilot.nodes.empty()) supply += slots * static_cast<std::size_t>(policy_.nodes);
    for (const auto& [name, node] : pilot.nodes) {
      if (node.phase != NodePhase::broken) supply += slots;
    }
  }
  if (now < grow_after_) {
    if (usable == 0 && (refused_ || failures_ >= kMostFailures)) refuse_waiting();
    return;
  }
  demand = std::min(demand, static_cast<std::size_t>(policy_.most_jobs));
  while (demand > supply && usable < policy_.most_pilots) {
    const std::string mark = policy_.new_mark();
    Pilot& pilot = pilots_[mark];
    pilot.since = now;
    pilot.busy_at = now;
    actions_.push_back(RequestPilot{mark, waiting_.front()});
    supply += static_cast<std::size_t>(policy_.slots * policy_.nodes);
    ++usable;
  }
}

/// Nothing will run what waits: whoever submitted it is told why, and may decide.
void PilotState::refuse_waiting() {
  waiting_limits_.clear();
  for (const std::string& token : std::exchange(waiting_, {})) {
    jobs_.erase(token);
    actions_.push_back(EndJob{token, JobOutcomeKind::backend_error, failure_reason_});
  }
}

bool PilotState::should_end(const Pilot& pilot, Time now) const {
  if (pilot.phase != Phase::pending && pilot.phase != Phase::standing) return false;
  if (jobs_on(pilot) != 0) return false;
  if (closing_) return true;
  if (pilot.phase == Phase::pending) {
    return waiting_.empty() && now >= pilot.busy_at + policy_.idle;
  }
  const bool all_broken = !pilot.nodes.empty() &&
                          std::all_of(pilot.nodes.begin(), pilot.nodes.end(), [](const auto& node) {
                            return node.second.phase == NodePhase::broken;
                          });
  if (all_broken) return true;
  // It holds nodes that what waits could have.
  if (!waiting_.empty() && !fits(pilot, longest_waiting(), 1, now)) return true;
  // Nothing could begin any more; without a limit of their own, jobs need something to run in.
  if (pilot.end_at && now + policy_.end_margin >= *pilot.end_at) return true;
  return now >= pilot.busy_at + policy_.idle;
}

void PilotState::shrink(Time now) {
  for (auto& [mark, pilot] : pilots_) {
    if (should_end(pilot, now)) end(pilot, mark, now);
  }
}

void PilotState::end(Pilot& pilot, const std::string& mark, Time now) {
  std::string broken;
  for (auto& [name, node] : pilot.nodes) {
    if (node.phase == NodePhase::broken) broken = node.why;
    if (node.phase != NodePhase::standing && node.phase != NodePhase::starting) continue;
    node.phase = NodePhase::leaving;
    node.since = now;
    actions_.push_back(SayBye{{mark, name}});
  }
  if (!broken.empty() && !pilot.worked) growth_failed(broken, now);
  pilot.phase = Phase::ending;
  pilot.since = now;
  pilot.cancelled_at = now;
  actions_.push_back(CancelPilots{{pilot.id}});
  look_soon(now);
}

PilotCapacity PilotState::capacity(Time now) const {
  int standing = 0;
  std::string waits;
  for (const auto& [mark, pilot] : pilots_) {
    for (const auto& [name, node] : pilot.nodes) {
      if (node.phase == NodePhase::standing) standing += node.slots;
    }
    const bool asked = pilot.phase == Phase::pending && !pilot.reason.empty();
    if (asked && pilot.reason != "None") {
      waits = fmt::format("allocation {} waits in SLURM's queue ({})", pilot.id, pilot.reason);
    }
  }
  if (down_) return {standing == 0 ? 0 : policy_.most_jobs, down_reason_};
  if (failures_ > 0 && now < grow_after_) {
    const bool stopped = failures_ >= kMostFailures;
    return {stopped ? standing : policy_.most_jobs, failure_reason_};
  }
  return {policy_.most_jobs, standing == 0 ? waits : std::string()};
}

void PilotState::announce(Time now) {
  PilotCapacity current = capacity(now);
  const auto told = std::pair(current.slots, current.reason);
  if (announced_ == told) return;
  announced_ = told;
  actions_.push_back(std::move(current));
}

std::optional<PilotState::Time> PilotState::next_look(Time now) const {
  std::optional<Time> next;
  const auto at = [&](Time time) {
    if (!next || time < *next) next = time;
  };
  if (const auto question = next_question()) at(*question);
  if (now < grow_after_) at(grow_after_);
  for (const auto& [mark, pilot] : pilots_) {
    if (pilot.phase == Phase::ending && pilot.cancelled_at) at(*pilot.cancelled_at + kCancelAgain);
    if (pilot.phase == Phase::standing && jobs_on(pilot) == 0) {
      at(pilot.busy_at + policy_.idle);
      if (pilot.end_at) at(*pilot.end_at - policy_.end_margin);
    }
    for (const auto& [name, node] : pilot.nodes) {
      if (node.phase == NodePhase::standing) at(node.heard + policy_.lease);
      if (node.phase == NodePhase::starting) at(node.since + kStartTime);
      if (node.phase == NodePhase::clear && now < node.retry_at) at(node.retry_at);
      if (pilot.phase == Phase::over && node.has_worker()) at(pilot.since + kLastWords);
      const bool unclear = node.phase == NodePhase::unchecked || node.phase == NodePhase::clearing;
      if (unclear && !pilot.asking_steps && !down_) at(pilot.ask_steps_at);
    }
  }
  return next;
}

}  // namespace genesis::launch::slurm
