#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "genesis/base/clock.h"
#include "genesis/run/rescore.h"
#include "genesis/ui/console.h"
#include "genesis/ui/progress_text.h"

namespace genesis::run {

using nlohmann::json;

namespace {

bool failed(const RescoredProgram& program) {
  return program.scores.empty();
}

/// Best first by what is said now; programs that fail come last.
std::vector<std::int64_t> order_now(std::vector<RescoredProgram> programs) {
  std::stable_sort(programs.begin(), programs.end(), [](const auto& a, const auto& b) {
    if (failed(a) != failed(b)) return failed(b);
    return !failed(a) && a.summary().mean > b.summary().mean;
  });
  std::vector<std::int64_t> order;
  for (const RescoredProgram& program : programs) order.push_back(program.generation);
  return order;
}

std::string score_now(const RescoredProgram& program) {
  if (failed(program)) return "-";
  const ScoreSummary summary = program.summary();
  if (summary.count < 2) return format_score(summary.mean);
  if (summary.same()) return format_score(summary.mean) + " each time";
  return fmt::format("{} ± {} ({} … {})", format_score(summary.mean),
                     format_score(summary.deviation), format_score(summary.lowest),
                     format_score(summary.highest));
}

std::string difference(const RescoredProgram& program) {
  if (failed(program) || !program.recorded_correct) return "-";
  const double by = program.summary().mean - program.recorded_score;
  return by == 0 ? "none" : fmt::format("{}{}", by > 0 ? "+" : "", format_score(by));
}

/// Columns for the eye: code points, not bytes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

bool RescoreReport::ranking_changes() const {
  std::vector<std::int64_t> before;
  for (const RescoredProgram& program : programs) before.push_back(program.generation);
  if (order_now(programs) != before) return true;
  return std::any_of(programs.begin(), programs.end(), [](const RescoredProgram& program) {
    return program.recorded_correct && failed(program) && !program.outcomes.empty();
  });
}

json to_json(const RescoreReport& report) {
  char buffer[32];
  json programs = json::array();
  for (const RescoredProgram& program : report.programs) {
    const ScoreSummary summary = program.summary();
    const auto known = [&](double value) {
      return program.scores.empty() ? json(nullptr) : json(value);
    };
    programs.push_back({{"generation", program.generation},
                        {"epoch", program.epoch},
                        {"recorded_score", program.recorded_score},
                        {"recorded_outcome", program.recorded_outcome},
                        {"scores", program.scores},
                        {"mean", known(summary.mean)},
                        {"standard_deviation", known(summary.deviation)},
                        {"min", known(summary.lowest)},
                        {"max", known(summary.highest)},
                        {"outcomes", program.outcomes},
                        {"error", program.error.empty() ? json(nullptr) : json(program.error)}});
  }
  return {{"version", 1},
          {"output_dir", report.run_dir},
          {"started_at", utc_timestamp(report.started_at, buffer)},
          {"recorded_evaluator",
           report.recorded_evaluator.empty() ? json(nullptr) : json(report.recorded_evaluator)},
          {"evaluator", report.evaluator},
          {"evaluator_difference",
           report.evaluator_difference.empty() ? json(nullptr) : json(report.evaluator_difference)},
          {"repeats", report.repeats},
          {"unseen", report.unseen},
          {"complete", report.complete},
          {"ranking_changes", report.ranking_changes()},
          {"programs", programs}};
}

std::string to_text(const RescoreReport& report) {
  using Row = std::array<std::string, 5>;
  std::vector<Row> rows{{"GEN", "RECORDED", "NOW", "DIFFERENCE", "OUTCOME"}};
  for (const RescoredProgram& program : report.programs) {
    rows.push_back(
        {std::to_string(program.generation),
         program.recorded_correct ? format_score(program.recorded_score) : program.recorded_outcome,
         score_now(program), difference(program), format_outcomes(program.outcomes)});
  }
  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - width_of(row[i]), ' ');
      line += i == 4 ? row[i] : i < 2 ? pad + row[i] + "  " : row[i] + pad + "  ";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  for (const RescoredProgram& program : report.programs) {
    if (program.error.empty()) continue;
    text += fmt::format("generation {}: {}\n", program.generation, printable(program.error));
  }
  if (!report.evaluator_difference.empty()) {
    text += fmt::format("the evaluator is not the recorded one: {}\n", report.evaluator_difference);
  }
  if (!report.complete) text += "interrupted: not all evaluations were made\n";
  if (report.programs.size() > 1 && report.complete) {
    const auto order = order_now(report.programs);
    text += report.ranking_changes()
                ? fmt::format("the ranking changes: generation {} comes first now\n", order.front())
                : std::string("the ranking stays\n");
  }
  return text;
}

}  // namespace genesis::run
