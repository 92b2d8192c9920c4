#include "genesis/cli/run_report.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "genesis/base/clock.h"
#include "genesis/base/text.h"
#include "genesis/cli/run_folder.h"
#include "genesis/run/evolution_run.h"
#include "genesis/run/run_usage.h"
#include "genesis/store/run_lock.h"
#include "genesis/ui/console.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShownImprovements = 10;

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::int64_t> whole_number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const json value = json::parse(*text, nullptr, false);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

/// The generations to reach: what `extend` left behind, else what the configuration said.
std::optional<std::int64_t> target_of(store::StoreReader& reader) {
  if (const auto extended = whole_number(reader.state("target_generations"))) return extended;
  const json config = json::parse(reader.meta("config_json").value_or(""), nullptr, false);
  if (!config.is_object()) return std::nullopt;
  const json::json_pointer key("/evo_config/num_generations");
  if (!config.contains(key) || !config.at(key).is_number_integer()) return std::nullopt;
  return config.at(key).get<std::int64_t>();
}

void read_status(RunReport& report, store::StoreReader& reader) {
  const json state = json::parse(reader.state("status").value_or(""), nullptr, false);
  report.status = text_at(state, "state");
  report.reason = text_at(state, "reason");
  if (report.reason == "none") report.reason.clear();
  if (const auto owner = store::lock_owner(report.folder)) {
    report.owner = fmt::format("{}, pid {}", owner->host, owner->pid);
    if (report.status.empty()) report.status = "running";
    return;
  }
  // A run that ended in failure is finished for the store, but not for a person.
  if (report.reason == "seed_failed" || report.reason == "error") report.status = report.reason;
  const bool ended = report.status == "finished" || report.status == "interrupted" ||
                     report.status == "seed_failed" || report.status == "error" ||
                     report.status == "aborted";
  if (!ended) report.status = "interrupted";  // its runner died without a word
}

Status read_epochs(RunReport& report, store::StoreReader& reader) {
  const auto stored = reader.state(store::kEpochsKey);
  if (!stored) return {};
  GENESIS_TRY_ASSIGN(auto epochs, store::decode_epochs(*stored));
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    EpochReport& row = report.epochs.emplace_back();
    const std::int64_t end = i + 1 < epochs.size() ? epochs[i + 1].first_generation
                                                   : std::numeric_limits<std::int64_t>::max();
    GENESIS_TRY_ASSIGN(row.best, reader.best_between(epochs[i].first_generation, end));
    row.epoch = std::move(epochs[i]);
  }
  return {};
}

json score_or_null(double score) {
  return std::isfinite(score) ? json(score) : json(nullptr);
}

json epochs_json(const RunReport& report) {
  json array = json::array();
  for (const EpochReport& row : report.epochs) {
    char buffer[32];
    array.push_back({{"number", row.epoch.number},
                     {"first_generation", row.epoch.first_generation},
                     {"evaluator_hash", row.epoch.evaluator_hash},
                     {"started_at", utc_timestamp(row.epoch.started_at, buffer)},
                     {"best", row.best ? json{{"generation", row.best->generation},
                                              {"combined_score", score_or_null(row.best->score)}}
                                       : json(nullptr)}});
  }
  return array;
}

std::string epoch_rows(const std::vector<EpochReport>& epochs) {
  std::string text = "  epochs       scores of different epochs are not comparable\n";
  for (const EpochReport& row : epochs) {
    text += fmt::format("    {:>4}  from gen {:<6} evaluator {}  {}\n", row.epoch.number,
                        row.epoch.first_generation, row.epoch.evaluator_hash.substr(0, 12),
                        row.best ? fmt::format("best {} (generation {})",
                                               format_score(row.best->score), row.best->generation)
                                 : std::string("no correct program"));
  }
  return text;
}

std::string status_sentence(const RunReport& report) {
  std::string text = report.status;
  if (!report.reason.empty() && report.reason != report.status) text += " (" + report.reason + ")";
  if (report.owner) text += ", by " + *report.owner;
  return text;
}

std::string improvement_rows(const std::vector<store::ProgramRecord>& improvements) {
  std::string text = "  improvements\n";
  const std::size_t skipped =
      improvements.size() > kShownImprovements ? improvements.size() - kShownImprovements : 0;
  if (skipped > 0) text += fmt::format("    … {} earlier ones\n", skipped);
  for (std::size_t i = skipped; i < improvements.size(); ++i) {
    const store::ProgramRecord& program = improvements[i];
    text += fmt::format("    {:>8}  gen {:<6} {:<10} {}\n",
                        format_duration(std::chrono::milliseconds(program.elapsed_millis)),
                        program.generation, format_score(program.score),
                        elide_middle(printable(program.summary), 60));
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<store::StoreReader>> open_reader(const std::filesystem::path& run) {
  GENESIS_TRY_ASSIGN(const std::filesystem::path file, run::store_file_of(run));
  return store::StoreReader::open(file);
}

Result<RunReport> read_report(const std::filesystem::path& run, store::StoreReader& reader) {
  RunReport report;
  report.folder = run;
  report.run_id = reader.meta("run_id").value_or("");
  report.task = reader.meta("task").value_or("");
  if (const auto created = whole_number(reader.meta("created_at"))) {
    char buffer[32];
    report.created_at = utc_timestamp(*created, buffer);
  }
  read_status(report, reader);
  GENESIS_TRY_ASSIGN(report.counters, reader.counters());
  GENESIS_TRY_ASSIGN(const auto outcomes, reader.outcomes());
  report.outcomes.insert(outcomes.begin(), outcomes.end());
  for (const auto& [name, count] : outcomes) report.evaluations += count;
  GENESIS_TRY_ASSIGN(const auto usage, reader.usage());
  report.usage = run::usage_rows(usage);
  report.generations = std::max<std::int64_t>(report.counters.programs - 1, 0);
  report.target_generations = target_of(reader);
  if (const auto millis = whole_number(reader.state("elapsed_millis"))) {
    report.wall_seconds = static_cast<double>(*millis) / 1000;
  }
  if (!report.wall_seconds && report.counters.programs > 0) {
    // A killed runner left no total: the last program says how far it had come.
    GENESIS_TRY_ASSIGN(const auto last, reader.program(report.counters.programs - 1));
    report.wall_seconds = static_cast<double>(last.elapsed_millis) / 1000;
  }
  GENESIS_TRY_ASSIGN(report.best, reader.best());
  GENESIS_TRY(read_epochs(report, reader));
  if (const auto stored = reader.state(run::kFinalScoresKey)) {
    GENESIS_TRY_ASSIGN(auto scores, run::decode_final_scores(*stored));
    const std::int64_t epoch = report.epochs.empty() ? 1 : report.epochs.back().epoch.number;
    if (scores.epoch == epoch) report.final_scores = std::move(scores);
  }
  const std::int64_t first =
      report.epochs.empty() ? 0 : report.epochs.back().epoch.first_generation;
  if (auto initial = reader.program(first)) report.initial = std::move(*initial);
  if (report.best) {
    GENESIS_TRY_ASSIGN(const Program source, reader.source(report.best->generation));
    report.best_path =
        published_program(run, report.best->generation, source.primary().path).string();
  }
  return report;
}

std::string program_id(const std::string& run_id, std::int64_t generation) {
  return fmt::format("{}-{}", run_id.substr(0, 8), generation);
}

json to_json(const RunReport& report) {
  json best = nullptr;
  if (report.best) {
    best = {{"program_id", program_id(report.run_id, report.best->generation)},
            {"generation", report.best->generation},
            {"combined_score", score_or_null(report.best->score)},
            {"path", report.best_path.empty() ? json(nullptr) : json(report.best_path)}};
  }
  json initial = nullptr;
  if (report.initial) initial = {{"combined_score", score_or_null(report.initial->score)}};
  json rate = nullptr;
  if (report.wall_seconds && *report.wall_seconds > 0) {
    rate = static_cast<double>(report.evaluations) / *report.wall_seconds;
  }
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
  };
  const store::Counters& counters = report.counters;
  return {{"run_id", report.run_id},
          {"task", report.task},
          {"output_dir", report.folder.string()},
          {"status", report.status},
          {"reason", text_or_null(report.reason)},
          {"created_at", text_or_null(report.created_at)},
          {"best", best},
          {"initial", initial},
          {"epochs", epochs_json(report)},
          {"unseen_seeds", report.final_scores ? to_json(*report.final_scores) : json(nullptr)},
          {"programs", counters.programs},
          {"proposals", counters.proposals},
          {"duplicates", counters.duplicates},
          {"evaluations", report.evaluations},
          {"attempts", counters.attempts},
          {"outcomes", report.outcomes},
          {"generations", report.generations},
          {"target_generations",
           report.target_generations ? json(*report.target_generations) : json(nullptr)},
          {"wall_seconds", report.wall_seconds ? json(*report.wall_seconds) : json(nullptr)},
          {"evaluations_per_second", rate},
          {"usage", usage_to_json(report.usage)}};
}

std::string to_text(const RunReport& report,
                    const std::vector<store::ProgramRecord>& improvements) {
  std::string text = fmt::format("{}  ({}, run {})\n", report.folder.string(), report.task,
                                 report.run_id.substr(0, 8));
  const auto row = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<12} {}\n", name, value);
  };
  row("status", status_sentence(report));
  if (report.best) {
    std::string best = fmt::format("{} (generation {})", format_score(report.best->score),
                                   report.best->generation);
    if (report.initial) best += ", initial program " + format_score(report.initial->score);
    row("best", best);
    row("program", report.best_path.empty()
                       ? "not on disk: genesis best prints it, export writes it"
                       : report.best_path);
  }
  if (report.final_scores) {
    const auto lines = describe(*report.final_scores);
    for (const std::string& line : lines) row(&line == &lines.front() ? "unseen" : "", line);
  }
  std::string generations = std::to_string(report.generations);
  if (report.target_generations) generations += fmt::format(" of {}", *report.target_generations);
  row("generations", generations);
  const store::Counters& counters = report.counters;
  row("proposals", fmt::format("{} ({} duplicates, {} rejected, {} without change, {} failed)",
                               counters.proposals, counters.duplicates, counters.rejected,
                               counters.no_change, counters.failed));
  std::string evaluations = std::to_string(report.evaluations);
  if (report.wall_seconds && *report.wall_seconds > 0) {
    evaluations += fmt::format(" in {} ({:.2f}/s)",
                               format_duration(std::chrono::milliseconds(
                                   static_cast<std::int64_t>(*report.wall_seconds * 1000))),
                               static_cast<double>(report.evaluations) / *report.wall_seconds);
  }
  row("evaluations", evaluations);
  row("outcomes", format_outcomes(report.outcomes));
  for (const auto& [name, line] : usage_lines(report.usage)) row(name, line);
  if (report.epochs.size() > 1) text += epoch_rows(report.epochs);
  if (!improvements.empty()) text += improvement_rows(improvements);
  return text;
}

}  // namespace genesis::cli
