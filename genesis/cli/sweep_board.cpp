#include "genesis/cli/sweep_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[2K";
constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

std::string job_label(std::size_t number, std::size_t jobs, std::string_view title) {
  return fmt::format("[{}/{}] {}", number + 1, jobs, printable(title));
}

RunStatus combined_status(const std::vector<RunStatus>& runs, int slots) {
  RunStatus all;
  all.state = "running";
  all.slots = slots;
  for (const RunStatus& run : runs) {
    all.generation += run.generation;
    all.target_generations += run.target_generations;
    all.programs += run.programs;
    all.proposals += run.proposals;
    all.evaluations += run.evaluations;
    all.duplicates += run.duplicates;
    all.retries += run.retries;
    all.slots_busy += run.state == "finished" ? 0 : run.slots_busy;
    all.evaluations_per_second += run.state == "finished" ? 0 : run.evaluations_per_second;
    all.elapsed = std::max(all.elapsed, run.elapsed);
    for (const auto& [name, count] : run.outcomes) all.outcomes[name] += count;
    if (run.has_best && (!all.has_best || run.best_score > all.best_score)) {
      all.has_best = true;
      all.best_score = run.best_score;
      all.best_generation = run.best_generation;
    }
  }
  // Each run counts what waits for its turn in the pool as well.
  all.slots_busy = std::min(all.slots_busy, slots);
  return all;
}

/// One run's observer.
class SweepBoard::Seat final : public StatusObserver {
 public:
  Seat(SweepBoard& board, std::size_t number) : board_(board), number_(number) {}

  void on_start(const RunStatus& status, bool resumed) override {
    if (resumed && status.has_best) {
      board_.best_ = std::max(board_.best_.value_or(status.best_score), status.best_score);
    }
    board_.say(number_, resumed
                            ? fmt::format("resuming at generation {} of {}", status.generation,
                                          status.target_generations)
                            : fmt::format("starting, {} generations", status.target_generations));
    board_.update(number_, status);
  }
  void on_progress(const RunStatus& status) override { board_.update(number_, status); }
  void on_improvement(const RunStatus& status, std::string_view summary) override {
    board_.improved(number_, status, summary);
  }
  void on_notice(std::string_view text) override {
    board_.print_line(
        fmt::format("[{}/{}] {}", number_ + 1, board_.titles_.size(), printable(text)));
  }
  void on_finish(const RunStatus& status, StopReason reason) override {
    std::string text = describe_stop(reason, status);
    if (status.has_best) {
      text += fmt::format(", best {} (gen {})", format_score(status.best_score),
                          status.best_generation);
    }
    board_.say(number_, text);
    board_.update(number_, status);
  }

  RunStatus latest;

 private:
  SweepBoard& board_;
  std::size_t number_;
};

SweepBoard::SweepBoard(Console& console, const Clock& clock, Verbosity verbosity,
                       std::vector<std::string> titles, int slots,
                       std::chrono::milliseconds plain_interval)
    : console_(console),
      clock_(clock),
      verbosity_(verbosity),
      titles_(std::move(titles)),
      slots_(slots),
      plain_interval_(plain_interval),
      last_(clock.steady()) {
  for (std::size_t i = 0; i < titles_.size(); ++i)
    seats_.push_back(std::make_unique<Seat>(*this, i));
}

SweepBoard::~SweepBoard() = default;

StatusObserver& SweepBoard::observer(std::size_t number) {
  return *seats_[number];
}

void SweepBoard::say(std::size_t number, std::string_view text) {
  if (verbosity_ == Verbosity::quiet) return;
  print_line(job_label(number, titles_.size(), titles_[number]) + ": " +
             printable(text.substr(0, text.find('\n'))));
}

void SweepBoard::update(std::size_t number, const RunStatus& status) {
  seats_[number]->latest = status;
  draw(false);
}

void SweepBoard::improved(std::size_t number, const RunStatus& status, std::string_view summary) {
  seats_[number]->latest = status;
  if (best_ && status.best_score <= *best_) return;
  const std::optional<double> before = std::exchange(best_, status.best_score);
  if (verbosity_ == Verbosity::quiet) return;
  const std::string label = fmt::format("[{}/{}] ", number + 1, titles_.size());
  const int width =
      (console_.is_terminal() ? console_.width() : 1000) - static_cast<int>(label.size());
  print_line(label + improvement_line(status, before, summary, std::max(width, 20)));
}

void SweepBoard::print_line(const std::string& line) {
  console_.write((drawn_ ? std::string(kEraseLine) : std::string()) + line + "\n");
  if (std::exchange(drawn_, false)) draw(true);
}

void SweepBoard::draw(bool now) {
  if (verbosity_ == Verbosity::quiet) return;
  const bool terminal = console_.is_terminal();
  const auto at = clock_.steady();
  if (!now && at - last_ < (terminal ? kRedraw : plain_interval_)) return;
  last_ = at;
  std::vector<RunStatus> runs;
  std::size_t ended = 0;
  for (const auto& seat : seats_) {
    runs.push_back(seat->latest);
    if (seat->latest.state == "finished") ++ended;
  }
  const RunStatus all = combined_status(runs, slots_);
  const std::string head = fmt::format("{} of {} ended | ", ended, seats_.size());
  if (!terminal) {
    console_.write(
        fmt::format("{:>8}  {}{}\n", format_duration(all.elapsed), head, progress_line(all, 1000)));
    return;
  }
  const int width = console_.width() - 1 - static_cast<int>(head.size());
  console_.write(fmt::format("{}{}{}", kEraseLine, head, progress_line(all, std::max(width, 10))));
  drawn_ = true;
}

void SweepBoard::finish() {
  if (std::exchange(drawn_, false)) console_.write("\n");
}

}  // namespace genesis::cli
