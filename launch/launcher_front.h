#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "launch/launcher.h"

namespace genesis::launch {

/// A launcher that is a front of what may outlive it for a moment: coroutines and commands that it
/// has begun hold its core. Core has Launcher's calls with tokens as strings, and abandon(), after
/// which it tells nobody anything.
template <typename Core>
class LauncherFront final : public Launcher {
 public:
  /// `name` is a literal.
  LauncherFront(std::string_view name, Capabilities capabilities, std::shared_ptr<Core> core)
      : name_(name), capabilities_(capabilities), core_(std::move(core)) {}
  ~LauncherFront() override { core_->abandon(); }
  LauncherFront(const LauncherFront&) = delete;
  LauncherFront& operator=(const LauncherFront&) = delete;

  std::string_view name() const override { return name_; }
  Capabilities capabilities() const override { return capabilities_; }
  Status open(EventSink sink) override { return core_->open(std::move(sink)); }
  void submit(JobSpec spec) override { core_->submit(std::move(spec)); }
  void reattach(Reattach job) override { core_->reattach(std::move(job)); }
  void cancel(std::string_view token) override { core_->cancel(std::string(token)); }
  void take_back(std::string_view token) override { core_->take_back(std::string(token)); }
  void drain() override { core_->drain(); }
  void close(std::chrono::milliseconds deadline, std::function<void()> done) override {
    core_->close(deadline, std::move(done));
  }

 private:
  std::string_view name_;
  Capabilities capabilities_;
  std::shared_ptr<Core> core_;
};

}  // namespace genesis::launch
