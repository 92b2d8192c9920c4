#include "launcher_subjects.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

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
    spec.argv = {"/bin/sh", "-c", script(behaviour)};
  }
  std::string fixed_capacity_reason() const override {
    return "the local launcher's capacity is fixed at opening";
  }

 private:
  static const char* script(Behaviour behaviour) {
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

  bool cgroups_;
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
      {"SharedFakeInline", [] { return shared<FakeSubject>(false); }},
      {"SharedFakeFolder", [] { return shared<FakeSubject>(true); }},
      {"SharedInProcess",
       [] { return std::make_unique<SharedSubject>(std::make_unique<InProcessSubject>()); }},
      {"SharedLocal", [] { return shared<LocalSubject>(true); }},
  };
}

}  // namespace genesis::launch
