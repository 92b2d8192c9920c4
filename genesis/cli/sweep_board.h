#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/ui/console.h"
#include "genesis/ui/status.h"
#include "genesis/ui/status_printer.h"

namespace genesis::cli {

/// "[2/6] seed=2": how a job is named in progress lines.
std::string job_label(std::size_t number, std::size_t jobs, std::string_view title);

/// All runs of a sweep as one status: counts and rates added up, the best of all. `slots` is what
/// they share.
RunStatus combined_status(const std::vector<RunStatus>& runs, int slots);

/// Live progress of several runs on one console: a line for each start, end, notice and improvement
/// over the best of the whole sweep, and one progress line for all, redrawn on a terminal and every
/// `plain_interval` elsewhere. Lives on the runs' I/O thread.
class SweepBoard {
 public:
  SweepBoard(Console& console, const Clock& clock, Verbosity verbosity,
             std::vector<std::string> titles, int slots,
             std::chrono::milliseconds plain_interval = std::chrono::seconds(10));
  ~SweepBoard();
  SweepBoard(const SweepBoard&) = delete;
  SweepBoard& operator=(const SweepBoard&) = delete;

  /// What tells the board about the run of job `number`; lives as long as the board.
  StatusObserver& observer(std::size_t number);
  /// "[2/6] seed=2: <first line of the text>", whatever happened to the job.
  void say(std::size_t number, std::string_view text);
  /// Ends the redrawn line.
  void finish();

 private:
  class Seat;
  void update(std::size_t number, const RunStatus& status);
  void improved(std::size_t number, const RunStatus& status, std::string_view summary);
  void print_line(const std::string& line);
  void draw(bool now);

  Console& console_;
  const Clock& clock_;
  Verbosity verbosity_;
  std::vector<std::string> titles_;
  int slots_;
  std::chrono::milliseconds plain_interval_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::optional<double> best_;
  std::chrono::steady_clock::time_point last_;
  bool drawn_ = false;
};

}  // namespace genesis::cli
