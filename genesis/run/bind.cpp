// From the composed configuration to the typed structs. The only file that knows both.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "genesis/program/language.h"
#include "genesis/run/bind_events.h"
#include "genesis/run/evolution_run.h"
#include "genesis/run/inert_settings.h"

namespace genesis::run {

using nlohmann::json;

namespace {

void at_least(OptionReader& reader, std::string_view key, double value, double lowest) {
  if (value < lowest) reader.fail(key, fmt::format("must be {} or more, found {}", lowest, value));
}

void between(OptionReader& reader, std::string_view key, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    reader.fail(key, fmt::format("must be from {} to {}, found {}", low, high, value));
  }
}

/// One text or a list of them; null is none.
std::vector<std::string> read_texts(OptionReader& reader, std::string_view key) {
  json value;
  reader.read(key, value);
  if (value.is_null()) return {};
  std::vector<std::string> texts;
  if (value.is_array()) {
    reader.read(key, texts);
  } else {
    std::string text;
    reader.read(key, text);
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

/// ShinkaEvolve's `init_program_path: {_target_: …add_evolve_markers, initial_file_path: …}` makes
/// a copy with markers; here the markers must be in the file.
bool read_marked_copy(OptionReader& reader, EvolutionConfig& evo,
                      std::vector<InertSetting>& inert) {
  json value;
  reader.read("init_program_path", value);
  if (!value.is_object()) return false;
  if (!value.contains("initial_file_path") || !value["initial_file_path"].is_string()) {
    reader.fail("init_program_path",
                "expected a path, a list of paths, or a mapping with "
                "'initial_file_path'");
  }
  evo.init_program_path = value["initial_file_path"].get<std::string>();
  inert.push_back({"evo_config.init_program_path._target_",
                   "no markers are inserted: put EVOLVE-BLOCK markers into the file"});
  return true;
}

/// The seeds and the earlier runs that the run starts from.
void bind_start(OptionReader& reader, EvolutionConfig& evo, std::vector<InertSetting>& inert) {
  if (reader.has("init_program_path") && !read_marked_copy(reader, evo, inert)) {
    const auto paths = read_texts(reader, "init_program_path");
    evo.init_program_path = paths.empty() ? "" : paths.front();
    if (paths.size() > 1) evo.init_program_paths = paths;
  }
  if (const auto paths = read_texts(reader, "init_program_paths"); !paths.empty()) {
    evo.init_program_paths = paths;
  }
  reader.read("primary_file", evo.primary_file);
  evo.warm_start = read_texts(reader, "warm_start");
  reader.read("warm_start_top", evo.warm_start_top);
  between(reader, "warm_start_top", evo.warm_start_top, 0, 100'000);
  reader.read("warm_start_trust_scores", evo.warm_start_trust_scores);
  if (evo.init_program_path.empty() && evo.init_program_paths.empty() && evo.warm_start.empty()) {
    reader.fail("init_program_path",
                "names no program to start from; a model that writes the first one is not part of "
                "this version");
  }
}

EvolutionConfig bind_evolution(const json& object, std::vector<InertSetting>& inert) {
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
  bind_start(reader, evo, inert);
  reader.read("job_type", evo.job_type);
  if (object.is_object() && object.contains("num_generations") &&
      object["num_generations"].is_null()) {
    reader.fail("num_generations",
                "null leaves the end to max_api_costs, which counts nothing here; give a number, "
                "and max_evaluations or max_wall_time for another limit");
  }
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
  reader.read("final_repeats", evo.final_repeats);
  between(reader, "final_repeats", evo.final_repeats, 0, 10'000);
  reader.read("final_top", evo.final_top);
  between(reader, "final_top", evo.final_top, 1, 1000);
  reader.read("epoch_seeds", evo.epoch_seeds);
  between(reader, "epoch_seeds", evo.epoch_seeds, 0, 100'000);
  reader.ignore("results_dir");
  read_inert_settings(reader, "evo_config", evo.reserved, inert);
  reader.finish();
  return evo;
}

DatabaseConfig bind_database(const json& object, std::vector<InertSetting>& inert) {
  OptionReader reader(object, "db_config");
  reader.ignore("_target_");
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
  reader.read("island_reset_age", db.island_reset_age);
  at_least(reader, "island_reset_age", db.island_reset_age, 0);
  reader.read("island_elitism", db.island_elitism);
  reader.read("enforce_island_separation", db.enforce_island_separation);
  reader.read("foreign_inspiration_ratio", db.foreign_inspiration_ratio);
  between(reader, "foreign_inspiration_ratio", db.foreign_inspiration_ratio, 0, 1);
  reader.read_enum("island_selection_strategy", db.island_selection_strategy,
                   {{"uniform", IslandSelection::uniform},
                    {"equal", IslandSelection::equal},
                    {"proportional", IslandSelection::proportional},
                    {"weighted", IslandSelection::weighted}});
  if (object.is_object() && object.value("parent_selection_strategy", json()) == "beam_search") {
    reader.fail("parent_selection_strategy",
                "beam_search is not part of this version; power_law with exploitation_alpha=100 "
                "goes on from the best as well");
  }
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
  read_inert_settings(reader, "db_config", db.reserved, inert);
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

/// ShinkaEvolve's tasks name their evaluator by `evaluate_function` and run it by eval_hydra.py: we
/// call it ourselves.
json with_evaluate_function(json job, const json& function, std::vector<InertSetting>& inert) {
  if (asks_for_nothing(function)) return job;
  const std::string evaluator =
      job.is_object() && job.contains("eval_program_path") && job["eval_program_path"].is_string()
          ? job["eval_program_path"].get<std::string>()
          : "";
  if (std::filesystem::path(evaluator).filename() != "eval_hydra.py") {
    inert.push_back({"evaluate_function",
                     "the evaluator is job_config.eval_program_path, which is not eval_hydra.py"});
    return job;
  }
  job["evaluate_function"] = function;
  for (const char* filled : {"program_path", "results_dir"}) {
    if (function.is_object()) job["evaluate_function"].erase(filled);
  }
  return job;
}

launch::JobConfig bind_job(const json& object, EvolutionConfig& evo,
                           std::vector<InertSetting>& inert) {
  if (object.is_object() && !asks_for_nothing(object.value("eval_verbose", json()))) {
    inert.push_back({"job_config.eval_verbose", "evaluators are told nothing of it"});
  }
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

namespace {

/// A section under its name, or the short one of shinka_run's files.
json take_section(OptionReader& reader, const char* name, const char* short_name) {
  json value, shorter;
  reader.read(name, value);
  reader.read(short_name, shorter);
  if (shorter.is_null()) return value;
  if (!value.is_null()) {
    reader.fail(short_name, fmt::format("is another name of {}; give only one of the two", name));
  }
  return shorter;
}

/// ShinkaEvolve's max_evaluation_jobs is evo_config.max_parallel_jobs under another name.
void read_evaluation_jobs(OptionReader& reader, const json& evo_section, RunSpec& spec) {
  std::optional<int> jobs;
  reader.read("max_evaluation_jobs", jobs);
  if (!jobs) return;
  between(reader, "max_evaluation_jobs", *jobs, 1, 100'000);
  if (!evo_section.is_object() || !evo_section.contains("max_parallel_jobs")) {
    spec.evo.max_parallel_jobs = *jobs;
  } else if (*jobs != spec.evo.max_parallel_jobs) {
    spec.inert.push_back({"max_evaluation_jobs", "evo_config.max_parallel_jobs is set"});
  }
}

/// evo_config.results_dir is the run's folder where no output_dir is given, and else the same.
void bind_results_dir(const OptionReader& reader, const json& evo, RunSpec& spec) {
  const json given = evo.is_object() ? evo.value("results_dir", json()) : json();
  const std::string folder = given.is_string() ? given.get<std::string>() : "";
  if (spec.output_dir.empty()) spec.output_dir = folder;
  if (spec.output_dir.empty()) reader.fail("output_dir", "a value must be given");
  if (!folder.empty() && folder != spec.output_dir.string()) {
    spec.inert.push_back({"evo_config.results_dir", "the run's folder is output_dir"});
  }
}

/// Settings that nobody knows: a mapping, or a name that is nearly one of ours, is a mistake. Plain
/// values may be there for others to refer to, as presets of the Python systems do.
void read_variables(OptionReader& reader, const json& config, std::vector<InertSetting>& inert) {
  for (const std::string& key : reader.unknown_keys()) {
    const json& value = config[key];
    if (value.is_object() || !reader.nearest_known(key).empty()) continue;  // finish() refuses it
    reader.ignore(key);
    inert.push_back({key, "no setting of Genesis: only other values can refer to it"});
  }
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
  const json evo = take_section(reader, "evo_config", "evo");
  spec.evo = bind_evolution(evo, spec.inert);
  spec.db = bind_database(take_section(reader, "db_config", "db"), spec.inert);
  spec.mutation = bind_mutation(section("mutation"));
  spec.results = bind_results(section("results"));
  spec.events = bind_events(section("events"));
  spec.hooks = bind_hooks(section("hooks"));
  const json job = with_evaluate_function(take_section(reader, "job_config", "job"),
                                          section("evaluate_function"), spec.inert);
  spec.job = bind_job(job, spec.evo, spec.inert);
  read_evaluation_jobs(reader, evo, spec);
  reader.read("exp_name", spec.task);
  reader.read("output_dir", spec.output_dir);
  reader.read("seed", spec.seed);
  bind_results_dir(reader, evo, spec);
  for (const char* known :
       {"results_dir", "run_name", "variant_suffix", "distributed_job_config", "hydra", "sweep"}) {
    reader.ignore(known);
  }
  std::map<std::string, std::string> unused;
  read_inert_settings(reader, "", unused, spec.inert);
  read_variables(reader, config, spec.inert);
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
                                             "sweep",
                                             "events",
                                             "hooks",
                                             "evo_config.max_parallel_jobs",
                                             "max_evaluation_jobs",
                                             "max_proposal_jobs",
                                             "max_db_workers",
                                             "evo_config.lookahead",
                                             "evo_config.epoch_seeds",
                                             "evo_config.final_repeats",
                                             "evo_config.final_top",
                                             "results.min_free_bytes",
                                             "results.min_free_inodes",
                                             "job_config.env_passthrough",
                                             "job_config.on_evaluator_change"};
  return keys;
}

}  // namespace genesis::run
