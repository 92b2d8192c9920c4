#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_report.h"
#include "genesis/program/unified_diff.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

struct RunRow {
  std::string folder, status, best, generations, evaluations, time, task;
};

RunRow to_row(const RunReport& report) {
  RunRow row;
  row.folder = report.folder.string();
  row.status = report.status;
  row.best = report.best ? format_score(report.best->score) : "-";
  row.generations = report.target_generations
                        ? fmt::format("{}/{}", report.generations, *report.target_generations)
                        : std::to_string(report.generations);
  row.evaluations = std::to_string(report.evaluations);
  row.time = report.wall_seconds ? format_duration(std::chrono::milliseconds(
                                       static_cast<std::int64_t>(*report.wall_seconds * 1000)))
                                 : "-";
  row.task = report.task;
  return row;
}

void print_table(const std::vector<RunRow>& rows) {
  std::size_t folder_width = 3;
  for (const RunRow& row : rows) folder_width = std::max(folder_width, row.folder.size());
  for (const RunRow& row : rows) {
    fmt::print("{:<{}}  {:<12} {:>12} {:>14} {:>11} {:>9}  {}\n", row.folder, folder_width,
               row.status, row.best, row.generations, row.evaluations, row.time, row.task);
  }
}

}  // namespace

Outcome show_run(const std::string& run, bool as_json) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(folder));
  GENESIS_TRY_ASSIGN(const RunReport report, read_report(folder, *reader));
  if (as_json) {
    fmt::print("{}\n",
               to_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return ExitCode::ok;
  }
  GENESIS_TRY_ASSIGN(const auto improvements, reader->improvements());
  fmt::print("{}", to_text(report, improvements));
  return ExitCode::ok;
}

Outcome list_runs(const std::string& root, bool as_json) {
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) {
    return make_error(ErrorKind::not_found,
                      fmt::format("no such folder: '{}' (runs are looked for below results/ unless "
                                  "another folder is named)",
                                  root));
  }
  std::vector<RunRow> rows = {
      {"RUN", "STATUS", "BEST", "GENERATIONS", "EVALUATIONS", "TIME", "TASK"}};
  nlohmann::json array = nlohmann::json::array();
  for (const fs::path& folder : find_runs(root)) {
    const auto reader = open_reader(folder);
    const auto report =
        reader ? read_report(folder, **reader) : Result<RunReport>(tl::unexpect, reader.error());
    if (!report) {
      fmt::print(stderr, "genesis: {}: {}\n", folder.string(), report.error().message);
      continue;
    }
    rows.push_back(to_row(*report));
    array.push_back(to_json(*report));
  }
  if (as_json) {
    fmt::print("{}\n", array.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (rows.size() == 1) {
    fmt::print("no runs below {}\n", root);
  } else {
    print_table(rows);
  }
  return ExitCode::ok;
}

Outcome print_best(const std::string& run, bool as_diff) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(folder));
  GENESIS_TRY_ASSIGN(const auto best, reader->best());
  if (!best) {
    return make_error(ErrorKind::not_found,
                      fmt::format("{}: no correct program is recorded yet", folder.string()));
  }
  GENESIS_TRY_ASSIGN(const Program program, reader->source(best->generation));
  if (!as_diff) {
    // A program of several files is printed as its primary one; export writes all of them.
    std::fwrite(program.text().data(), 1, program.text().size(), stdout);
    return ExitCode::ok;
  }
  GENESIS_TRY_ASSIGN(const Program seed, reader->source(0));
  const std::string diff = diff_programs(seed, program).text;
  if (diff.empty()) fmt::print(stderr, "the best program is the initial one\n");
  std::fwrite(diff.data(), 1, diff.size(), stdout);
  return ExitCode::ok;
}

}  // namespace genesis::cli
