#include <fmt/format.h>

#include "evaluators/circle_packing/construction.h"
#include "evaluators/circle_packing/verify.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_report.h"

namespace genesis::cli {
namespace {

struct Construction {
  fs::path file;
  std::optional<store::ProgramRecord> program;  ///< Whose it is, for a run's.
};

/// Files a task may have archived its construction in, in order of preference.
constexpr const char* kNames[] = {"construction.json", "construction.npz", "extra.npz"};

Result<Construction> construction_of_run(const std::string& given) {
  GENESIS_TRY_ASSIGN(const fs::path run, resolve_run(given));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(run));
  GENESIS_TRY_ASSIGN(auto best, reader->best());
  if (!best) {
    return make_error(ErrorKind::not_found,
                      fmt::format("{}: no correct program is recorded yet", run.string()));
  }
  for (const fs::path& folder : {run / generation_folder(best->generation), run / "best"}) {
    for (const char* name : kNames) {
      const fs::path file = folder / "results" / name;
      std::error_code ignored;
      if (fs::is_regular_file(file, ignored)) return Construction{file, std::move(best)};
    }
  }
  return make_error(ErrorKind::not_found,
                    fmt::format("{}: there is no results/construction.json of generation {}; the "
                                "evaluator must archive the circles there (`genesis rerun {} {} "
                                "--keep DIR` makes the files again)",
                                run.string(), best->generation, run.string(), best->generation));
}

Result<Construction> find_construction(const std::string& given) {
  std::error_code ignored;
  const bool is_file = fs::is_regular_file(given, ignored);
  if (is_file && fs::path(given).filename() != "run.sqlite") return Construction{given, {}};
  return construction_of_run(given);
}

}  // namespace

Outcome verify_circle_packing(const std::string& run_or_file) {
  GENESIS_TRY_ASSIGN(const Construction construction, find_construction(run_or_file));
  GENESIS_TRY_ASSIGN(const auto circles, circle_packing::read_construction(construction.file));
  GENESIS_TRY_ASSIGN(const auto verdict, circle_packing::verify_circle_packing(circles));
  fmt::print("file       {}\n", construction.file.string());
  fmt::print("circles    {}\n", verdict.circles);
  fmt::print("sum        {} (exact, cut off after 20 decimals)\n", verdict.sum_digits);
  if (construction.program) {
    fmt::print("recorded   {} (generation {}), the exact sum differs by {:.3g}\n",
               shortest_double(construction.program->score), construction.program->generation,
               verdict.sum - construction.program->score);
  }
  if (verdict.valid) {
    fmt::print("verdict    valid: inside the unit square, no overlap, tolerance zero\n");
    return ExitCode::ok;
  }
  fmt::print("verdict    NOT VALID: {}\n", verdict.problem);
  return ExitCode::failed;
}

}  // namespace genesis::cli
