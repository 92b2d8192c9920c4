#include "launch/e2b/e2b_launcher.h"

#include <utility>

#include "launch/e2b/works.h"

namespace genesis::launch {

namespace {

class E2BLauncher final : public Launcher {
 public:
  explicit E2BLauncher(std::shared_ptr<e2b::Works> works) : works_(std::move(works)) {}
  ~E2BLauncher() override { works_->abandon(); }
  E2BLauncher(const E2BLauncher&) = delete;
  E2BLauncher& operator=(const E2BLauncher&) = delete;

  std::string_view name() const override { return "e2b"; }
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.survives_runner = true;
    capabilities.effects_outside_machine = true;
    return capabilities;
  }
  Status open(EventSink sink) override {
    works_->open(std::move(sink));
    return {};
  }
  void submit(JobSpec spec) override { works_->submit(std::move(spec)); }
  void reattach(Reattach job) override { works_->reattach(std::move(job)); }
  void cancel(std::string_view token) override { works_->cancel(std::string(token)); }
  void take_back(std::string_view token) override { works_->take_back(std::string(token)); }
  void drain() override { works_->drain(); }
  void close(std::chrono::milliseconds deadline, std::function<void()> done) override {
    works_->close(deadline, std::move(done));
  }

 private:
  std::shared_ptr<e2b::Works> works_;
};

}  // namespace

std::unique_ptr<Launcher> make_e2b_launcher(e2b::E2BOptions options, const LauncherContext& context,
                                            std::shared_ptr<e2b::Provider> provider,
                                            std::string notice) {
  return std::make_unique<E2BLauncher>(std::make_shared<e2b::Works>(
      std::move(options), context, std::move(provider), std::move(notice)));
}

}  // namespace genesis::launch
