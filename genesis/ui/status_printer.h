#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/ui/console.h"
#include "genesis/ui/status.h"

namespace genesis {

enum class Verbosity {
  quiet,  ///< Nothing but notices.
  normal,
};

/// Live progress: on a terminal one line that is redrawn, with improvements and notices printed
/// above it; elsewhere whole lines, a progress line at most every `plain_interval`.
///
/// Lives on the run's I/O thread; never blocks it (see Console). `clock` paces the plain lines.
class StatusPrinter final : public StatusObserver {
 public:
  StatusPrinter(Console& console, const Clock& clock, Verbosity verbosity,
                std::chrono::milliseconds plain_interval = std::chrono::seconds(10));

  void on_start(const RunStatus& status, bool resumed) override;
  void on_progress(const RunStatus& status) override;
  void on_improvement(const RunStatus& status, std::string_view summary) override;
  void on_notice(std::string_view text) override;
  void on_finish(const RunStatus& status, StopReason reason) override;

 private:
  enum class Style { plain, strong, warning };
  void print_line(std::string_view text, Style style);
  void draw(const RunStatus& status);
  void erase();

  Console& console_;
  const Clock& clock_;
  Verbosity verbosity_;
  std::chrono::milliseconds plain_interval_;
  std::chrono::steady_clock::time_point last_plain_{};
  std::optional<double> best_;
  bool drawn_ = false;
  std::string last_drawn_;
};

/// What is said once at the end, several lines: outcome, best against initial, path of the best
/// program, time, evaluations, outcomes, and the next command.
struct SummaryText {
  RunStatus status;
  StopReason reason = StopReason::none;
  std::string message;                    ///< Why, for failures; may have several lines.
  std::vector<std::string> unseen_seeds;  ///< Lines about the best on seeds of no search.
  std::string best_path;                  ///< Empty when nothing is published.
  std::string hooks;                      ///< What became of hooks; empty when there are none.
};
std::string closing_summary(const SummaryText& summary);

}  // namespace genesis
