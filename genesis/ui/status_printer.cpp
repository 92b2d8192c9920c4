#include "genesis/ui/status_printer.h"

#include <fmt/format.h>

#include "genesis/base/text.h"
#include "genesis/ui/progress_text.h"

namespace genesis {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[2K";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kReset = "\x1b[0m";

}  // namespace

StatusPrinter::StatusPrinter(Console& console, const Clock& clock, Verbosity verbosity,
                             std::chrono::milliseconds plain_interval)
    : console_(console), clock_(clock), verbosity_(verbosity), plain_interval_(plain_interval) {}

void StatusPrinter::on_start(const RunStatus& status, bool resumed) {
  last_plain_ = clock_.steady();
  if (resumed && status.has_best) best_ = status.best_score;
  if (verbosity_ == Verbosity::quiet) return;
  print_line(
      fmt::format("{} {} in {}: {} of {} generations recorded, {} at a time",
                  resumed ? "Resuming" : "Starting", status.task, short_path(status.output_dir),
                  status.generation, status.target_generations, status.slots),
      Style::plain);
  if (console_.is_terminal()) draw(status);
}

void StatusPrinter::on_progress(const RunStatus& status) {
  if (verbosity_ == Verbosity::quiet) return;
  if (console_.is_terminal()) {
    draw(status);
    return;
  }
  const auto now = clock_.steady();
  if (now - last_plain_ < plain_interval_) return;
  last_plain_ = now;
  print_line(fmt::format("{:>8}  {}", format_duration(status.elapsed), progress_line(status, 1000)),
             Style::plain);
}

void StatusPrinter::on_improvement(const RunStatus& status, std::string_view summary) {
  const std::optional<double> before = best_;
  best_ = status.best_score;
  if (verbosity_ == Verbosity::quiet) return;
  const int width = console_.is_terminal() ? console_.width() : 1000;
  print_line(improvement_line(status, before, summary, width), Style::strong);
  if (console_.is_terminal()) draw(status);
}

void StatusPrinter::on_notice(std::string_view text) {
  print_line(printable(text), Style::warning);
}

void StatusPrinter::on_finish(const RunStatus& status, StopReason reason) {
  (void)reason;
  if (verbosity_ == Verbosity::quiet) return;
  if (console_.is_terminal()) {
    draw(status);
    console_.write("\n");
    drawn_ = false;
  } else {
    print_line(
        fmt::format("{:>8}  {}", format_duration(status.elapsed), progress_line(status, 1000)),
        Style::plain);
  }
}

void StatusPrinter::print_line(std::string_view text, Style style) {
  const bool redraw = drawn_;
  erase();
  std::string line;
  const bool colour = console_.colour() && style != Style::plain;
  if (colour) line += style == Style::strong ? kBold : kYellow;
  line += text;
  if (colour) line += kReset;
  line += '\n';
  if (redraw) line += last_drawn_;
  console_.write(line);
  drawn_ = redraw;
}

void StatusPrinter::draw(const RunStatus& status) {
  // One column is left free: some terminals wrap when the last one is written.
  last_drawn_ = progress_line(status, console_.width() - 1);
  console_.write(fmt::format("{}{}", kEraseLine, last_drawn_));
  drawn_ = true;
}

void StatusPrinter::erase() {
  if (drawn_) console_.write(kEraseLine);
  drawn_ = false;
}

std::string closing_summary(const SummaryText& summary) {
  const RunStatus& status = summary.status;
  const bool failed =
      summary.reason == StopReason::seed_failed || summary.reason == StopReason::error;
  const std::string folder = short_path(status.output_dir);
  const bool resumable = is_resumable(summary.reason);
  std::string text = fmt::format("\n{}: {}\n",
                                 failed      ? "Failed"
                                 : resumable ? "Stopped"
                                             : "Finished",
                                 describe_stop(summary.reason, status));
  if (!summary.message.empty()) text += printable(summary.message, true) + "\n";
  const auto row = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<9} {}\n", name, value);
  };
  if (status.has_best) {
    std::string best =
        fmt::format("{} (generation {})", format_score(status.best_score), status.best_generation);
    best += fmt::format(", initial program {}", format_score(status.initial_score));
    row("best", best);
  }
  if (!summary.best_path.empty()) row("program", short_path(summary.best_path));
  for (const std::string& line : summary.unseen_seeds) {
    row(&line == &summary.unseen_seeds.front() ? "unseen" : "", line);
  }
  const double seconds = std::chrono::duration<double>(status.elapsed).count();
  std::string effort = format_duration(status.elapsed);
  effort +=
      fmt::format(", {} evaluation{}", status.evaluations, status.evaluations == 1 ? "" : "s");
  if (seconds > 0) {
    effort += fmt::format(" ({:.2f}/s)", static_cast<double>(status.evaluations) / seconds);
  }
  row("time", effort);
  if (!status.outcomes.empty()) row("outcomes", format_outcomes(status.outcomes));
  for (const auto& [name, line] : usage_lines(status.usage)) {
    row(name.substr(0, name.find(' ')), line);
  }
  if (!summary.hooks.empty()) row("hooks", printable(summary.hooks, false));
  if (summary.reason == StopReason::seed_failed) {
    row("next", "correct the task, try it with `genesis check`, and give the same command again");
    return text;
  }
  row("next", resumable ? "genesis resume " + folder : "genesis show " + folder);
  if (summary.reason == StopReason::generations) {
    row("", fmt::format("genesis extend {} +{}", folder, status.target_generations));
  }
  return text;
}

}  // namespace genesis
