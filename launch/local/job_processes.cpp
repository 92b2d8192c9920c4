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

#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/process/leftovers.h"
#include "launch/local/descriptor_limit.h"
#include "launch/local/gpus.h"
#include "launch/staging.h"

namespace genesis::launch {

using process::ProcessId;
using process::ResourceLimit;

namespace {

/// There while a local launcher of the run is open: what finds it at open comes after a crash.
constexpr const char* kTraceFile = ".genesis/local_jobs_running";

}  // namespace

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

/// A job's processes as its slot's cgroup knows them.
class JobProcesses::CgroupTree final : public process::JobTree {
 public:
  CgroupTree(const JobProcesses& owner, process::CgroupSlot& slot) : owner_(&owner), slot_(&slot) {}

  void signal_all(int signal) override { slot_->signal_all(signal); }
  void kill_all() override { slot_->kill_all(); }
  bool empty() override {
    if (!slot_->empty()) return false;
    owner_->reap_orphans(slot_->limits_processes());
    return true;
  }

 private:
  const JobProcesses* owner_;
  process::CgroupSlot* slot_;
};

JobProcesses::JobProcesses(LocalOptions options, const LauncherContext& context,
                           process::ChildWatcher& watcher, std::function<void(std::string)> notice,
                           std::function<void()> warm_ready)
    : options_(std::move(options)),
      run_id_(context.run_id),
      run_dir_(context.run_dir),
      parallel_jobs_(context.max_parallel_jobs),
      io_(*context.io),
      watcher_(&watcher),
      notice_(std::move(notice)),
      warm_ready_(std::move(warm_ready)) {}

JobProcesses::~JobProcesses() = default;

Status JobProcesses::open() {
  raise_descriptor_limit();
  boot_id_ = process::boot_id();
  GENESIS_TRY_ASSIGN(family_, process::ProcessFamily::open(random_hex(24), *watcher_));
  end_earlier_jobs();
  GENESIS_TRY(prepare_cgroups());
  process::GuardPlan plan;
  plan.launch_id = family_->id();
  plan.mark = family_->mark();
  if (cgroups_) plan.cgroups = cgroups_->folders();
  GENESIS_TRY_ASSIGN(auto guard, process::Guard::start(plan));
  guard_.emplace(std::move(guard));
  prepare_resources();
  GENESIS_TRY(prepare_environment());
  warm_ = std::make_unique<WarmPool>(io_, *watcher_, warm_settings(), notice_, warm_ready_);
  family_->expect_leaders([this] { return warm_ && warm_->pending() > 0; });
  return {};
}

WarmPool::Settings JobProcesses::warm_settings() const {
  WarmPool::Settings settings;
  settings.mode = options_.warm;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  settings.most_servers = std::min(parallel_jobs_, cores);
  if (!run_dir_.empty()) settings.log_folder = run_dir_ / ".genesis";
  settings.limits = {{RLIMIT_CORE, 0, 0}, original_descriptor_limit()};
  if (family_->mark()) settings.limits.push_back(*family_->mark());
  return settings;
}

/// Jobs of an earlier runner of this run that its guard has not got to yet.
void JobProcesses::end_earlier_jobs() {
  if (run_dir_.empty() || run_id_.empty()) return;
  const std::filesystem::path trace = run_dir_ / kTraceFile;
  std::error_code failure;
  const bool was_here = std::filesystem::exists(trace, failure);
  if (was_here) {
    process::LeftoverMatch match;
    match.variable = std::string(process::kRunIdVariable);
    match.value = run_id_;
    const int ended = process::end_leftovers(match, std::chrono::seconds{5});
    if (ended > 0) log::info("local: ended {} processes of an earlier runner", ended);
    return;
  }
  // Best effort: without the trace only the guard of this runner looks after its jobs.
  if (!make_directories(trace.parent_path()) || !write_file(trace, run_id_)) {
    log::warning("local: cannot write {}", trace.string());
  }
}

Status JobProcesses::prepare_cgroups() {
  if (options_.use_cgroups) cgroup_support_ = process::find_cgroups();
  if (!cgroup_support_.any()) return {};
  auto opened = process::CgroupRun::open(cgroup_support_);
  if (opened) {
    cgroups_ = std::move(*opened);
  } else {
    log::info("local: no cgroups: {}", opened.error().message);
    cgroup_support_ = {};
  }
  return {};
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

void JobProcesses::close() {
  if (warm_) warm_->close();
  if (guard_) guard_->dismiss();
  guard_.reset();
  cgroups_.reset();
  if (family_) family_->adopted();
  std::error_code failure;
  if (!run_dir_.empty()) std::filesystem::remove(run_dir_ / kTraceFile, failure);
}

Capabilities JobProcesses::capabilities() const {
  Capabilities capabilities;
  capabilities.shares_file_system = true;
  capabilities.prepares_ahead = true;
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

Environment JobProcesses::environment_of(const LocalJob& job) const {
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
  return environment;
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
  if (spec.limits.memory_bytes && !cgroup_support_.limits_memory()) {
    // Private writable memory: unlike RLIMIT_AS it does not count what runtimes merely reserve.
    limits.push_back({RLIMIT_DATA, *spec.limits.memory_bytes, *spec.limits.memory_bytes});
  }
  if (spec.limits.processes && !cgroup_support_.limits_processes()) {
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

Status JobProcesses::check(const LocalJob& job) const {
  const JobSpec& spec = job.spec;
  if (spec.argv.empty()) return make_error(ErrorKind::invalid_argument, "the job has no command");
  if (spec.isolation != Isolation::none) {
    return make_error(ErrorKind::unsupported, "the local launcher has no isolation yet; use none");
  }
  if (static_cast<std::size_t>(std::max(0, spec.resources.gpus)) > job.gpus.members().size()) {
    return make_error(
        ErrorKind::unsupported,
        fmt::format("the job wants {} GPUs, this machine has {} (CUDA_VISIBLE_DEVICES, "
                    "/dev/nvidia*)",
                    spec.resources.gpus, gpus_->size()));
  }
  return {};
}

Result<std::string> JobProcesses::program_of(const JobSpec& spec) {
  const auto own_path = spec.environment.find("PATH");
  const auto path = environment_.find("PATH");
  return executable_of(substitute_folders(spec.argv[0], spec.work_dir),
                       own_path != spec.environment.end() ? own_path->second
                       : path != environment_.end()       ? path->second
                                                          : "/usr/bin:/bin");
}

Result<process::CgroupSlot*> JobProcesses::fill(process::SpawnSpec& start, const LocalJob& job) {
  const JobSpec& spec = job.spec;
  start.working_directory = (spec.cwd.empty() ? spec.work_dir : spec.cwd).string();
  const std::string results = fmt::format("{}/{}", spec.work_dir.string(), kResultsFolder);
  start.stdout_path = results + "/job_log.out";
  start.stderr_path = results + "/job_log.err";
  start.limits = limits_of(spec);
  start.cpus = job.cpus.members();
  GENESIS_TRY_ASSIGN(process::CgroupSlot * slot, prepare_slot(job));
  if (slot != nullptr) {
    start.cgroup_fd = slot->unified_fd();
    start.join_fds = slot->join_fds();
  }
  return slot;
}

void JobProcesses::adopt(LocalJob& job, const process::Child& child, process::CgroupSlot* slot) {
  job.leader = {child.pid, child.start_ticks};
  if (slot != nullptr) {
    job.tree = std::make_unique<CgroupTree>(*this, *slot);
  } else {
    job.tree = std::make_unique<FamilyTree>(*this, job.leader, job.spec.token);
  }
  running_.push_back(job.leader);
}

Result<process::Child> JobProcesses::start(LocalJob& job) {
  GENESIS_TRY(check(job));
  process::SpawnSpec start;
  for (const std::string& argument : job.spec.argv) {
    start.argv.push_back(substitute_folders(argument, job.spec.work_dir));
  }
  start.environment = to_entries(environment_of(job));
  GENESIS_TRY_ASSIGN(start.executable, program_of(job.spec));
  GENESIS_TRY_ASSIGN(process::CgroupSlot * slot, fill(start, job));
  auto child = process::spawn(start);
  if (child) adopt(job, *child, slot);
  return child;
}

// Jobs of a run have the same command. Should the file go away, execve says so.
Result<std::string> JobProcesses::executable_of(const std::string& name, const std::string& path) {
  if (name != found_name_ || path != found_path_ || found_.empty()) {
    GENESIS_TRY_ASSIGN(found_, process::find_executable(name, path));
    found_name_ = name;
    found_path_ = path;
  }
  return found_;
}

// Zombies hold nothing but their number, so they may gather for a moment, unless numbers are what
// the slot's next job may run out of.
void JobProcesses::reap_orphans(bool now_at_once) const {
  const auto now = std::chrono::steady_clock::now();
  if (!now_at_once && now < next_reaping_) return;
  next_reaping_ = now + std::chrono::milliseconds{50};
  family_->adopted();
}

Result<process::CgroupSlot*> JobProcesses::prepare_slot(const LocalJob& job) {
  if (!cgroups_) return nullptr;
  GENESIS_TRY_ASSIGN(process::CgroupSlot * slot, cgroups_->slot_for_next(job.slot.members().at(0)));
  GENESIS_TRY(slot->prepare(job.spec.limits.memory_bytes, job.spec.limits.processes));
  return slot;
}

void JobProcesses::read_usage(const LocalJob& job, JobEndFacts& facts) {
  if (!cgroups_ || job.slot.members().empty()) return;
  if (const auto slot = cgroups_->slot(job.slot.members()[0])) {
    facts.killed_for_memory = (*slot)->killed_for_memory();
    facts.peak_memory_bytes = (*slot)->peak_memory_bytes();
  }
}

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
  // A clone in the making runs too. What it is cannot be read yet: a fork server keeps itself from
  // being looked into, which only root may do all the same.
  for (const auto& [token, requested] : cloning_) oldest = std::min(oldest, requested);
  return oldest;
}

}  // namespace genesis::launch
