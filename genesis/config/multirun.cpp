#include "genesis/config/multirun.h"

#include <utility>

#include "genesis/config/composer.h"
#include "genesis/config/hydra_defaults.h"
#include "genesis/config/interpolation.h"
#include "genesis/config/override.h"
#include "genesis/config/reject.h"
#include "genesis/config/sweep.h"
#include "genesis/config/tree.h"

namespace genesis::config {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::composition, message);
}

std::string selected_text(const Node& tree, std::string_view key, std::int64_t now_unix_millis) {
  Resolver resolver(&tree, now_unix_millis);
  const Node* node = resolver.select(tree, key, false);
  return node == nullptr || node->is_missing() ? "None" : python_str(*node);
}

/// Absolute, without dots and without a slash at the end.
fs::path whole_path(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

void set_value(Node& tree, const std::string& key, Scalar value) {
  Resolver resolver(&tree, 0);
  update(tree, key, Node::make_scalar(std::move(value)), NewKeys::allowed, resolver);
}

/// "key=value" of hydra.sweeper.params, which come before the command line's arguments.
std::vector<std::string> sweeper_params(const Node& tree, std::int64_t now_unix_millis) {
  std::vector<std::string> arguments;
  Resolver resolver(&tree, now_unix_millis);
  const Node* params = resolver.select(tree, "hydra.sweeper.params", false);
  if (params == nullptr || !params->is_map()) return arguments;
  for (const Node::Entry& entry : params->entries()) {
    arguments.push_back(python_str(entry.key) + "=" +
                        python_str(resolver.dereference(*entry.value)));
  }
  return arguments;
}

/// Hydra composes batch by batch; we compose everything before anything runs, so that the size of a
/// batch only has to be one.
void check_sweeper(const Node& tree) {
  const Node* sweeper = tree.find("hydra")->find("sweeper");
  if (sweeper == nullptr || !is_basic_sweeper(*sweeper)) {
    fail("hydra.sweeper: only Hydra's basic sweeper is known here");
  }
  const Node* size = sweeper->find("max_batch_size");
  if (size == nullptr || !size->is_scalar()) return;
  const auto* number = std::get_if<std::int64_t>(&size->scalar());
  if (number != nullptr && *number < 1) fail("hydra.sweeper.max_batch_size must be 1 or more");
}

}  // namespace

RunMode decide_run_mode(ComposeRequest& request, bool multirun_flag) {
  ComposeRequest look = request;
  look.sweep_arguments = SweepArguments::left_out_quietly;
  std::string mode;
  try {
    const ComposedTree composed = compose_tree(look);
    Resolver resolver(composed.tree.get(), look.now_unix_millis);
    const Node* node = resolver.find(*composed.tree->find("hydra"), "mode");
    if (node != nullptr && node->text() != nullptr) mode = *node->text();
  } catch (const ConfigError&) {
    // What is wrong will be said by the composition that counts.
  }
  if (mode == "MULTIRUN") return RunMode::multirun;
  if (multirun_flag) {
    request.overrides.emplace_back("hydra.mode=MULTIRUN");
    return RunMode::multirun;
  }
  if (mode.empty()) request.overrides.emplace_back("hydra.mode=RUN");
  return RunMode::run;
}

Multirun Multirun::plan_or_throw(const ComposeRequest& request) {
  ComposeRequest own_request = request;
  own_request.sweep_arguments = SweepArguments::left_out;
  ComposedTree composed = compose_tree(own_request);
  check_sweeper(*composed.tree);
  std::vector<std::string> arguments = sweeper_params(*composed.tree, request.now_unix_millis);
  arguments.insert(arguments.end(), composed.task_overrides.begin(), composed.task_overrides.end());
  std::vector<std::string> hydra_overrides = composed.hydra_overrides;
  Multirun plan(request, Composition::from_tree(std::move(composed), request.now_unix_millis));
  plan.hydra_overrides_ = std::move(hydra_overrides);
  std::vector<Override> parsed;
  for (const std::string& argument : arguments) parsed.push_back(parse_override(argument));
  // Options that only hydra.searchpath brings are not seen by glob(), as in Hydra.
  const ConfigRepository repository(request.config_dirs);
  const auto options = [&repository](const std::string& group) {
    return repository.group_options(group);
  };
  for (std::vector<std::string>& overrides : sweep_jobs(parsed, options)) {
    plan.jobs_.push_back({plan.jobs_.size(), std::move(overrides)});
  }
  return plan;
}

fs::path Multirun::sweep_dir_or_throw() const {
  const auto dir = own_.text_value("hydra.sweep.dir");
  if (!dir) fail(dir.error().message);
  return whole_path(*dir);
}

Composition Multirun::compose_job_or_throw(const SweepJob& job, const SweepPlaces& places) const {
  ComposeRequest request = request_;
  request.sweep_arguments = SweepArguments::refused;
  request.overrides = hydra_overrides_;
  request.overrides.insert(request.overrides.end(), job.overrides.begin(), job.overrides.end());
  ComposedTree composed = compose_tree(request);
  Node& tree = *composed.tree;
  if (places.sweep_dir) set_value(tree, "hydra.sweep.dir", *places.sweep_dir);
  set_value(tree, "hydra.job.id", std::to_string(job.number));
  set_value(tree, "hydra.job.num", static_cast<std::int64_t>(job.number));
  const std::int64_t now = request.now_unix_millis;
  const fs::path dir = selected_text(tree, "hydra.sweep.dir", now);
  const fs::path folder = whole_path(dir / selected_text(tree, "hydra.sweep.subdir", now));
  set_value(tree, "hydra.runtime.output_dir", folder.string());
  if (!places.folder_key.empty()) set_value(tree, places.folder_key, folder.string());
  return Composition::from_tree(std::move(composed), now);
}

Status Multirun::write_multirun_yaml(const fs::path& folder) const {
  GENESIS_TRY(make_directories(folder));
  GENESIS_TRY_ASSIGN(const std::string yaml, own_.yaml(ConfigPart::all, false));
  return write_file_atomic(folder / "multirun.yaml", yaml);
}

Result<Multirun> Multirun::plan(const ComposeRequest& request) {
  try {
    return plan_or_throw(request);
  } catch (const ConfigError& error) {
    return tl::unexpected<Error>(error.to_error());
  }
}

Result<Composition> Multirun::compose_job(const SweepJob& job, const SweepPlaces& places) const {
  try {
    return compose_job_or_throw(job, places);
  } catch (const ConfigError& error) {
    return tl::unexpected<Error>(error.to_error());
  }
}

}  // namespace genesis::config
