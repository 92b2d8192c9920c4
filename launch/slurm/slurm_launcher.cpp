#include "launch/slurm/slurm_launcher.h"

#include <fmt/format.h>

#include "launch/slurm/pilot_works.h"
#include "launch/slurm/works.h"

namespace genesis::launch {

namespace {

/// A front of what may outlive it for a moment: both ways to run have the same calls.
template <typename Core>
class SlurmLauncher final : public Launcher {
 public:
  SlurmLauncher(std::shared_ptr<Core> works, Capabilities capabilities)
      : works_(std::move(works)), capabilities_(capabilities) {}
  ~SlurmLauncher() override { works_->abandon(); }
  SlurmLauncher(const SlurmLauncher&) = delete;
  SlurmLauncher& operator=(const SlurmLauncher&) = delete;

  std::string_view name() const override { return "slurm"; }
  Capabilities capabilities() const override { return capabilities_; }
  Status open(EventSink sink) override { return works_->open(std::move(sink)); }
  void submit(JobSpec spec) override { works_->submit(std::move(spec)); }
  void reattach(Reattach job) override { works_->reattach(std::move(job)); }
  void cancel(std::string_view token) override { works_->cancel(std::string(token)); }
  void take_back(std::string_view token) override { works_->take_back(std::string(token)); }
  void drain() override { works_->drain(); }
  void close(std::chrono::milliseconds deadline, std::function<void()> done) override {
    works_->close(deadline, std::move(done));
  }

 private:
  std::shared_ptr<Core> works_;
  Capabilities capabilities_;
};

Capabilities capabilities_of(slurm::Mode mode) {
  const bool pilot = mode == slurm::Mode::pilot;
  Capabilities capabilities;
  capabilities.shares_file_system = true;
  capabilities.survives_runner = true;
  // Each job is one of SLURM's. A pilot's are not: a worker that lost its runner ends them, and
  // what holds the allocation is on the disk before sbatch is asked.
  capabilities.effects_outside_machine = !pilot;
  capabilities.prepares_ahead = pilot;
  capabilities.enforces_memory = pilot;
  capabilities.enforces_process_count = pilot;
  return capabilities;
}

}  // namespace

Result<std::unique_ptr<Launcher>> make_slurm_launcher(slurm::SlurmOptions options,
                                                      const LauncherContext& context) {
  if (context.io == nullptr || context.max_parallel_jobs < 1) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("make the SLURM launcher: max_parallel_jobs is {}, it must be 1 or more",
                    context.max_parallel_jobs));
  }
  const Capabilities capabilities = capabilities_of(options.mode);
  if (options.mode == slurm::Mode::pilot) {
    return std::make_unique<SlurmLauncher<slurm::PilotWorks>>(
        std::make_shared<slurm::PilotWorks>(std::move(options), context), capabilities);
  }
  return std::make_unique<SlurmLauncher<slurm::Works>>(
      std::make_shared<slurm::Works>(std::move(options), context), capabilities);
}

}  // namespace genesis::launch
