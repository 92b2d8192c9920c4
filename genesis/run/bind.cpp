// From the composed configuration to the typed structs. The only file that knows both.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "genesis/program/language.h"
#include "genesis/run/evolution_run.h"

namespace genesis::run {

using nlohmann::json;

namespace {

/// Settings of the Python systems that have no effect here yet: accepted, and named at launch.
template <typename Config>
void read_reserved(OptionReader& reader, Config& config, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (!reader.has(key)) continue;
    json value;
    reader.read(key, value);
    const bool idle = value.is_null() || value == json(false) || value == json::array() ||
                      value == json::object();
    if (!idle) config.reserved[key] = value.dump();
  }
}

void at_least(OptionReader& reader, std::string_view key, double value, double lowest) {
  if (value < lowest) reader.fail(key, fmt::format("must be {} or more, found {}", lowest, value));
}

void between(OptionReader& reader, std::string_view key, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    reader.fail(key, fmt::format("must be from {} to {}, found {}", low, high, value));
  }
}

EvolutionConfig bind_evolution(const json& object) {
  OptionReader reader(object, "evo_config");
  reader.ignore("_target_");
  EvolutionConfig evo;
  if (reader.has("task_sys_msg")) {
    std::optional<std::string> message;
    reader.read("task_sys_msg", message);
    evo.task_sys_msg = message.value_or("");
  }
  reader.read("language", evo.language);
  if (find_language(evo.language) == nullptr) {
    const auto names = language_names();
    reader.fail("language", fmt::format("unknown language '{}'{}; known: {}", evo.language,
                                        did_you_mean(evo.language, names), join(names, ", ")));
  }
  reader.read("init_program_path", evo.init_program_path);
  reader.read("primary_file", evo.primary_file);
  reader.read("job_type", evo.job_type);
  reader.read("num_generations", evo.num_generations);
  at_least(reader, "num_generations", static_cast<double>(evo.num_generations), 0);
  reader.read("max_parallel_jobs", evo.max_parallel_jobs);
  between(reader, "max_parallel_jobs", evo.max_parallel_jobs, 1, 100'000);
  reader.read("lookahead", evo.lookahead);
  between(reader, "lookahead", evo.lookahead, -1, 100'000);
  reader.read("max_patch_attempts", evo.max_patch_attempts);
  at_least(reader, "max_patch_attempts", evo.max_patch_attempts, 1);
  reader.read("max_proposals_in_a_row", evo.max_proposals_in_a_row);
  at_least(reader, "max_proposals_in_a_row", evo.max_proposals_in_a_row, 1);
  reader.read("max_attempts", evo.max_attempts);
  at_least(reader, "max_attempts", evo.max_attempts, 1);
  reader.read("use_text_feedback", evo.use_text_feedback);
  reader.read("evaluation_cache", evo.evaluation_cache);
  reader.read("syntax_check", evo.syntax_check);
  reader.read("max_evaluations", evo.max_evaluations);
  reader.read("max_wall_time", evo.max_wall_time);
  reader.read("target_score", evo.target_score);
  reader.read("patience", evo.patience);
  reader.ignore("results_dir");
  read_reserved(reader, evo,
                {"patch_types",
                 "patch_type_probs",
                 "max_patch_resamples",
                 "max_novelty_attempts",
                 "llm_models",
                 "llm_dynamic_selection",
                 "llm_dynamic_selection_kwargs",
                 "llm_kwargs",
                 "meta_rec_interval",
                 "meta_llm_models",
                 "meta_llm_kwargs",
                 "meta_max_recommendations",
                 "sample_single_meta_rec",
                 "embedding_model",
                 "code_embed_sim_threshold",
                 "novelty_llm_models",
                 "novelty_llm_kwargs",
                 "web_search_enabled",
                 "web_search_prob",
                 "git_commit_sha",
                 "git_dirty",
                 "git_branch",
                 "strategy_name",
                 "max_api_costs",
                 "inspiration_sort_order",
                 "enable_controlled_oversubscription",
                 "proposal_target_mode",
                 "proposal_target_min_samples",
                 "proposal_target_ratio_cap",
                 "proposal_buffer_max",
                 "proposal_target_hard_cap",
                 "proposal_target_ewma_alpha",
                 "evolve_prompts",
                 "prompt_patch_types",
                 "prompt_patch_type_probs",
                 "prompt_evolution_interval",
                 "prompt_archive_size",
                 "prompt_llm_models",
                 "prompt_llm_kwargs",
                 "prompt_ucb_exploration_constant",
                 "prompt_epsilon",
                 "prompt_evo_top_k_programs",
                 "prompt_percentile_recompute_interval",
                 "enable_wandb_logging",
                 "wandb_project"});
  reader.finish();
  return evo;
}

DatabaseConfig bind_database(const json& object) {
  OptionReader reader(object, "db_config");
  reader.ignore("_target_");
  reader.ignore("db_path");
  DatabaseConfig db;
  reader.read("num_islands", db.num_islands);
  between(reader, "num_islands", db.num_islands, 1, 10'000);
  reader.read("archive_size", db.archive_size);
  between(reader, "archive_size", db.archive_size, 1, 100'000);
  reader.read("elite_selection_ratio", db.elite_selection_ratio);
  between(reader, "elite_selection_ratio", db.elite_selection_ratio, 0, 1);
  reader.read("num_archive_inspirations", db.num_archive_inspirations);
  between(reader, "num_archive_inspirations", db.num_archive_inspirations, 0, 1000);
  reader.read("num_top_k_inspirations", db.num_top_k_inspirations);
  between(reader, "num_top_k_inspirations", db.num_top_k_inspirations, 0, 1000);
  reader.read("migration_interval", db.migration_interval);
  at_least(reader, "migration_interval", db.migration_interval, 0);
  reader.read("migration_rate", db.migration_rate);
  between(reader, "migration_rate", db.migration_rate, 0, 1);
  reader.read("island_elitism", db.island_elitism);
  reader.read("enforce_island_separation", db.enforce_island_separation);
  reader.read_enum("island_selection_strategy", db.island_selection_strategy,
                   {{"uniform", IslandSelection::uniform},
                    {"equal", IslandSelection::equal},
                    {"proportional", IslandSelection::proportional},
                    {"weighted", IslandSelection::weighted}});
  reader.read_enum("parent_selection_strategy", db.parent_selection_strategy,
                   {{"power_law", ParentSelection::power_law},
                    {"weighted", ParentSelection::weighted},
                    {"best_of_n", ParentSelection::best_of_n},
                    {"sequential", ParentSelection::sequential}});
  reader.read("exploitation_alpha", db.exploitation_alpha);
  between(reader, "exploitation_alpha", db.exploitation_alpha, 0, 1000);
  reader.read("exploitation_ratio", db.exploitation_ratio);
  between(reader, "exploitation_ratio", db.exploitation_ratio, 0, 1);
  reader.read("parent_selection_lambda", db.parent_selection_lambda);
  reader.read("store_dir", db.store_dir);
  read_reserved(reader, db,
                {"num_beams", "archive_selection_strategy", "archive_criteria", "embedding_model",
                 "enable_dynamic_islands", "stagnation_threshold", "island_spawn_strategy",
                 "island_spawn_subtree_size", "max_stdout_log_chars", "host", "port", "username",
                 "password", "database", "secure"});
  reader.finish();
  return db;
}

MutationConfig bind_mutation(const json& object) {
  OptionReader reader(object, "mutation");
  reader.ignore("_target_");
  MutationConfig mutation;
  reader.read("operators", mutation.operators);
  reader.read("adaptive", mutation.adaptive);
  reader.finish();
  return mutation;
}

ResultsConfig bind_results(const json& object) {
  OptionReader reader(object, "results");
  ResultsConfig results;
  reader.read_enum("keep", results.keep,
                   {{"auto", ResultsKeep::automatic},
                    {"all", ResultsKeep::all},
                    {"improvements", ResultsKeep::improvements},
                    {"best", ResultsKeep::best},
                    {"none", ResultsKeep::none}});
  reader.read("keep_all_up_to", results.keep_all_up_to);
  reader.read_bytes("min_free_bytes", results.min_free_bytes);
  reader.read("min_free_inodes", results.min_free_inodes);
  reader.finish();
  return results;
}

launch::JobConfig bind_job(const json& object, EvolutionConfig& evo) {
  launch::JobConfig job;
  std::string target;
  if (object.is_object() && object.contains("_target_") && object["_target_"].is_string()) {
    target = object["_target_"].get<std::string>();
    target = target.substr(target.rfind('.') + 1);
  }
  job.type = !evo.job_type.empty() ? evo.job_type : target.empty() ? "local" : target;
  const launch::Backend* backend = launch::find_backend(job.type);
  if (backend == nullptr) {
    std::vector<std::string> names;
    for (const launch::Backend* known : launch::all_backends()) names.push_back(known->name);
    throw OptionException({evo.job_type.empty() ? "job_config._target_" : "evo_config.job_type",
                           fmt::format("unknown job type '{}'{}; known: {}", job.type,
                                       did_you_mean(job.type, names), join(names, ", "))});
  }
  const launch::Backend* by_target = target.empty() ? backend : launch::find_backend(target);
  if (by_target != nullptr && by_target != backend) {
    throw OptionException(
        {"evo_config.job_type",
         fmt::format("'{}' does not fit job_config's _target_ '{}': they name different "
                     "launchers (choose one with cluster=…)",
                     evo.job_type, target)});
  }
  job.type = backend->name;
  evo.job_type = backend->name;
  job.options_json = object.is_null() ? "{}" : object.dump();
  backend->parse(object.is_null() ? json::object() : object,
                 "job_config");  // refuses what is wrong
  return job;
}

}  // namespace

RunSpec bind_run_spec(const json& config) {
  OptionReader reader(config, "");
  const auto section = [&](const char* name) -> json {
    json value;
    reader.read(name, value);
    return value;
  };
  RunSpec spec;
  spec.evo = bind_evolution(section("evo_config"));
  spec.db = bind_database(section("db_config"));
  spec.mutation = bind_mutation(section("mutation"));
  spec.results = bind_results(section("results"));
  spec.job = bind_job(section("job_config"), spec.evo);
  reader.read("exp_name", spec.task);
  reader.read("output_dir", spec.output_dir);
  reader.read("seed", spec.seed);
  if (spec.output_dir.empty()) reader.fail("output_dir", "a value must be given");
  for (const char* known : {"verbose", "results_dir", "run_name", "variant_suffix",
                            "evaluate_function", "distributed_job_config", "hydra",
                            "max_evaluation_jobs", "max_proposal_jobs", "max_db_workers"}) {
    reader.ignore(known);
  }
  reader.finish();
  spec.config_json = config.dump();
  return spec;
}

const std::vector<std::string>& adjustable_keys() {
  static const std::vector<std::string> keys{"verbose",
                                             "output_dir",
                                             "results_dir",
                                             "run_name",
                                             "hydra",
                                             "evo_config.max_parallel_jobs",
                                             "evo_config.lookahead",
                                             "results.min_free_bytes",
                                             "results.min_free_inodes",
                                             "job_config.env_passthrough"};
  return keys;
}

}  // namespace genesis::run
