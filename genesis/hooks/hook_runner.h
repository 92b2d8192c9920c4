#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/events/announcement.h"
#include "genesis/hooks/hook_config.h"
#include "genesis/hooks/hook_text.h"

namespace genesis::hooks {

/// What became of a hook's deliveries.
struct HookCounts {
  std::string hook;
  std::int64_t delivered = 0;
  std::int64_t failed = 0;    ///< After all tries.
  std::int64_t left_out = 0;  ///< Improvements that a later one replaced; events without room.
  std::string last_failure;
};

/// Tells hooks of events: each hook one at a time, in order, by its command or webhook, with a
/// deadline. Never waits and never fails its caller; what hooks write goes to a log. I/O thread.
class HookRunner {
 public:
  struct Setup {
    std::vector<HookConfig> hooks;
    RunIdentity run;
    std::filesystem::path log_file;
    std::function<void(std::string text)> notice;  ///< A hook has begun to fail, or works again.
  };

  /// `io` and `clock` are borrowed. Reads the environment variables that hooks name: a hook whose
  /// variable is not set fails, and says so.
  HookRunner(boost::asio::io_context& io, const Clock& clock, Setup setup);
  ~HookRunner();
  HookRunner(const HookRunner&) = delete;
  HookRunner& operator=(const HookRunner&) = delete;

  void tell(const events::Announcement& event);
  /// The run is over: calls `done` from the loop once everything is delivered or given up, `most`
  /// from now at the latest (and a moment for what must be ended). Call once; nothing is told
  /// afterwards.
  void finish(std::chrono::milliseconds most, std::function<void()> done);
  /// Does not wait any longer for what finish() waits for.
  void give_up();
  std::vector<HookCounts> counts() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// "hooks: slack 3 delivered, 1 failed (HTTP status 500)"; empty when nothing was told.
std::string describe(const std::vector<HookCounts>& counts);

}  // namespace genesis::hooks
