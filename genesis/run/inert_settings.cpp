#include "genesis/run/inert_settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/text.h"

namespace genesis::run {
namespace {

using nlohmann::json;

constexpr std::string_view kModels = "language models and embeddings are not part of this version";
constexpr std::string_view kProposals =
    "proposals need no workers of their own: evo_config.lookahead says how many wait";
constexpr std::string_view kIslands = "the number of islands is fixed: db_config.num_islands";
constexpr std::string_view kArchive = "the archive keeps the best by combined_score";
constexpr std::string_view kMirror = "there is no mirror to Weights & Biases";
constexpr std::string_view kVersioning = "kept with the configuration only";
constexpr std::string_view kServer =
    "there is no database server: the store is run.sqlite, see db_config.store_dir";

}  // namespace

const std::vector<KnownInert>& known_inert_settings() {
  static const std::vector<KnownInert> all = {
      {"evo_config", "patch_types", kModels},
      {"evo_config", "patch_type_probs", kModels},
      {"evo_config", "max_patch_resamples", kModels},
      {"evo_config", "max_novelty_attempts", kModels},
      {"evo_config", "use_text_feedback", kModels},
      {"evo_config", "llm_models", kModels},
      {"evo_config", "llm_dynamic_selection", kModels},
      {"evo_config", "llm_dynamic_selection_kwargs", kModels},
      {"evo_config", "llm_kwargs", kModels},
      {"evo_config", "meta_rec_interval", kModels},
      {"evo_config", "meta_llm_models", kModels},
      {"evo_config", "meta_llm_kwargs", kModels},
      {"evo_config", "meta_max_recommendations", kModels},
      {"evo_config", "sample_single_meta_rec", kModels},
      {"evo_config", "embedding_model", kModels},
      {"evo_config", "code_embed_sim_threshold", kModels, "1.0"},
      {"evo_config", "novelty_llm_models", kModels},
      {"evo_config", "novelty_llm_kwargs", kModels},
      {"evo_config", "web_search_enabled", kModels},
      {"evo_config", "web_search_prob", kModels},
      {"evo_config", "max_api_costs", kModels},
      {"evo_config", "inspiration_sort_order", kModels},
      {"evo_config", "evolve_prompts", kModels},
      {"evo_config", "prompt_patch_types", kModels},
      {"evo_config", "prompt_patch_type_probs", kModels},
      {"evo_config", "prompt_evolution_interval", kModels},
      {"evo_config", "prompt_archive_size", kModels},
      {"evo_config", "prompt_llm_models", kModels},
      {"evo_config", "prompt_llm_kwargs", kModels},
      {"evo_config", "prompt_ucb_exploration_constant", kModels},
      {"evo_config", "prompt_epsilon", kModels},
      {"evo_config", "prompt_evo_top_k_programs", kModels},
      {"evo_config", "prompt_percentile_recompute_interval", kModels},
      {"evo_config", "enable_controlled_oversubscription", kProposals},
      {"evo_config", "proposal_target_mode", kProposals},
      {"evo_config", "proposal_target_min_samples", kProposals},
      {"evo_config", "proposal_target_ratio_cap", kProposals},
      {"evo_config", "proposal_buffer_max", kProposals},
      {"evo_config", "proposal_target_hard_cap", kProposals},
      {"evo_config", "proposal_target_ewma_alpha", kProposals},
      {"evo_config", "git_commit_sha", kVersioning},
      {"evo_config", "git_dirty", kVersioning},
      {"evo_config", "git_branch", kVersioning},
      {"evo_config", "strategy_name", kVersioning, "\"default\""},
      {"evo_config", "enable_wandb_logging", kMirror},
      {"evo_config", "wandb_project", kMirror},
      {"evo_config", "wandb_entity", kMirror},
      {"evo_config", "wandb_group", kMirror},
      {"evo_config", "wandb_name", kMirror},
      {"evo_config", "wandb_mode", kMirror},
      {"evo_config", "wandb_tags", kMirror},
      {"evo_config", "wandb_notes", kMirror},
      {"evo_config", "wandb_dir", kMirror},
      {"evo_config", "wandb_run_id", kMirror},
      {"evo_config", "wandb_resume", kMirror},
      {"evo_config", "wandb_config", kMirror},
      {"db_config", "db_path", kServer},
      {"db_config", "database_url", kServer},
      {"db_config", "host", kServer},
      {"db_config", "port", kServer},
      {"db_config", "username", kServer},
      {"db_config", "password", kServer},
      {"db_config", "database", kServer},
      {"db_config", "secure", kServer},
      {"db_config", "embedding_model", kModels},
      {"db_config", "num_beams", "there is no beam search"},
      {"db_config", "archive_selection_strategy", kArchive, "\"fitness\""},
      {"db_config", "archive_criteria", kArchive, R"({"combined_score":1.0})"},
      {"db_config", "enable_dynamic_islands", kIslands},
      {"db_config", "stagnation_threshold", kIslands},
      {"db_config", "island_spawn_strategy", kIslands},
      {"db_config", "island_spawn_subtree_size", kIslands},
      {"db_config", "max_stdout_log_chars",
       "the store keeps the last 4 KB of a failed job's error log, files keep all"},
      {"", "max_proposal_jobs", kProposals},
      {"", "max_db_workers", "one writer does all that is written"},
      {"", "verbose", "progress is always shown; --quiet leaves it out"},
      {"", "debug", "evolution_run.log has it all"},
  };
  return all;
}

bool asks_for_nothing(const json& value) {
  return value.is_null() || value == json(false) || value == json::array() ||
         value == json::object();
}

void read_inert_settings(OptionReader& reader, std::string_view section,
                         std::map<std::string, std::string>& kept,
                         std::vector<InertSetting>& found) {
  for (const KnownInert& known : known_inert_settings()) {
    if (known.section != section) continue;
    json value;
    reader.read(known.key, value);
    const bool quiet = !known.quiet.empty() && value == json::parse(known.quiet);
    if (asks_for_nothing(value) || quiet) continue;
    const std::string key(known.key);
    kept[key] = value.dump(-1, ' ', false, json::error_handler_t::replace);
    found.push_back(
        {section.empty() ? key : fmt::format("{}.{}", section, key), std::string(known.why)});
  }
}

std::string inert_notice(const std::vector<InertSetting>& settings) {
  std::vector<std::pair<std::string, std::vector<std::string>>> by_reason;
  for (const InertSetting& setting : settings) {
    auto at = by_reason.begin();
    while (at != by_reason.end() && at->first != setting.why) ++at;
    if (at == by_reason.end()) at = by_reason.insert(at, {setting.why, {}});
    at->second.push_back(setting.key);
  }
  std::string text;
  for (const auto& [why, keys] : by_reason) {
    text += fmt::format("no effect: {} ({})\n", join(keys, ", "), why);
  }
  return text;
}

}  // namespace genesis::run
