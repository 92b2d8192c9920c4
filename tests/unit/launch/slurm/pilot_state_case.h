#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "launch/slurm/pilot_state.h"

namespace genesis::launch::slurm {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The state with hands to turn: what it wants is kept by kind until the next step.
class Pilots : public testing::Test {
 protected:
  Pilots() { restart({}); }

  void restart(const std::vector<std::string>& earlier) {
    policy.name_prefix = "genesis-run-";
    policy.new_mark = [this] { return fmt::format("m{}", ++marks); };
    state = std::make_unique<PilotState>(policy, now);
    for (const std::string& mark : earlier) state->know_pilot(mark, now);
    step();
  }
  void restart_with(int most_jobs, int slots, int nodes, int most_pilots) {
    policy.most_jobs = most_jobs;
    policy.slots = slots;
    policy.nodes = nodes;
    policy.most_pilots = most_pilots;
    restart({});
  }

  void step(std::chrono::milliseconds time = 0ms) {
    now += time;
    requests.clear();
    node_questions.clear();
    step_questions.clear();
    starts.clear();
    dropped.clear();
    byes.clear();
    old_steps.clear();
    cancelled.clear();
    forgotten.clear();
    sent.clear();
    cancels.clear();
    backs.clear();
    collected.clear();
    ends.clear();
    questions = 0;
    for (int round = 0; round < 5; ++round) {
      for (const PilotAction& action : state->decide(now)) keep(action);
    }
  }
  void keep(const PilotAction& action) {
    if (const auto* one = std::get_if<RequestPilot>(&action)) requests.push_back(one->mark);
    if (std::holds_alternative<AskPilots>(action)) ++questions;
    if (const auto* one = std::get_if<AskNodes>(&action)) node_questions.push_back(one->mark);
    if (const auto* one = std::get_if<AskSteps>(&action)) step_questions.push_back(one->mark);
    if (const auto* one = std::get_if<StartWorker>(&action)) starts.push_back(*one);
    if (const auto* one = std::get_if<DropWorker>(&action)) dropped.push_back(one->worker.node);
    if (const auto* one = std::get_if<SayBye>(&action)) byes.push_back(one->worker.node);
    if (const auto* one = std::get_if<CancelSteps>(&action)) {
      for (const std::string& step : one->steps) old_steps.push_back(one->id + "." + step);
    }
    if (const auto* one = std::get_if<CancelPilots>(&action)) {
      cancelled.insert(cancelled.end(), one->ids.begin(), one->ids.end());
    }
    if (const auto* one = std::get_if<ForgetPilot>(&action)) forgotten.push_back(one->mark);
    if (const auto* one = std::get_if<SendJob>(&action)) {
      sent.push_back(one->token + "@" + one->worker.pilot + one->worker.node);
    }
    if (const auto* one = std::get_if<SendCancel>(&action)) cancels.push_back(one->token);
    if (const auto* one = std::get_if<SendTakeBack>(&action)) backs.push_back(one->token);
    if (const auto* one = std::get_if<CollectJob>(&action)) collected.push_back(*one);
    if (const auto* one = std::get_if<EndJob>(&action)) ends.push_back(*one);
    if (const auto* one = std::get_if<PilotCapacity>(&action)) capacities.push_back(*one);
  }

  PilotRow row(const std::string& id, const std::string& mark, JobState job_state,
               std::chrono::milliseconds left = 1h, const std::string& reason = "None") {
    PilotRow made;
    made.id = id;
    made.name = "genesis-run-" + mark;
    made.state = job_state;
    made.reason = reason;
    if (job_state == JobState::running) {
      made.nodes = "n1";
      made.left = left;
    }
    return made;
  }
  /// squeue's answer to a question of this moment.
  void queue(const std::vector<PilotRow>& rows) {
    state->queue_seen(rows, now, now);
    step();
  }
  /// A pilot that stands with its nodes, and a worker on each.
  void stand(const std::string& mark, const std::string& id, const std::vector<std::string>& nodes,
             std::chrono::milliseconds left = 1h) {
    state->submitted(mark, id, now);
    step(300ms);
    queue({row(id, mark, JobState::running, left)});
    state->nodes_seen(mark, nodes);
    step();
    for (const std::string& node : nodes) state->worker_ready({mark, node}, now);
    step();
  }
  void end(const std::string& token, std::chrono::milliseconds wall = 10s) {
    state->ended(token, wall, now);
  }

  PilotPolicy policy;
  std::unique_ptr<PilotState> state;
  PilotState::Time now = PilotState::Time() + 1000s;
  int marks = 0;
  int questions = 0;
  std::vector<std::string> requests, node_questions, step_questions, dropped, byes, old_steps,
      cancelled, forgotten, sent, cancels, backs;
  std::vector<StartWorker> starts;
  std::vector<CollectJob> collected;
  std::vector<EndJob> ends;
  std::vector<PilotCapacity> capacities;
};

}  // namespace genesis::launch::slurm
