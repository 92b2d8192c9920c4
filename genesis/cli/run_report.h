#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/run/final_scores.h"
#include "genesis/store/epochs.h"
#include "genesis/store/run_store.h"
#include "genesis/ui/usage.h"

namespace genesis::cli {

/// One epoch of a run, with its best program.
struct EpochReport {
  store::Epoch epoch;
  std::optional<store::ProgramRecord> best;
};

/// A run as its store and its lock tell it. What nobody knows is absent.
struct RunReport {
  std::filesystem::path folder;
  std::string run_id;
  std::string task;
  /// running, finished, interrupted, seed_failed, error, …; a run that says running and has no
  /// living owner is interrupted.
  std::string status;
  std::string reason;                ///< Why it ended: a StopReason's name, or empty.
  std::optional<std::string> owner;  ///< "host, pid 123" of a living runner.
  std::string created_at;
  std::optional<store::ProgramRecord> best;  ///< Of the present epoch.
  std::string best_path;  ///< Of the primary file on disk; empty when not published.
  std::optional<store::ProgramRecord> initial;   ///< The first program of the present epoch.
  std::optional<run::FinalScores> final_scores;  ///< Of the present epoch.
  std::vector<EpochReport> epochs;               ///< Empty for a run of before epochs.
  store::Counters counters;
  std::map<std::string, std::int64_t> outcomes;
  std::int64_t evaluations = 0;  ///< Recorded ones.
  std::int64_t generations = 0;  ///< Beyond the seed.
  std::optional<std::int64_t> target_generations;
  std::optional<double> wall_seconds;  ///< All sessions.
  std::vector<UsageRow> usage;         ///< The same.
};

/// Opens a run's store for reading, wherever store_dir put it.
Result<std::unique_ptr<store::StoreReader>> open_reader(const std::filesystem::path& run);

Result<RunReport> read_report(const std::filesystem::path& run, store::StoreReader& reader);

/// "<first 8 of the run id>-<generation>": names a program beyond its run.
std::string program_id(const std::string& run_id, std::int64_t generation);

/// The shape that `genesis show --json` promises (docs/cli.md, tests/golden/cli/show.json).
nlohmann::json to_json(const RunReport& report);

/// The same for people; `improvements` are the steps to the best, oldest first.
std::string to_text(const RunReport& report, const std::vector<store::ProgramRecord>& improvements);

}  // namespace genesis::cli
