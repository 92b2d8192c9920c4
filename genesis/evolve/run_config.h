#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace genesis {

/// The search: names, defaults and meanings as in the YAML section `evo_config`.
/// docs/configuration.md has the table against ShinkaEvolve and Genesis (Python).
struct EvolutionConfig {
  std::string task_sys_msg;
  std::string language = "python";
  std::string init_program_path = "initial.py";  ///< A file, or a folder with `primary_file`.
  /// Several seeds; then `init_program_path` is not looked at. All are recorded, the first as
  /// generation 0.
  std::vector<std::string> init_program_paths;
  std::string primary_file;  ///< Only for folders.
  /// Earlier runs to start from beside (or, with an empty init_program_path, instead of) the seeds:
  /// of ShinkaEvolve, OpenEvolve or Genesis.
  std::vector<std::string> warm_start;
  int warm_start_top = 20;  ///< The best programs of each; 0: all.
  /// Take their scores over instead of evaluating them again.
  bool warm_start_trust_scores = false;
  std::string job_type;  ///< Empty: what job_config says.
  /// Generations to record beyond generation 0. Counts recorded programs, not proposals.
  std::int64_t num_generations = 100;
  int max_parallel_jobs = 2;  ///< Evaluations at a time, bounded by what the backend reports.
  /// Proposals ready beyond the free slots. -1: 0 with one job at a time (so that a run is
  /// reproducible step by step), else twice the number of jobs.
  int lookahead = -1;
  int max_patch_attempts = 5;         ///< Tries of one mutator on one draw.
  int max_proposals_in_a_row = 1000;  ///< Without one evaluation: then the run ends as exhausted.
  int max_attempts = 3;               ///< Of one evaluation, when the infrastructure fails.
  bool use_text_feedback = false;
  bool evaluation_cache = true;  ///< False for noisy evaluators: duplicates are scored again.
  bool syntax_check = true;
  /// Stop conditions; the first that holds ends the run.
  std::optional<std::int64_t> max_evaluations;
  std::optional<std::chrono::milliseconds> max_wall_time;
  std::optional<double> target_score;
  std::optional<std::int64_t> patience;  ///< Generations without a better best.
  /// At the end the best `final_top` programs are evaluated so often each, on seeds that the search
  /// never saw. 0: not at all.
  int final_repeats = 0;
  int final_top = 5;
  int epoch_seeds = 10;  ///< The best programs that are evaluated again when the evaluator changed.
  /// Settings of later parts (language models, meta summaries, embeddings): kept as they are, so
  /// that existing files compose; the launcher names those that have no effect yet.
  std::map<std::string, std::string> reserved;
};

enum class ParentSelection { power_law, weighted, best_of_n, sequential };
enum class IslandSelection { uniform, equal, proportional, weighted };

/// The population: YAML section `db_config`.
struct DatabaseConfig {
  int num_islands = 4;
  int archive_size = 100;  ///< Of each island; correct programs only.
  double elite_selection_ratio = 0.3;
  int num_archive_inspirations = 5;
  int num_top_k_inspirations = 2;
  int migration_interval = 10;
  double migration_rate = 0.1;
  /// An island with so many programs begins again from the first correct one, unless it is doing
  /// well for its age; see evolve/island_race.h. 0: never.
  int island_reset_age = 0;
  bool island_elitism = true;
  bool enforce_island_separation = true;
  /// Chance that one inspiration comes from another island's archive, though they are separated:
  /// a part may be taken over from there, and no island takes another's place.
  double foreign_inspiration_ratio = 0;
  IslandSelection island_selection_strategy = IslandSelection::uniform;
  ParentSelection parent_selection_strategy = ParentSelection::power_law;
  double exploitation_alpha = 1.0;  ///< Power-law exponent: 0 uniform, 100 nearly hill climbing.
  double exploitation_ratio = 0.2;  ///< Chance to draw from the archive rather than the island.
  double parent_selection_lambda = 10.0;
  std::string store_dir;  ///< Empty: the run's folder. For results on a slow or network disk.
  std::map<std::string, std::string> reserved;
};

/// Mutation without a model: YAML section `mutation`.
struct MutationConfig {
  std::vector<std::string> operators;  ///< Names; empty: all that the language allows.
  bool adaptive = true;                ///< Learn which operators pay; false: uniform.
};

enum class ResultsKeep { automatic, all, improvements, best, none };

/// What is left on disk for people: YAML section `results`.
struct ResultsConfig {
  ResultsKeep keep = ResultsKeep::automatic;
  std::int64_t keep_all_up_to = 10'000;  ///< With `auto`: all up to here, then improvements.
  std::uint64_t min_free_bytes = 256u << 20;
  std::uint64_t min_free_inodes = 2'000;
};

}  // namespace genesis
