#include "launch/e2b/e2b_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "genesis/base/home.h"
#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "launch/common_options.h"
#include "launch/e2b/e2b_doctor.h"
#include "launch/e2b/e2b_launcher.h"
#include "launch/e2b/provider_choice.h"
#include "launch/pricing/price_file.h"

namespace genesis::launch {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

double seconds_of(milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

template <typename T>
void put(json& target, const char* key, const T& value, const T& usual) {
  if (!(value == usual)) target[key] = value;
}

void put(json& target, const char* key, milliseconds value, milliseconds usual) {
  if (value != usual) target[key] = seconds_of(value);
}

void put(json& target, const char* key, const std::optional<bool>& value) {
  if (value) target[key] = *value;
}

}  // namespace

/// Only what differs from the defaults: they are part of a run's identity.
E2BJobConfig::operator JobConfig() const {
  const E2BJobConfig usual;
  json options = json::object();
  options["eval_program_path"] = eval_program_path;
  put(options, "evaluator_command", evaluator_command, usual.evaluator_command);
  put(options, "extra_cmd_args", extra_cmd_args, usual.extra_cmd_args);
  options["template"] = template_id;
  options["timeout"] = seconds_of(timeout);
  options["dependencies"] = dependencies;
  options["additional_files"] = additional_files;
  options["env_vars"] = env_vars;
  put(options, "download", download, usual.download);
  put(options, "max_download_bytes", max_download_bytes, usual.max_download_bytes);
  put(options, "user", user, usual.user);
  put(options, "cwd", cwd, usual.cwd);
  put(options, "python", python, usual.python);
  put(options, "metadata", metadata, usual.metadata);
  put(options, "secure", secure);
  put(options, "allow_internet_access", allow_internet_access);
  put(options, "sandbox_reuse", sandbox_reuse, usual.sandbox_reuse);
  put(options, "recycle_after", recycle_after, usual.recycle_after);
  put(options, "warm_sandboxes", warm_sandboxes, usual.warm_sandboxes);
  put(options, "creates_per_second", creates_per_second, usual.creates_per_second);
  put(options, "setup_timeout", setup_timeout, usual.setup_timeout);
  put(options, "download_timeout", download_timeout, usual.download_timeout);
  put(options, "orphan_grace", orphan_grace, usual.orphan_grace);
  put(options, "prepared_templates", prepared_templates, usual.prepared_templates);
  put(options, "keep_snapshots", keep_snapshots, usual.keep_snapshots);
  put(options, "prices", prices, usual.prices);
  put(options, "provider", provider, usual.provider);
  JobConfig config;
  config.type = "e2b";
  config.options_json = options.dump(-1, ' ', false, json::error_handler_t::replace);
  return config;
}

namespace e2b {

namespace {

void at_least(OptionReader& reader, std::string_view key, int value, int least) {
  if (value < least) reader.fail(key, fmt::format("must be {} or more, found {}", least, value));
}

void read_time(OptionReader& reader, std::string_view key, milliseconds& out) {
  reader.read(key, out);
  if (out <= milliseconds{0}) reader.fail(key, "must be longer than zero");
}

void read_files(OptionReader& reader, E2BOptions& options) {
  reader.read("additional_files", options.additional_files);
  for (const auto& [there, here] : options.additional_files) {
    const bool leaves = ("/" + there + "/").find("/../") != std::string::npos;
    if (there.empty() || here.empty() || leaves || there.find('\0') != std::string::npos) {
      reader.fail("additional_files",
                  fmt::format("'{}: {}': expected a path in the sandbox and one of this machine",
                              there, here));
    }
  }
  reader.read("download", options.download);
  reader.read_bytes("max_download_bytes", options.max_download_bytes);
}

void read_sandbox(OptionReader& reader, E2BOptions& options) {
  reader.read("template", options.sandbox_template);
  if (options.sandbox_template.empty()) reader.fail("template", "must name a sandbox template");
  reader.read("dependencies", options.dependencies);
  for (const std::string& name : options.dependencies) {
    if (name.empty() || name[0] == '-') {
      reader.fail("dependencies", fmt::format("'{}' is no package for pip", name));
    }
  }
  reader.read("prepared_templates", options.prepared_templates);
  reader.read("keep_snapshots", options.keep_snapshots);
  reader.read("prices", options.prices);
  reader.read("user", options.user);
  reader.read("cwd", options.cwd);
  reader.read("python", options.python);
  if (options.python.empty()) reader.fail("python", "must name the sandbox's interpreter");
  reader.read("metadata", options.metadata);
  for (const auto& [key, value] : options.metadata) {
    if (key.starts_with("genesis_")) {
      reader.fail("metadata", fmt::format("'{}': names with genesis_ are the launcher's", key));
    }
  }
  reader.read("secure", options.secure);
  reader.read("allow_internet_access", options.allow_internet_access);
  reader.read_enum("provider", options.provider,
                   {{"auto", ProviderChoice::automatic},
                    {"cloud", ProviderChoice::cloud},
                    {"local", ProviderChoice::local}});
}

void read_pool(OptionReader& reader, E2BOptions& options) {
  reader.read_enum("sandbox_reuse", options.reuse,
                   {{"per_job", SandboxReuse::per_job}, {"pooled", SandboxReuse::pooled}});
  reader.read("recycle_after", options.recycle_after);
  at_least(reader, "recycle_after", options.recycle_after, 1);
  reader.read("warm_sandboxes", options.warm_sandboxes);
  at_least(reader, "warm_sandboxes", options.warm_sandboxes, 0);
  reader.read("creates_per_second", options.creates_per_second);
  if (!(options.creates_per_second > 0)) reader.fail("creates_per_second", "must be more than 0");
  read_time(reader, "setup_timeout", options.setup_timeout);
  read_time(reader, "download_timeout", options.download_timeout);
  read_time(reader, "orphan_grace", options.orphan_grace);
}

/// As prepared_templates names them.
std::string names_of(std::vector<std::string> dependencies) {
  std::sort(dependencies.begin(), dependencies.end());
  return join(dependencies, ",");
}

/// Found at the start rather than by the first job; patterns and folders are looked at when packed.
Status check_additional_files(const E2BOptions& options) {
  for (const auto& [there, here] : options.additional_files) {
    std::error_code ignored;
    if (here.find_first_of("*?[") != std::string::npos) continue;
    if (std::filesystem::exists(find_data_file(here), ignored)) continue;
    return make_error(ErrorKind::not_found,
                      fmt::format("job_config.additional_files: '{}' (for '{}' in the sandbox) is "
                                  "not there",
                                  here, there));
  }
  return {};
}

/// What the template decides, or this machine's shell: silently ignored it would mislead.
void refuse_what_is_not_here(OptionReader& reader, const EvaluationOptions& options) {
  if (!options.conda_env.empty()) {
    reader.fail("conda_env", "is of this machine; a sandbox has what its template has");
  }
  if (!options.activate_script.empty()) {
    reader.fail("activate_script", "is of this machine; a sandbox has what its template has");
  }
  if (options.limits.memory_bytes) {
    reader.fail("memory", "the template decides how much a sandbox has; choose another template");
  }
  if (options.resources.gpus > 0) reader.fail("gpus", "the template decides what a sandbox has");
}

}  // namespace

E2BBindings bind_e2b_options(const json& options, const std::string& option_path) {
  OptionReader reader(options, option_path);
  E2BBindings bound;
  E2BOptions& own = bound.launcher;
  read_sandbox(reader, own);
  read_files(reader, own);
  read_pool(reader, own);
  milliseconds timeout = E2BJobConfig{}.timeout;
  read_time(reader, "timeout", timeout);
  EvaluationOptions defaults;
  defaults.limits.wall_time = timeout;
  defaults.limits.kill_grace = milliseconds{1500};
  bound.evaluation = read_common_options(reader, std::move(defaults));
  refuse_what_is_not_here(reader, bound.evaluation);
  bound.evaluation.travels = true;
  if (bound.evaluation.python_executable.empty()) {
    bound.evaluation.python_executable = own.python;
  } else {
    own.python = bound.evaluation.python_executable;
  }
  // A template that has them needs no installation.
  if (const auto ready = own.prepared_templates.find(names_of(own.dependencies));
      !own.dependencies.empty() && ready != own.prepared_templates.end()) {
    own.sandbox_template = ready->second;
    own.dependencies.clear();
  }
  own.job_time = bound.evaluation.limits.wall_time;
  own.numeric_threads = bound.evaluation.numeric_threads_per_job;
  reader.finish();
  return bound;
}

}  // namespace e2b

Backend e2b_backend() {
  Backend backend;
  backend.name = "e2b";
  backend.target_names = {"E2BJobConfig"};
  backend.summary = "sandboxes of E2B or its kind, or of this machine";
  backend.parse = [](const json& options, const std::string& option_path) {
    return e2b::bind_e2b_options(options, option_path).evaluation;
  };
  backend.make = [](const json& options,
                    const LauncherContext& context) -> Result<std::unique_ptr<Launcher>> {
    e2b::E2BOptions own = e2b::bind_e2b_options(options, "job_config").launcher;
    GENESIS_TRY(e2b::check_additional_files(own));
    if (!own.prices.empty()) {
      auto prices = read_price_file(find_data_file(own.prices));
      if (!prices) {
        return tl::unexpected<Error>(std::move(prices.error()).with_context("job_config.prices"));
      }
      own.price_list = std::move(*prices);
    }
    GENESIS_TRY_ASSIGN(e2b::ChosenProvider chosen, e2b::make_provider(*context.io, own.provider));
    return make_e2b_launcher(std::move(own), context, std::move(chosen.provider),
                             std::move(chosen.notice));
  };
  backend.doctor = &e2b::doctor;
  return backend;
}

}  // namespace genesis::launch
