#include "genesis/run/run_folder.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/store/run_lock.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

using nlohmann::json;

namespace {

void flatten(const json& tree, const std::string& path, std::map<std::string, std::string>& out) {
  if (tree.is_object() && !tree.empty()) {
    for (const auto& [key, value] : tree.items())
      flatten(value, path.empty() ? key : path + "." + key, out);
  } else {
    out[path] = tree.dump();
  }
}

bool is_adjustable(const std::string& key) {
  for (const std::string& adjustable : adjustable_keys()) {
    if (key == adjustable || key.starts_with(adjustable + ".")) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> configuration_differences(const std::string& stored_json,
                                                   const std::string& given_json) {
  std::map<std::string, std::string> stored, given;
  flatten(json::parse(stored_json, nullptr, false), "", stored);
  flatten(json::parse(given_json, nullptr, false), "", given);
  std::vector<std::string> lines;
  const auto value_in = [](const auto& map, const std::string& key) {
    const auto at = map.find(key);
    return at == map.end() ? std::string("not set") : at->second;
  };
  std::map<std::string, std::string> all = stored;
  all.insert(given.begin(), given.end());
  for (const auto& [key, unused] : all) {
    const std::string before = value_in(stored, key);
    const std::string now = value_in(given, key);
    if (before != now && !is_adjustable(key)) {
      lines.push_back(fmt::format("{}: {} in the run, {} now", key, before, now));
    }
  }
  return lines;
}

Status same_configuration(const fs::path& output_dir, const std::string& stored_json,
                          const std::string& given_json) {
  const auto differences = configuration_differences(stored_json, given_json);
  if (differences.empty()) return {};
  constexpr std::size_t kShown = 8;
  std::string message =
      fmt::format("'{}' holds a run with another configuration:", output_dir.string());
  for (std::size_t i = 0; i < std::min(differences.size(), kShown); ++i) {
    message += "\n  " + differences[i];
  }
  if (differences.size() > kShown) {
    message += fmt::format("\n  and {} more", differences.size() - kShown);
  }
  message +=
      "\nGive another output_dir to start a new run; to go on with this one use the same settings, "
      "or `genesis resume`; `genesis extend RUN +N` adds generations";
  return make_error(ErrorKind::conflict, std::move(message));
}

Result<bool> is_finished(const RunSpec& spec) {
  const auto file = store_file_of(spec.output_dir);
  if (!file) return false;  // no run there, or one whose start will say what is wrong
  auto reader = store::StoreReader::open(*file);
  if (!reader) return false;
  const auto stored = (*reader)->meta("config_json");
  if (!stored) return false;
  const json status = json::parse((*reader)->state("status").value_or(""), nullptr, false);
  if (!status.is_object() || status.value("state", "") != "finished") return false;
  const std::string reason = status.value("reason", "");
  if (reason == to_string(StopReason::seed_failed)) return false;
  if (reason == to_string(StopReason::generations)) {
    // `genesis extend` may have set a new end since.
    GENESIS_TRY_ASSIGN(const auto counters, (*reader)->counters());
    const auto extended = (*reader)->state("target_generations");
    if (extended && counters.programs - 1 < std::stoll(*extended)) return false;
  }
  // As a start does it, for specs that were not made from YAML.
  const std::string given = spec.config_json == "{}" ? config_json_of(spec) : spec.config_json;
  GENESIS_TRY(same_configuration(spec.output_dir, *stored, given));
  return true;
}

Status write_run_pointer(const fs::path& output_dir, const fs::path& store_file) {
  const json pointer{{"version", 1}, {"store", store_file.string()}};
  return write_file_atomic(output_dir / ".genesis" / "run.json", pointer.dump() + "\n");
}

Result<fs::path> store_file_of(const fs::path& output_dir) {
  const auto text = read_file(output_dir / ".genesis" / "run.json", 1 << 20);
  if (!text) {
    return make_error(ErrorKind::not_found,
                      fmt::format("'{}' is not the results folder of a run", output_dir.string()));
  }
  const json pointer = json::parse(*text, nullptr, false);
  if (!pointer.is_object() || !pointer.contains("store") || !pointer["store"].is_string()) {
    return make_error(ErrorKind::parse,
                      fmt::format("'{}/.genesis/run.json' is damaged", output_dir.string()));
  }
  const fs::path stored = pointer["store"].get<std::string>();
  // A results folder that was moved or copied still has its store inside.
  std::error_code ignored;
  const fs::path inside = output_dir / "run.sqlite";
  return !fs::exists(stored, ignored) && fs::exists(inside, ignored) ? inside
         : stored.is_absolute()                                      ? stored
                                                                     : output_dir / stored;
}

Result<RunSpec> load_run_spec(const fs::path& output_dir) {
  GENESIS_TRY_ASSIGN(const fs::path file, store_file_of(output_dir));
  GENESIS_TRY_ASSIGN(auto reader, store::StoreReader::open(file));
  const auto text = reader->meta("config_json");
  if (!text) {
    return make_error(ErrorKind::parse, fmt::format("'{}' holds no configuration", file.string()));
  }
  json config = json::parse(*text, nullptr, false);
  if (!config.is_object()) {
    return make_error(ErrorKind::parse,
                      fmt::format("the configuration in '{}' is damaged", file.string()));
  }
  config["output_dir"] = output_dir.string();
  config.erase("hooks");  // stored as they are written: whoever needs them resolves them
  try {
    return bind_run_spec(config);
  } catch (const std::exception& failure) {
    return make_error(ErrorKind::parse, fmt::format("the configuration of '{}' cannot be used: {}",
                                                    output_dir.string(), failure.what()));
  }
}

Result<std::int64_t> extend_target(const fs::path& output_dir, std::int64_t by) {
  if (by <= 0) return make_error(ErrorKind::invalid_argument, "extend by one generation or more");
  if (store::lock_owner(output_dir)) {
    const json request{{"op", "extend"}, {"by", by}};
    GENESIS_TRY_ASSIGN(const std::string answer, control_request(output_dir, request.dump()));
    const json parsed = json::parse(answer, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("target_generations")) {
      return make_error(ErrorKind::internal, fmt::format("the runner answered: {}", answer));
    }
    return parsed["target_generations"].get<std::int64_t>();
  }
  GENESIS_TRY_ASSIGN(auto lock, store::RunLock::acquire(output_dir));
  GENESIS_TRY_ASSIGN(const RunSpec spec, load_run_spec(output_dir));
  store::StoreOptions options;
  GENESIS_TRY_ASSIGN(options.file, store_file_of(output_dir));
  options.post = [](std::function<void()> call) { call(); };
  options.on_trouble = [](Status) {};
  options.fence = lock->fence();
  options.network_file_system = is_network_file_system(options.file.parent_path());
  GENESIS_TRY_ASSIGN(auto store, store::RunStore::open(std::move(options)));
  std::int64_t target = spec.evo.num_generations;
  if (const auto extended = store->state("target_generations")) target = std::stoll(*extended);
  target += by;
  store->put_state("target_generations", std::to_string(target));
  GENESIS_TRY(store->flush());
  return target;
}

std::string config_json_of(const RunSpec& spec) {
  json config;
  const auto seconds = [](std::chrono::milliseconds duration) {
    return static_cast<double>(duration.count()) / 1000;
  };
  const EvolutionConfig& evo = spec.evo;
  json& e = config["evo_config"];
  e = {{"language", evo.language},
       {"init_program_path", evo.init_program_path},
       {"primary_file", evo.primary_file},
       {"job_type", spec.job.type},
       {"num_generations", evo.num_generations},
       {"max_parallel_jobs", evo.max_parallel_jobs},
       {"lookahead", evo.lookahead},
       {"max_patch_attempts", evo.max_patch_attempts},
       {"max_proposals_in_a_row", evo.max_proposals_in_a_row},
       {"max_attempts", evo.max_attempts},
       {"evaluation_cache", evo.evaluation_cache},
       {"syntax_check", evo.syntax_check}};
  if (evo.max_evaluations) e["max_evaluations"] = *evo.max_evaluations;
  if (evo.max_wall_time) e["max_wall_time"] = seconds(*evo.max_wall_time);
  if (evo.target_score) e["target_score"] = *evo.target_score;
  if (evo.patience) e["patience"] = *evo.patience;
  if (!evo.init_program_paths.empty()) {
    e.erase("init_program_path");
    e["init_program_paths"] = evo.init_program_paths;
  }
  if (!evo.warm_start.empty()) {
    e["warm_start"] = evo.warm_start;
    e["warm_start_top"] = evo.warm_start_top;
    e["warm_start_trust_scores"] = evo.warm_start_trust_scores;
  }
  const DatabaseConfig& db = spec.db;
  static constexpr const char* kIslands[] = {"uniform", "equal", "proportional", "weighted"};
  static constexpr const char* kParents[] = {"power_law", "weighted", "best_of_n", "sequential"};
  config["db_config"] = {
      {"num_islands", db.num_islands},
      {"archive_size", db.archive_size},
      {"elite_selection_ratio", db.elite_selection_ratio},
      {"num_archive_inspirations", db.num_archive_inspirations},
      {"num_top_k_inspirations", db.num_top_k_inspirations},
      {"migration_interval", db.migration_interval},
      {"migration_rate", db.migration_rate},
      {"island_elitism", db.island_elitism},
      {"enforce_island_separation", db.enforce_island_separation},
      {"island_selection_strategy", kIslands[static_cast<int>(db.island_selection_strategy)]},
      {"parent_selection_strategy", kParents[static_cast<int>(db.parent_selection_strategy)]},
      {"exploitation_alpha", db.exploitation_alpha},
      {"exploitation_ratio", db.exploitation_ratio},
      {"parent_selection_lambda", db.parent_selection_lambda},
      {"store_dir", db.store_dir}};
  if (db.island_reset_age > 0) config["db_config"]["island_reset_age"] = db.island_reset_age;
  if (db.foreign_inspiration_ratio > 0) {
    config["db_config"]["foreign_inspiration_ratio"] = db.foreign_inspiration_ratio;
  }
  config["mutation"] = {{"operators", spec.mutation.operators},
                        {"adaptive", spec.mutation.adaptive}};
  static constexpr const char* kKeep[] = {"auto", "all", "improvements", "best", "none"};
  config["results"] = {{"keep", kKeep[static_cast<int>(spec.results.keep)]},
                       {"keep_all_up_to", spec.results.keep_all_up_to},
                       {"min_free_bytes", spec.results.min_free_bytes},
                       {"min_free_inodes", spec.results.min_free_inodes}};
  config["job_config"] = json::parse(spec.job.options_json);
  config["exp_name"] = spec.task;
  config["output_dir"] = spec.output_dir.string();
  config["seed"] = spec.seed;
  return config.dump();
}

}  // namespace genesis::run
