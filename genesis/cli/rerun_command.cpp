#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <optional>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/log_follower.h"
#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_report.h"
#include "genesis/program/language.h"
#include "genesis/run/evolution_run.h"
#include "genesis/run/publisher.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

/// Writes the program where evaluate_once finds it: a file, or a folder when it has several.
Result<fs::path> write_for_evaluation(const Program& program, const std::string& extension,
                                      const fs::path& folder, run::RunSpec& spec) {
  GENESIS_TRY(run::write_generation(program, nullptr, extension, folder));
  if (program.files().size() == 1) return folder / run::published_name(program, extension);
  spec.evo.primary_file = program.primary().path;
  return folder;
}

std::string compare(const store::ProgramRecord& recorded, const run::SingleEvaluation& now) {
  if (recorded.outcome != now.outcome) {
    return fmt::format("differs: the run recorded {}", recorded.outcome);
  }
  if (recorded.score == now.combined_score) return "as recorded";
  return fmt::format(
      "differs by {}: the evaluator is noisy, has changed, or depends on the machine",
      format_score(now.combined_score - recorded.score));
}

}  // namespace

Outcome rerun_generation(const std::string& run, std::int64_t generation, const std::string& keep) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(folder));
  GENESIS_TRY_ASSIGN(const store::ProgramRecord recorded, reader->program(generation));
  GENESIS_TRY_ASSIGN(const Program program, reader->source(generation));
  GENESIS_TRY_ASSIGN(run::RunSpec spec, run::load_run_spec(folder));

  std::optional<TempDir> temporary;
  if (keep.empty()) temporary.emplace("genesis-rerun");
  const fs::path work = keep.empty() ? temporary->path() : fs::absolute(keep);
  const Language* language = find_language(spec.evo.language);
  const std::string extension = language != nullptr ? language->extension : "txt";
  GENESIS_TRY_ASSIGN(const fs::path source,
                     write_for_evaluation(program, extension, work / "program", spec));

  Result<run::SingleEvaluation> result = tl::unexpected<Error>(Error{});
  {
    const fs::path results = work / "results";
    const LogFollower logs(
        {{results / "job_log.out", STDOUT_FILENO}, {results / "job_log.err", STDERR_FILENO}});
    result = run::evaluate_once(spec, source, work);
  }
  GENESIS_TRY_ASSIGN(const run::SingleEvaluation evaluation, std::move(result));
  fmt::print("\ngeneration {}: {}, score {}, wall {}, cpu {}, memory {}\n", generation,
             evaluation.outcome, format_score(evaluation.combined_score),
             format_duration(evaluation.wall), format_duration(evaluation.cpu),
             format_bytes(evaluation.peak_memory_bytes));
  if (!evaluation.error.empty()) fmt::print("why: {}\n", evaluation.error);
  fmt::print("recorded: {}, score {}: {}\n", recorded.outcome, format_score(recorded.score),
             compare(recorded, evaluation));
  if (!keep.empty()) fmt::print("files: {}\n", work.string());
  return evaluation.outcome == "ok" ? ExitCode::ok : ExitCode::failed;
}

}  // namespace genesis::cli
