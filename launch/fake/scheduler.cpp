#include "launch/fake/scheduler.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

namespace genesis::launch {

namespace {

using std::chrono::steady_clock;

class AsioScheduler final : public Scheduler {
 public:
  explicit AsioScheduler(boost::asio::io_context& io) : timer_(io) {}

  void after(std::chrono::milliseconds delay, std::function<void()> callback) override {
    const auto when = steady_clock::now() + delay;
    due_.emplace(when, std::move(callback));
    if (!armed_for_ || when < *armed_for_) arm();
  }

  void clear() override {
    due_.clear();
    armed_for_.reset();
    timer_.cancel();
  }

 private:
  void arm() {
    if (due_.empty()) return;
    armed_for_ = due_.begin()->first;
    timer_.expires_at(*armed_for_);
    timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](const auto& error) {
      if (!error && !alive.expired()) fire();
    });
  }

  void fire() {
    armed_for_.reset();
    const auto now = steady_clock::now();
    const std::weak_ptr<int> alive(alive_);
    while (!due_.empty() && due_.begin()->first <= now) {
      const auto callback = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      callback();
      if (alive.expired()) return;
    }
    arm();
  }

  boost::asio::steady_timer timer_;
  std::multimap<steady_clock::time_point, std::function<void()>> due_;
  std::optional<steady_clock::time_point> armed_for_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

std::unique_ptr<Scheduler> make_asio_scheduler(boost::asio::io_context& io) {
  return std::make_unique<AsioScheduler>(io);
}

void ManualScheduler::after(std::chrono::milliseconds delay, std::function<void()> callback) {
  due_.emplace(now_ + delay, std::move(callback));
}

void ManualScheduler::advance(std::chrono::milliseconds by) {
  const auto until = now_ + by;
  while (!due_.empty() && due_.begin()->first <= until) {
    now_ = due_.begin()->first;
    const auto callback = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    callback();
  }
  now_ = until;
}

}  // namespace genesis::launch
