// The launcher's contract over a real SLURM cluster, one for all cases.
#include "genesis/base/home.h"
#include "launch/slurm/slurm_launcher.h"
#include "launcher_subjects.h"
#include "slurm_cluster.h"

namespace genesis::launch {

namespace {

SlurmCluster& cluster() {
  static SlurmCluster one({"--nodes", "2", "--cpus", "8"});
  return one;
}

class SlurmSubject final : public LauncherSubject {
 public:
  explicit SlurmSubject(slurm::Mode mode) : mode_(mode) {}
  std::string unavailable_reason() const override { return cluster().unavailable(); }

  std::unique_ptr<Launcher> make(const LauncherContext& context) override {
    slurm::SlurmOptions options;
    options.mode = mode_;
    options.batch_window = std::chrono::milliseconds{100};
    options.pilot.idle = std::chrono::seconds{5};  // For those that nobody closes.
    options.pilot.grace = std::chrono::seconds{1};
    options.probe = false;  // Of each case anew; slurm_command_test.py is about it.
    auto made = make_slurm_launcher(options, context);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  void set_command(Behaviour behaviour, JobSpec& spec) override {
    const char* script = "";
    switch (behaviour) {
      case Behaviour::succeed:
        script =
            "cd '{results}' && printf '{\"combined_score\": 1}' > metrics.json && "
            "printf '{\"correct\": true}' > correct.json && "
            "printf %s \"$GENESIS_ATTEMPT_TOKEN\" > token";
        break;
      case Behaviour::fail:
        script = "exit 3";
        break;
      case Behaviour::crash:
        script = "kill -SEGV $$";
        break;
      case Behaviour::block:
        script = "exec sleep 3600";
        break;
    }
    spec.argv = {"/bin/sh", "-c", script};
  }
  int many_jobs() const override { return 10; }
  int few_jobs() const override { return 4; }
  std::string fixed_capacity_reason() const override {
    return "the capacity follows SLURM's limits: the tracker's unit tests show that";
  }

 private:
  slurm::Mode mode_;
};

}  // namespace

std::vector<LauncherKind> launcher_kinds() {
  return {{"Slurm", [] { return std::make_unique<SlurmSubject>(slurm::Mode::job); }},
          {"SlurmArrays", [] { return std::make_unique<SlurmSubject>(slurm::Mode::array); }},
          {"SlurmPilots", [] { return std::make_unique<SlurmSubject>(slurm::Mode::pilot); }}};
}

}  // namespace genesis::launch
