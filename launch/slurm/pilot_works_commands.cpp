// What the launcher of pilots asks of SLURM, and what it makes of the answers.
#include <fmt/format.h>

#include <utility>

#include "genesis/base/clock.h"
#include "genesis/base/failpoint.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "launch/slurm/pilot_output.h"
#include "launch/slurm/pilot_works.h"

namespace genesis::launch::slurm {

namespace {

std::string time_of_day() {
  char buffer[32];
  return std::string(utc_timestamp(SystemClock().unix_millis(), buffer));
}

}  // namespace

void PilotWorks::perform(PilotAction& action) {
  const auto link_of = [this](const WorkerKey& worker) {
    const auto found = links_.find(worker);
    return found == links_.end() ? nullptr : found->second.get();
  };
  if (const auto* send = std::get_if<SendJob>(&action)) {
    send_job(*send);
  } else if (const auto* request = std::get_if<RequestPilot>(&action)) {
    this->request(*request);
  } else if (std::holds_alternative<AskPilots>(action)) {
    ask_pilots();
  } else if (const auto* nodes = std::get_if<AskNodes>(&action)) {
    ask_nodes(*nodes);
  } else if (const auto* steps = std::get_if<AskSteps>(&action)) {
    ask_steps(*steps);
  } else if (const auto* start = std::get_if<StartWorker>(&action)) {
    start_worker(*start);
  } else if (const auto* drop = std::get_if<DropWorker>(&action)) {
    if (auto* const link = link_of(drop->worker)) link->drop();
    links_.erase(drop->worker);
  } else if (const auto* leaver = std::get_if<SayBye>(&action)) {
    if (auto* const link = link_of(leaver->worker)) {
      link->say(Bye());
      link->finish();
    }
  } else if (const auto* old = std::get_if<CancelSteps>(&action)) {
    std::vector<std::string> words{"scancel"};
    for (const std::string& step : old->steps) words.push_back(old->id + "." + step);
    client_.run(std::move(words), then([](PilotWorks&, const CommandEnd&) {}));
  } else if (auto* pilots = std::get_if<CancelPilots>(&action)) {
    cancel_pilots(std::move(pilots->ids));
  } else if (const auto* forgotten = std::get_if<ForgetPilot>(&action)) {
    forget_pilot(pilots_, forgotten->mark);
    ids_.erase(forgotten->mark);
  } else if (const auto* cancel = std::get_if<SendCancel>(&action)) {
    if (auto* const link = link_of(cancel->worker)) link->say(CancelInWorker{cancel->token});
  } else if (const auto* back = std::get_if<SendTakeBack>(&action)) {
    if (auto* const link = link_of(back->worker)) link->say(TakeBackFromWorker{back->token});
  } else if (const auto* collected = std::get_if<CollectJob>(&action)) {
    collect(*collected);
  } else if (auto* end = std::get_if<EndJob>(&action)) {
    JobOutcome outcome;
    outcome.kind = end->kind;
    outcome.detail = std::move(end->detail);
    finish(end->token, std::move(outcome));
  } else if (const auto* capacity = std::get_if<PilotCapacity>(&action)) {
    capacity_ = capacity->slots;
    outbox_->push(Capacity{capacity->slots, capacity->reason});
  }
}

/// Its mark is on the disk before sbatch is asked: whoever comes after a crash looks for its name.
void PilotWorks::request(const RequestPilot& request) {
  const std::string mark = request.mark;
  const auto job = jobs_.find(request.token);
  Status noted = note_pilot(pilots_, mark, "");
  if (!noted || job == jobs_.end()) {
    CommandFailure failure;
    failure.text = noted ? "nobody needs it any more" : noted.error().message;
    failure.kind = FailureKind::busy;
    return state_.not_submitted(mark, failure, Clock::now());
  }
  failpoint("slurm.before_pilot");
  client_.run(sbatch_pilot_command(job->second, options_, prefix_ + mark, pilots_.script(),
                                   pilots_.log(mark), slots_per_node(options_.pilot, most_jobs_)),
              then([mark](PilotWorks& self, const CommandEnd& end) { self.requested(mark, end); }));
}

void PilotWorks::requested(const std::string& mark, const CommandEnd& end) {
  failpoint("slurm.after_pilot");
  const auto id = end.succeeded() ? parse_sbatch_id(end.output) : std::nullopt;
  if (id) {
    if (const Status noted = note_pilot(pilots_, mark, *id); !noted) {
      log::warning("slurm: {}", noted.error().message);
    }
    failpoint("slurm.pilot_noted");
    ids_[mark] = *id;
    return state_.submitted(mark, *id, Clock::now());
  }
  CommandFailure failure = failure_of("sbatch", end);
  // Taken, as it seems, under an id that cannot be read: its name tells.
  if (end.succeeded()) failure.kind = FailureKind::unreachable;
  const bool down = failure.kind == FailureKind::unreachable;
  if (down) state_.unreachable(failure.text, time_of_day(), Clock::now());
  if (!down && failure.kind != FailureKind::busy) failure.kind = FailureKind::refused;
  state_.not_submitted(mark, failure, Clock::now());
}

void PilotWorks::ask_pilots() {
  const auto asked = Clock::now();
  client_.run({"squeue", "--noheader", "--states=all", "--user=" + user_name(),
               std::string("--format=") + kPilotFormat},
              then([asked](PilotWorks& self, const CommandEnd& end) {
                if (!end.succeeded()) {
                  return self.state_.unreachable(failure_of("squeue", end).text, time_of_day(),
                                                 Clock::now());
                }
                const auto rows = parse_pilot_queue(end.output);
                for (const PilotRow& row : rows) {
                  const std::string mark = mark_of(row.name, self.prefix_);
                  if (!mark.empty()) self.ids_[mark] = row.id;
                }
                self.state_.queue_seen(rows, asked, Clock::now());
              }));
}

void PilotWorks::ask_nodes(const AskNodes& ask) {
  client_.run({"scontrol", "show", "hostnames", ask.nodes},
              then([mark = ask.mark](PilotWorks& self, const CommandEnd& end) {
                self.state_.nodes_seen(mark, end.succeeded() ? parse_node_names(end.output)
                                                             : std::vector<std::string>());
              }));
}

void PilotWorks::ask_steps(const AskSteps& ask) {
  client_.run({"squeue", "--noheader", "--steps", "--jobs=" + ask.id,
               std::string("--format=") + kStepFormat},
              then([ask](PilotWorks& self, const CommandEnd& end) {
                if (end.succeeded()) {
                  return self.state_.steps_seen(ask.mark, parse_steps(end.output, ask.id),
                                                Clock::now());
                }
                self.state_.steps_seen(ask.mark, std::nullopt, Clock::now());
                const CommandFailure failure = failure_of("squeue", end);
                if (failure.kind == FailureKind::unreachable) {
                  self.state_.unreachable(failure.text, time_of_day(), Clock::now());
                }
              }));
}

void PilotWorks::cancel_pilots(std::vector<std::string> ids) {
  std::vector<std::string> words{"scancel"};
  words.insert(words.end(), ids.begin(), ids.end());
  client_.run(std::move(words), then([ids](PilotWorks& self, const CommandEnd& end) {
                if (end.succeeded()) return;
                const CommandFailure failure = failure_of("scancel", end);
                if (failure.kind != FailureKind::unreachable) return;  // It had ended.
                self.state_.cancel_failed(ids);
                self.state_.unreachable(failure.text, time_of_day(), Clock::now());
              }));
}

/// Without --unbuffered, which puts a terminal between a worker and its output: lines go out line
/// by line in any case.
std::vector<std::string> PilotWorks::srun_words(const StartWorker& start) const {
  const int cpus = slots_per_node(options_.pilot, most_jobs_) * resources_.cpus;
  return {"srun",
          "--jobid=" + start.id,
          "--nodes=1",
          "--ntasks=1",
          "--nodelist=" + start.worker.node,
          "--overlap",
          "--mem=0",
          fmt::format("--cpus-per-task={}", cpus),
          fmt::format("--job-name={}", kWorkerStep),
          "--chdir=" + pilots_.folder.string(),
          program_,
          "worker"};
}

WorkerSetup PilotWorks::setup_of(const StartWorker& start) const {
  WorkerSetup setup;
  // Workers of one node follow each other in one folder, and find each other's leftovers by that.
  setup.run_id = run_id_ + "/" + start.worker.pilot + "/" + start.worker.node;
  setup.folder = pilots_.worker(start.worker.pilot, start.worker.node);
  setup.slots = start.slots;
  setup.cpus = resources_.cpus;
  setup.lease = options_.pilot.lease;
  setup.grace = options_.pilot.grace;
  setup.warm = options_.container == Container::none ? options_.pilot.warm : WarmStarts::never;
  if (!activation_script(options_).empty()) setup.activate_script = pilots_.activation().string();
  setup.env_passthrough = options_.env_passthrough;
  setup.numeric_threads = options_.numeric_threads_per_job.value_or(resources_.cpus);
  return setup;
}

void PilotWorks::start_worker(const StartWorker& start) {
  const WorkerKey worker = start.worker;
  WorkerLink::Handlers handlers;
  handlers.heard = [weak = weak_from_this(), worker](FromWorker message) {
    if (const auto self = weak.lock()) self->hear(worker, std::move(message));
  };
  handlers.ended = [weak = weak_from_this(), worker](const std::string& why) {
    const auto self = weak.lock();
    if (!self || !self->outbox_) return;
    self->links_.erase(worker);
    self->state_.worker_ended(worker, why, Clock::now());
    self->pump();
  };
  failpoint("slurm.before_step");
  auto link = WorkerLink::start(io_, watcher_, srun_words(start), environment_,
                                pilots_.worker(worker.pilot, worker.node).string() + ".err",
                                std::move(handlers));
  if (!link) return state_.worker_ended(worker, link.error().message, Clock::now());
  failpoint("slurm.after_step");
  (*link)->say(setup_of(start));
  links_[worker] = std::move(*link);
}

}  // namespace genesis::launch::slurm
