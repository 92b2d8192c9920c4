#include "launch/slurm/slurm_launcher.h"

#include <fmt/format.h>

#include "launch/slurm/works.h"

namespace genesis::launch {

namespace {

class SlurmLauncher final : public Launcher {
 public:
  explicit SlurmLauncher(std::shared_ptr<slurm::Works> works) : works_(std::move(works)) {}
  ~SlurmLauncher() override { works_->abandon(); }
  SlurmLauncher(const SlurmLauncher&) = delete;
  SlurmLauncher& operator=(const SlurmLauncher&) = delete;

  std::string_view name() const override { return "slurm"; }
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.shares_file_system = true;
    capabilities.survives_runner = true;
    capabilities.effects_outside_machine = true;
    return capabilities;
  }
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
  std::shared_ptr<slurm::Works> works_;
};

}  // namespace

Result<std::unique_ptr<Launcher>> make_slurm_launcher(slurm::SlurmOptions options,
                                                      const LauncherContext& context) {
  if (context.io == nullptr || context.max_parallel_jobs < 1) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("make the SLURM launcher: max_parallel_jobs is {}, it must be 1 or more",
                    context.max_parallel_jobs));
  }
  return std::make_unique<SlurmLauncher>(
      std::make_shared<slurm::Works>(std::move(options), context));
}

}  // namespace genesis::launch
