#include "launcher_subjects.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "fake_provider.h"
#include "genesis/base/fd.h"
#include "genesis/base/home.h"
#include "genesis/process/spawn.h"
#include "launch/e2b/addressing.h"
#include "launch/e2b/e2b_launcher.h"
#include "launch/e2b/http_provider.h"
#include "launch/fake/fake_launcher.h"
#include "launch/inprocess/inprocess_launcher.h"
#include "launch/local/local_launcher.h"
#include "launch/shared/shared_pool.h"

namespace genesis::launch {

namespace {

const char* behaviour_name(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::succeed:
      return "succeed";
    case Behaviour::fail:
      return "fail";
    case Behaviour::crash:
      return "crash";
    case Behaviour::block:
      return "block";
  }
  return "";
}

/// `folder`: results on disk instead of inline.
class FakeSubject final : public LauncherSubject {
 public:
  explicit FakeSubject(bool folder) : folder_(folder) {}

  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    return make_with(context, nlohmann::json::object());
  }
  std::unique_ptr<Launcher> make_with_changing_capacity(const LauncherContext& context) override {
    return make_with(context, {{"slots", 1}, {"capacity", {{{"at", "2ms"}, {"slots", 2}}}}});
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    spec.argv = {"fake", behaviour_name(behaviour)};
    spec.inputs.push_back({"main.py", "x = 1", std::nullopt});
  }
  std::string token_file() const override { return "job_log.out"; }

 private:
  std::unique_ptr<Launcher> make_with(const LauncherContext& context, nlohmann::json options) {
    options["refs"] = {"token", "sandbox", "pid"};
    options["run_time"] = "1ms";
    options["jitter"] = 1;
    options["results_in_folder"] = folder_;
    options["rules"] = {{{"argument", "fail"}, {"exit_code", 3}},
                        {{"argument", "crash"}, {"outcome", "signalled"}},
                        {{"argument", "block"}, {"never_ends", true}}};
    return make_fake_launcher(context, read_fake_options(options, "job_config"));
  }

  bool folder_;
};

class InProcessSubject final : public LauncherSubject {
 public:
  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    return make_inprocess_launcher(*context.io, run, context.max_parallel_jobs);
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    spec.argv = {behaviour_name(behaviour)};
  }
  JobOutcomeKind crash_outcome() const override { return JobOutcomeKind::exited; }
  JobOutcomeKind reattached_finished() const override { return JobOutcomeKind::lost; }
  std::string fixed_capacity_reason() const override {
    return "in-process capacity changes only when a call is left behind: its unit tests show that";
  }

 private:
  static JobResults run(const JobSpec& spec, const StopFlag& stop) {
    const std::string& what = spec.argv.at(0);
    if (what == "fail") throw std::runtime_error("failed as asked");
    if (what == "crash") throw 3;  // Not even a std::exception.
    while (what == "block" && !stop.requested()) std::this_thread::yield();
    JobResults results;
    results.inline_files = {{"metrics.json", R"({"combined_score": 1})"},
                            {"correct.json", R"({"correct": true})"},
                            {"token", spec.token}};
    return results;
  }
};

const char* shell_script(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::succeed:
      return "cd '{results}' && printf '{\"combined_score\": 1}' > metrics.json && "
             "printf '{\"correct\": true}' > correct.json && "
             "printf %s \"$GENESIS_ATTEMPT_TOKEN\" > token";
    case Behaviour::fail:
      return "exit 3";
    case Behaviour::crash:
      return "kill -SEGV $$";
    case Behaviour::block:
      return "exec sleep 3600";
  }
  return "";
}

/// What comes back from elsewhere is what was asked for.
void set_sandbox_command(Behaviour behaviour, JobSpec& spec) {
  spec.argv = {"/bin/sh", "-c", shell_script(behaviour)};
  spec.outputs.push_back("token");
}

/// `cgroups` false: process trees are found without them, as on machines that have none.
class LocalSubject final : public LauncherSubject {
 public:
  explicit LocalSubject(bool cgroups) : cgroups_(cgroups) {}

  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    LocalOptions options;
    options.use_cgroups = cgroups_;
    auto made = make_local_launcher(options, context);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    spec.argv = {"/bin/sh", "-c", shell_script(behaviour)};
  }
  std::string fixed_capacity_reason() const override {
    return "the local launcher's capacity is fixed at opening";
  }

 private:
  bool cgroups_;
};

/// Sandboxes that are folders of this machine: the launcher without a wire.
class FakeSandboxSubject final : public LauncherSubject {
 public:
  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    e2b::E2BOptions options;
    options.folder = e2b::FakeProvider::kFolder;
    options.reuse = e2b::SandboxReuse::pooled;
    options.creates_per_second = 1000;
    return make_e2b_launcher(options, context, std::make_shared<e2b::FakeProvider>(*context.io));
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    set_sandbox_command(behaviour, spec);
  }
  int many_jobs() const override { return 100; }
  JobOutcomeKind reattached_finished() const override { return JobOutcomeKind::lost; }
  std::string fixed_capacity_reason() const override {
    return "the capacity follows the provider's limits: the pool's unit tests show that";
  }
};

/// The real wire: sandboxes of a `genesis sandboxd` that the subject starts.
class SandboxServerSubject final : public LauncherSubject {
 public:
  explicit SandboxServerSubject(bool pooled) : pooled_(pooled) {}
  ~SandboxServerSubject() override {
    if (server_.pid > 0) ::kill(server_.pid, SIGTERM);
    while (server_.pid > 0 && ::waitpid(server_.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    start_server();
    e2b::AddressSettings settings;
    settings.api_key = kKey;
    settings.api_url = settings.sandbox_url = url_;
    auto addressing = e2b::Addressing::from(settings);
    EXPECT_TRUE(addressing.has_value());
    e2b::E2BOptions options;
    options.reuse = pooled_ ? e2b::SandboxReuse::pooled : e2b::SandboxReuse::per_job;
    options.creates_per_second = 1000;
    auto provider = std::make_shared<e2b::HttpProvider>(*context.io, std::move(*addressing));
    return make_e2b_launcher(options, context, std::move(provider));
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    set_sandbox_command(behaviour, spec);
  }
  int many_jobs() const override { return pooled_ ? 50 : 20; }
  JobOutcomeKind reattached_finished() const override { return JobOutcomeKind::lost; }
  std::string fixed_capacity_reason() const override {
    return "the capacity follows the provider's limits: the pool's unit tests show that";
  }

 private:
  static constexpr const char* kKey = "e2b_0123456789abcdef0123456789abcdef01234567";

  void start_server() {
    if (!url_.empty()) return;
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    process::SpawnSpec spec;
    spec.executable = (executable_path().parent_path() / "genesis").string();
    // The streams that a launcher left open when it was destroyed are not waited for.
    const nlohmann::json config{{"stop_patience", "100ms"}, {"at_stop", "end"}};
    ASSERT_TRUE(write_file(state_.path() / "config.yaml", config.dump()).has_value());
    spec.argv = {"genesis",     "sandboxd",
                 "--api-key",   kKey,
                 "--state-dir", state_.path().string(),
                 "--listen",    "127.0.0.1:0",
                 "--config",    (state_.path() / "config.yaml").string()};
    spec.environment = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin"};
    spec.stdout_fd = write_end.get();
    spec.stderr_path = (state_.path() / "errors.log").string();
    auto started = process::spawn(spec);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    server_ = std::move(*started);
    write_end.reset();
    std::string line;
    for (char letter = 0; ::read(read_end.get(), &letter, 1) == 1 && letter != '\n';)
      line += letter;
    const auto ready = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(ready.is_object()) << read_file(state_.path() / "errors.log").value_or("no log");
    url_ = ready["url"].get<std::string>();
  }

  bool pooled_;
  TempDir state_{"sandboxd"};
  process::Child server_;
  std::string url_;
};

/// A member of a shared pool over another subject's launcher, beside a member that does nothing.
class SharedSubject final : public LauncherSubject {
 public:
  explicit SharedSubject(std::unique_ptr<LauncherSubject> inner) : inner_(std::move(inner)) {}

  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    drop_pool();
    return share(context, inner_->make(context));
  }
  std::unique_ptr<Launcher> make_with_changing_capacity(const LauncherContext& context) override {
    drop_pool();
    return share(context, inner_->make_with_changing_capacity(context));
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    inner_->set_command(behaviour, spec);
  }
  std::string token_file() const override { return inner_->token_file(); }
  JobOutcomeKind crash_outcome() const override { return inner_->crash_outcome(); }
  JobOutcomeKind reattached_finished() const override { return inner_->reattached_finished(); }
  std::string fixed_capacity_reason() const override { return inner_->fixed_capacity_reason(); }

 private:
  void drop_pool() {
    neighbour_.reset();
    pool_.reset();
  }
  std::unique_ptr<Launcher> share(const LauncherContext& context,
                                  std::unique_ptr<Launcher> backend) {
    pool_ = std::make_unique<SharedPool>(*context.io, std::move(backend));
    neighbour_ = pool_->join(context.max_parallel_jobs);
    EXPECT_TRUE(neighbour_->open([](const Event&) {}).has_value());
    return pool_->join(context.max_parallel_jobs);
  }

  std::unique_ptr<LauncherSubject> inner_;
  std::unique_ptr<SharedPool> pool_;
  std::unique_ptr<Launcher> neighbour_;
};

template <typename Inner>
std::unique_ptr<LauncherSubject> shared(bool flag) {
  return std::make_unique<SharedSubject>(std::make_unique<Inner>(flag));
}

}  // namespace

std::vector<LauncherKind> launcher_kinds() {
  return {
      {"FakeInline", [] { return std::make_unique<FakeSubject>(false); }},
      {"FakeFolder", [] { return std::make_unique<FakeSubject>(true); }},
      {"InProcess", [] { return std::make_unique<InProcessSubject>(); }},
      {"Local", [] { return std::make_unique<LocalSubject>(true); }},
      {"LocalWithoutCgroups", [] { return std::make_unique<LocalSubject>(false); }},
      {"FakeSandboxes", [] { return std::make_unique<FakeSandboxSubject>(); }},
      {"Sandboxes", [] { return std::make_unique<SandboxServerSubject>(false); }},
      {"PooledSandboxes", [] { return std::make_unique<SandboxServerSubject>(true); }},
      {"SharedFakeInline", [] { return shared<FakeSubject>(false); }},
      {"SharedFakeFolder", [] { return shared<FakeSubject>(true); }},
      {"SharedInProcess",
       [] { return std::make_unique<SharedSubject>(std::make_unique<InProcessSubject>()); }},
      {"SharedLocal", [] { return shared<LocalSubject>(true); }},
  };
}

}  // namespace genesis::launch
