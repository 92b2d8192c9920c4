#include "genesis/ui/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/ui/console.h"

namespace genesis {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u;
}

/// The byte where code point `index` starts.
std::size_t byte_of(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (is_continuation(text[at])) continue;
    if (index-- == 0) break;
  }
  return at;
}

std::string format_rate(double per_second) {
  if (per_second >= 100) return fmt::format("{:.0f}/s", per_second);
  if (per_second >= 10) return fmt::format("{:.1f}/s", per_second);
  return fmt::format("{:.2f}/s", per_second);
}

}  // namespace

std::string format_score(double score) {
  if (std::isnan(score)) return "nan";
  if (std::isinf(score)) return score > 0 ? "inf" : "-inf";
  const double size = std::fabs(score);
  if (size != 0 && (size < 1e-4 || size >= 1e9)) return fmt::format("{:.6g}", score);
  std::string text = fmt::format("{:.6f}", score);
  const std::size_t keep = text.find_last_not_of('0');
  text.erase(text[keep] == '.' ? keep + 2 : keep + 1);
  return text;
}

std::string format_outcomes(const std::map<std::string, std::int64_t>& outcomes) {
  std::vector<std::pair<std::string, std::int64_t>> sorted(outcomes.begin(), outcomes.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    if ((a.first == "ok") != (b.first == "ok")) return a.first == "ok";
    return a.second > b.second;
  });
  std::string text;
  for (const auto& [name, count] : sorted) {
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", name, count);
  }
  return text;
}

std::string progress_line(const RunStatus& status, int width) {
  std::string line = fmt::format("gen {}/{}", status.generation, status.target_generations);
  if (status.has_best) {
    line +=
        fmt::format(" | best {} (gen {})", format_score(status.best_score), status.best_generation);
  }
  line += fmt::format(" | {} | busy {}/{}", format_rate(status.evaluations_per_second),
                      status.slots_busy, status.slots);
  if (status.state != "running") line += " | " + status.state;
  if (status.eta && status.state != "finished") line += " | ETA " + format_duration(*status.eta);
  if (const std::string outcomes = format_outcomes(status.outcomes); !outcomes.empty()) {
    line += " | " + outcomes;
  }
  if (status.duplicates > 0) line += fmt::format(" | duplicates {}", status.duplicates);
  if (status.retries > 0) line += fmt::format(" | retries {}", status.retries);
  return elide_middle(line, width);
}

std::string improvement_line(const RunStatus& status, std::optional<double> before,
                             std::string_view summary, int width) {
  std::string line =
      fmt::format("{:>8}  gen {}: ", format_duration(status.elapsed), status.best_generation);
  if (!before) {
    line += "first score " + format_score(status.best_score);
  } else {
    line += fmt::format("new best {} (+{})", format_score(status.best_score),
                        format_score(status.best_score - *before));
  }
  if (summary.empty()) return elide_middle(line, width);
  // Numbers come first and stay; what the mutation did gives way.
  const int left = width - static_cast<int>(line.size()) - 2;
  if (left >= 8) line += "  " + elide_middle(printable(summary), left);
  return elide_middle(line, width);
}

std::string describe_stop(StopReason reason, const RunStatus& status) {
  switch (reason) {
    case StopReason::generations:
      return fmt::format("all {} generations are recorded", status.target_generations);
    case StopReason::evaluations:
      return "the limit of evaluations is reached (max_evaluations)";
    case StopReason::wall_time:
      return "the time is up (max_wall_time)";
    case StopReason::target_score:
      return "the target score is reached (target_score)";
    case StopReason::patience:
      return "no better program for `patience` generations";
    case StopReason::exhausted:
      return "the mutators find no program that is not known yet";
    case StopReason::interrupted:
      return "interrupted; what was running has been recorded";
    case StopReason::aborted:
      return "aborted; what was running is found again at the next start";
    case StopReason::evaluator_changed:
      return "the evaluator has changed";
    case StopReason::seed_failed:
      return "the initial program failed its evaluation";
    case StopReason::error:
      return "an error of the run";
    case StopReason::none:
      break;
  }
  return "ended";
}

std::string short_path(const std::filesystem::path& path,
                       const std::filesystem::path& working_dir) {
  const std::filesystem::path relative = path.lexically_relative(working_dir);
  const bool below = path.is_absolute() && !relative.empty() && *relative.begin() != "..";
  return below ? relative.string() : path.string();
}

std::string short_path(const std::filesystem::path& path) {
  std::error_code failure;
  const std::filesystem::path working_dir = std::filesystem::current_path(failure);
  return failure ? path.string() : short_path(path, working_dir);
}

std::string elide_middle(std::string_view text, int width) {
  const auto points = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
  const auto limit = static_cast<std::size_t>(std::max(width, 0));
  if (points <= limit) return std::string(text);
  if (limit <= 3) return std::string(limit, '.');
  const std::size_t head = (limit - 3 + 1) / 2;
  const std::size_t tail = limit - 3 - head;
  return std::string(text.substr(0, byte_of(text, head))) + "..." +
         std::string(text.substr(byte_of(text, points - tail)));
}

}  // namespace genesis
