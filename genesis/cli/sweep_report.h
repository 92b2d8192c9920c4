#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/cli/exit_code.h"
#include "genesis/cli/run_report.h"

namespace genesis::cli {

/// What became of one job of a sweep.
struct SweepRow {
  std::size_t number = 0;
  std::vector<std::string> overrides;
  std::string title;
  std::filesystem::path folder;
  /// not_started, running, failed (it could not begin), conflict (another owner or another
  /// configuration), or what the run's store says: finished, interrupted, seed_failed, error.
  std::string status = "not_started";
  std::string message;  ///< Why, where somebody must know.
  std::optional<RunReport> report;
};

/// The state of a sweep: on the screen at the end, in `sweep.json` all the time. One thread.
class SweepReport {
 public:
  SweepReport(std::filesystem::path folder, std::vector<std::string> arguments, bool share_pool);

  std::vector<SweepRow>& rows() { return rows_; }
  const std::vector<SweepRow>& rows() const { return rows_; }

  /// The job's state as its store has it now.
  void read_run(SweepRow& row, const std::string& message);
  /// It ended before it began.
  static void refuse(SweepRow& row, const Error& error);

  /// <folder>/sweep.json, renamed into place.
  Status write(bool ended) const;
  ExitCode exit_code() const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> arguments_;
  bool share_pool_;
  std::vector<SweepRow> rows_;

  friend nlohmann::json to_json(const SweepReport& report, bool ended);
  friend std::string to_text(const SweepReport& report, int width);
};

/// The shape that docs/cli.md promises of sweep.json.
nlohmann::json to_json(const SweepReport& report, bool ended);
/// The closing table: a line per job (number, what it swept, best score, generations, outcome,
/// folder), then what went wrong and what to do next. Within `width` columns where it can be.
std::string to_text(const SweepReport& report, int width);

}  // namespace genesis::cli
