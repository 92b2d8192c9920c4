#include "launch/local/job_processes.h"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <thread>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "launch/local/descriptor_limit.h"
#include "launch/local/gpus.h"
#include "launch/local/staging.h"

namespace genesis::launch {

using process::ProcessId;
using process::ResourceLimit;

/// A job's processes where no cgroup holds them together.
class JobProcesses::FamilyTree final : public process::JobTree {
 public:
  FamilyTree(const JobProcesses& owner, ProcessId leader, std::string token)
      : owner_(&owner), leader_(leader), token_(std::move(token)) {}

  void signal_all(int signal) override {
    for (const ProcessId& member : members()) process::signal_process(member, signal);
  }
  void kill_all() override {
    // What forks between the look and the signal shows up at the next look.
    constexpr int kRounds = 8;
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<ProcessId> found = members();
      if (found.empty()) return;
      for (const ProcessId& member : found) process::signal_process(member, SIGKILL);
    }
  }
  bool empty() override { return members().empty(); }

 private:
  std::vector<ProcessId> members() const {
    return owner_->family_->members(leader_, token_, owner_->oldest_start_except(leader_));
  }

  const JobProcesses* owner_;
  ProcessId leader_;
  std::string token_;
};

JobProcesses::JobProcesses(LocalOptions options, const LauncherContext& context,
                           const process::ChildWatcher& watcher)
    : options_(std::move(options)),
      run_id_(context.run_id),
      run_dir_(context.run_dir),
      parallel_jobs_(context.max_parallel_jobs),
      watcher_(&watcher) {}

JobProcesses::~JobProcesses() = default;

Status JobProcesses::open() {
  raise_descriptor_limit();
  boot_id_ = process::boot_id();
  GENESIS_TRY_ASSIGN(family_, process::ProcessFamily::open(random_hex(24), *watcher_));
  prepare_resources();
  return prepare_environment();
}

void JobProcesses::prepare_resources() {
  gpu_names_ =
      options_.gpu_ids.empty() ? find_gpus(std::getenv("CUDA_VISIBLE_DEVICES")) : options_.gpu_ids;
  std::vector<int> gpu_indexes(gpu_names_.size());
  std::iota(gpu_indexes.begin(), gpu_indexes.end(), 0);
  gpus_.emplace(std::move(gpu_indexes));
  std::vector<int> cpu_numbers;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (options_.pin_cpus && ::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<unsigned>(cpu), &allowed)) cpu_numbers.push_back(cpu);
    }
  }
  cpus_.emplace(std::move(cpu_numbers));
}

void JobProcesses::close() {}

Capabilities JobProcesses::capabilities() const {
  Capabilities capabilities;
  capabilities.shares_file_system = true;
  capabilities.enforces_memory = true;
  capabilities.enforces_process_count = true;
  return capabilities;
}

Status JobProcesses::prepare_environment() {
  Environment source = own_environment();
  environment_ = allowed_environment(source, options_.env_passthrough);
  std::string activation;
  if (!options_.conda_env.empty()) activation = conda_activation(options_.conda_env);
  if (!options_.activate_script.empty()) activation = script_activation(options_.activate_script);
  if (!activation.empty()) {
    GENESIS_TRY_ASSIGN(environment_, environment_after(activation, environment_));
  }
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  set_numeric_threads(
      environment_, options_.numeric_threads_per_job.value_or(std::max(1, cores / parallel_jobs_)));
  environment_.insert_or_assign("PYTHONUNBUFFERED", std::string("1"));
  environment_.insert_or_assign("PYTHONIOENCODING", std::string("utf-8"));
  environment_[std::string(process::kLaunchIdVariable)] = family_->id();
  environment_[std::string(process::kRunIdVariable)] = run_id_;
  return {};
}

std::vector<std::string> JobProcesses::environment_of(const LocalJob& job) const {
  Environment environment = environment_;
  for (const auto& [name, value] : job.spec.environment) {
    environment[name] = substitute_folders(value, job.spec.work_dir);
  }
  environment[std::string(process::kTokenVariable)] = job.spec.token;
  environment[std::string(process::kWorkDirVariable)] = job.spec.work_dir.string();
  if (!job.gpus.members().empty()) {
    std::vector<std::string> names;
    for (const int gpu : job.gpus.members())
      names.push_back(gpu_names_[static_cast<std::size_t>(gpu)]);
    environment["CUDA_VISIBLE_DEVICES"] = join(names, ",");
  }
  return to_entries(environment);
}

std::vector<ResourceLimit> JobProcesses::limits_of(const JobSpec& spec) const {
  std::vector<ResourceLimit> limits;
  limits.push_back({RLIMIT_CORE, 0, 0});
  limits.push_back(original_descriptor_limit());
  if (family_->mark()) limits.push_back(*family_->mark());
  if (spec.limits.file_bytes) {
    limits.push_back({RLIMIT_FSIZE, *spec.limits.file_bytes, *spec.limits.file_bytes});
  }
  if (spec.limits.cpu_time) {
    // Whole seconds, rounded up; TERM's cousin XCPU first, KILL a second later.
    const auto seconds = static_cast<rlim_t>((spec.limits.cpu_time->count() + 999) / 1000);
    limits.push_back({RLIMIT_CPU, seconds, seconds + 1});
  }
  if (spec.limits.memory_bytes) {
    // Private writable memory: unlike RLIMIT_AS it does not count what runtimes merely reserve.
    limits.push_back({RLIMIT_DATA, *spec.limits.memory_bytes, *spec.limits.memory_bytes});
  }
  if (spec.limits.processes) {
    limits.push_back({RLIMIT_NPROC, *spec.limits.processes, *spec.limits.processes});
  }
  // Never above what this process has itself: raising a hard limit is not ours to do.
  for (ResourceLimit& limit : limits) {
    rlimit own{};
    if (::getrlimit(static_cast<__rlimit_resource>(limit.resource), &own) != 0) continue;
    limit.hard = std::min(limit.hard, own.rlim_max);
    limit.soft = std::min(limit.soft, limit.hard);
  }
  return limits;
}

bool JobProcesses::take_resources(LocalJob& job) {
  const auto wanted = static_cast<std::size_t>(std::max(0, job.spec.resources.gpus));
  auto gpus = gpus_->take(std::min(wanted, gpus_->size()));
  if (!gpus) return false;
  const auto cpu_count = static_cast<std::size_t>(std::max(1, job.spec.resources.cpus));
  auto cpus = cpus_->take(options_.pin_cpus ? std::min(cpu_count, cpus_->size()) : 0);
  if (!cpus) return false;
  job.gpus = std::move(*gpus);
  job.cpus = std::move(*cpus);
  return true;
}

Result<process::Child> JobProcesses::start(LocalJob& job) {
  const JobSpec& spec = job.spec;
  if (spec.argv.empty()) return make_error(ErrorKind::invalid_argument, "the job has no command");
  if (static_cast<std::size_t>(std::max(0, spec.resources.gpus)) > job.gpus.members().size()) {
    return make_error(
        ErrorKind::unsupported,
        fmt::format("the job wants {} GPUs, this machine has {} (CUDA_VISIBLE_DEVICES, "
                    "/dev/nvidia*)",
                    spec.resources.gpus, gpus_->size()));
  }
  process::SpawnSpec start;
  for (const std::string& argument : spec.argv) {
    start.argv.push_back(substitute_folders(argument, spec.work_dir));
  }
  start.environment = environment_of(job);
  const auto own_path = spec.environment.find("PATH");
  const auto path = environment_.find("PATH");
  GENESIS_TRY_ASSIGN(
      start.executable,
      process::find_executable(start.argv[0], own_path != spec.environment.end() ? own_path->second
                                              : path != environment_.end()       ? path->second
                                                                           : "/usr/bin:/bin"));
  start.working_directory = spec.work_dir.string();
  const std::string results = fmt::format("{}/{}", start.working_directory, kResultsFolder);
  start.stdout_path = results + "/job_log.out";
  start.stderr_path = results + "/job_log.err";
  start.limits = limits_of(spec);
  start.cpus = job.cpus.members();
  auto child = process::spawn(start);
  if (!child) return child;
  const auto stat = process::read_stat(child->pid);
  job.leader = {child->pid, stat ? stat->id.start_ticks : 0};
  job.tree = std::make_unique<FamilyTree>(*this, job.leader, spec.token);
  running_.push_back(job.leader);
  return child;
}

void JobProcesses::read_usage(const LocalJob&, JobEndFacts&) const {}

void JobProcesses::give_back(LocalJob& job) {
  std::erase(running_, job.leader);
  job.end.reset();
  job.tree.reset();
  job.gpus.release();
  job.cpus.release();
  job.slot.release();
}

std::uint64_t JobProcesses::oldest_start_except(const ProcessId& leader) const {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (const ProcessId& other : running_) {
    if (other != leader) oldest = std::min(oldest, other.start_ticks);
  }
  return oldest;
}

std::string JobProcesses::ref_text(const LocalJob& job) const {
  return fmt::format("1 pid={} start={} boot={}", job.leader.pid, job.leader.start_ticks, boot_id_);
}

namespace {

/// "1 pid=12 start=345 boot=…"; absent for anything else.
struct ParsedRef {
  ProcessId leader;
  std::string boot;
};

std::optional<ParsedRef> parse_ref(const std::string& text) {
  ParsedRef parsed;
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.size() < 4 || words[0] != "1") return std::nullopt;
  const auto number_after = [](std::string_view word, std::string_view key, auto& out) {
    if (!word.starts_with(key)) return false;
    word.remove_prefix(key.size());
    return std::from_chars(word.data(), word.data() + word.size(), out).ec == std::errc();
  };
  if (!number_after(words[1], "pid=", parsed.leader.pid) ||
      !number_after(words[2], "start=", parsed.leader.start_ticks) ||
      !words[3].starts_with("boot=")) {
    return std::nullopt;
  }
  parsed.boot = words[3].substr(5);
  return parsed;
}

JobOutcome lost(std::string why) {
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::lost;
  outcome.detail = std::move(why);
  return outcome;
}

/// The processes of an attempt that an earlier runner started: its leader's tree, and whoever else
/// on the machine names its token.
class LeftoverTree final : public process::JobTree {
 public:
  LeftoverTree(ProcessId leader, std::string token) : leader_(leader), token_(std::move(token)) {}
  void signal_all(int signal) override {
    for (const ProcessId& member : members()) process::signal_process(member, signal);
  }
  void kill_all() override { signal_all(SIGKILL); }
  bool empty() override { return members().empty(); }

 private:
  std::vector<ProcessId> members() const {
    std::vector<ProcessId> roots{leader_};
    for (const pid_t pid : process::all_processes()) {
      const std::string environment = process::read_environment(pid);
      if (process::environment_value(environment, process::kTokenVariable) != token_) continue;
      if (const auto stat = process::read_stat(pid)) roots.push_back(stat->id);
    }
    return process::with_descendants(roots);
  }
  ProcessId leader_;
  std::string token_;
};

}  // namespace

Attached JobProcesses::find_again(const JobSpec& spec, const std::optional<JobRef>& ref) const {
  Attached attached;
  const auto parsed = ref ? parse_ref(ref->text) : std::nullopt;
  if (!parsed) {
    attached.outcome =
        lost(ref ? "its reference cannot be read" : "it was not started before its runner ended");
    return attached;
  }
  if (parsed->boot != boot_id_) {
    attached.outcome = lost("the machine was restarted");
    return attached;
  }
  auto tree = std::make_unique<LeftoverTree>(parsed->leader, spec.token);
  if (!tree->empty()) {
    attached.tree = std::move(tree);
    return attached;
  }
  std::error_code failure;
  const bool was_ended = std::filesystem::exists(spec.work_dir / kEndedMarker, failure);
  if (was_ended || !has_complete_outputs(spec)) {
    attached.outcome =
        lost(was_ended ? "ended with its runner" : "it ended without complete results");
    return attached;
  }
  attached.outcome.kind = JobOutcomeKind::exited;
  attached.outcome.detail = "collected after its runner had ended";
  return attached;
}

}  // namespace genesis::launch
