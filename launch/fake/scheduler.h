#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace genesis::launch {

/// Calls back later, in the order of due times (equal ones in the order of the calls). I/O thread;
/// never from inside `after`. What has not been called at destruction never is.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void after(std::chrono::milliseconds delay, std::function<void()> callback) = 0;
  /// Forgets everything that is due.
  virtual void clear() = 0;
};

/// Real time, on one Asio timer; keeps the context running while something is due.
std::unique_ptr<Scheduler> make_asio_scheduler(boost::asio::io_context& io);

/// Time that stands still until a test turns the hands.
class ManualScheduler final : public Scheduler {
 public:
  void after(std::chrono::milliseconds delay, std::function<void()> callback) override;
  void clear() override { due_.clear(); }
  /// Calls what falls due, including what those calls add within the span.
  void advance(std::chrono::milliseconds by);
  std::chrono::milliseconds now() const { return now_; }
  std::size_t pending() const { return due_.size(); }

 private:
  std::chrono::milliseconds now_{0};
  std::multimap<std::chrono::milliseconds, std::function<void()>> due_;
};

}  // namespace genesis::launch
