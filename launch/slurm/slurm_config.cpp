#include "launch/slurm/slurm_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "genesis/base/home.h"
#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "launch/common_options.h"
#include "launch/pricing/price_file.h"
#include "launch/slurm/batch_script.h"
#include "launch/slurm/slurm_launcher.h"

namespace genesis::launch {

namespace slurm {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = failure == std::errc() && end == text.data() + text.size();
  return all && value >= 0 && value < 1'000'000'000 ? std::optional(value) : std::nullopt;
}

/// The forms that sbatch has and we do not: minutes as a plain number, "days-hours[:minutes[:s]]".
std::optional<milliseconds> slurm_time(std::string_view text) {
  text = trim(text);
  if (const auto plain = whole_number(text)) return minutes{*plain};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto days = whole_number(text.substr(0, dash));
  const auto parts = split(text.substr(dash + 1), ':');
  if (!days || parts.size() > 3) return std::nullopt;
  std::int64_t seconds = *days * 86'400;
  std::int64_t unit = 3600;
  for (const std::string_view part : parts) {
    const auto number = whole_number(part);
    if (!number) return std::nullopt;
    seconds += *number * unit;
    unit /= 60;
  }
  return std::chrono::seconds{seconds};
}

/// `time` as seconds, which the common options understand.
json with_our_time(json options) {
  if (!options.is_object() || !options.contains("time")) return options;
  json& time = options["time"];
  std::optional<milliseconds> found;
  if (time.is_number_integer()) found = slurm_time(time.dump());
  if (time.is_string()) found = slurm_time(time.get<std::string>());
  if (found) time = std::chrono::duration<double>(*found).count();
  return options;
}

/// Text that may also be null.
void read_text(OptionReader& reader, const char* key, std::string& out) {
  std::optional<std::string> value = out;
  reader.read(key, value);
  out = value.value_or("");
  if (out.find_first_of(std::string_view("\n\0", 2)) != std::string::npos) {
    reader.fail(key, "must be one line");
  }
}

void read_list(OptionReader& reader, const char* key, std::vector<std::string>& out) {
  std::optional<std::vector<std::string>> value = out;
  reader.read(key, value);
  out = value.value_or(std::vector<std::string>{});
  for (const std::string& word : out) {
    if (word.empty()) reader.fail(key, "has an empty text in it");
  }
}

/// What the launcher itself decides, with the option of ours that does, if any.
void check_sbatch_args(OptionReader& reader, const std::vector<std::string>& args) {
  static constexpr std::array<std::pair<const char*, const char*>, 26> kOurs{
      {{"--job-name", ""},  {"-J", ""},
       {"--output", ""},    {"-o", ""},
       {"--error", ""},     {"-e", ""},
       {"--array", ""},     {"-a", ""},
       {"--wrap", ""},      {"--parsable", ""},
       {"--wait", ""},      {"-W", ""},
       {"--test-only", ""}, {"--export", ""},
       {"--chdir", ""},     {"-D", ""},
       {"--time", "time"},  {"-t", "time"},
       {"--mem", "mem"},    {"--gres", "gres"},
       {"--requeue", ""},   {"--input", ""},
       {"-i", ""},          {"--nodes", ""},
       {"-N", ""},          {"--cpus-per-task", "cpus"}}};
  for (const std::string& word : args) {
    const std::string flag = word.substr(0, word.find('='));
    for (const auto& [ours, option] : kOurs) {
      const bool same = flag == ours || (ours[1] != '-' && word.starts_with(ours));
      if (!same) continue;
      reader.fail("sbatch_args", *option != '\0' ? fmt::format("{} is job_config.{}", ours, option)
                                                 : fmt::format("{} is the launcher's own", ours));
    }
  }
}

void read_placement(OptionReader& reader, SlurmOptions& options) {
  read_text(reader, "partition", options.partition);
  read_text(reader, "account", options.account);
  read_text(reader, "qos", options.qos);
  read_text(reader, "constraint", options.constraint);
  read_text(reader, "nodelist", options.nodelist);
  read_text(reader, "exclude", options.exclude);
  read_text(reader, "reservation", options.reservation);
  read_text(reader, "gres", options.gres);
  read_list(reader, "sbatch_args", options.sbatch_args);
  check_sbatch_args(reader, options.sbatch_args);
  std::string batch_template;
  read_text(reader, "batch_template", batch_template);
  read_text(reader, "prices", options.prices);
  if (!batch_template.empty()) options.batch_template = find_data_file(batch_template);
}

void read_flags(OptionReader& reader, const char* key, std::string& out) {
  std::optional<std::string> value = out;
  reader.read(key, value);
  out = value.value_or("");
  if (const auto words = split_flags(out); !words) reader.fail(key, words.error().message);
}

void read_surroundings(OptionReader& reader, SlurmOptions& options) {
  read_list(reader, "modules", options.modules);
  reader.read("env_passthrough", options.env_passthrough);
  if (options.container == Container::none) return;
  if (options.container == Container::docker) options.image = "ubuntu:latest";
  read_text(reader, "image", options.image);
  if (options.image.empty()) reader.fail("image", "must name a container image");
  if (options.image.starts_with('-')) reader.fail("image", "cannot begin with a dash");
  if (options.container == Container::docker) {
    read_text(reader, "image_tar_path", options.image_tar_path);
    read_flags(reader, "docker_flags", options.docker_flags);
  } else {
    read_flags(reader, "container_flags", options.docker_flags);
  }
}

void read_mode(OptionReader& reader, Mode& mode) {
  std::string name = "job";
  reader.read("mode", name);
  const std::vector<std::string> known{"job", "array", "pilot"};
  if (name == "auto") {
    reader.fail("mode", "'auto' is not part of this version yet; use job, array or pilot");
  }
  const auto found = std::find(known.begin(), known.end(), name);
  if (found == known.end()) {
    reader.fail("mode", fmt::format("'{}' is none of: job, array, pilot{}", name,
                                    did_you_mean(name, known)));
  }
  mode = static_cast<Mode>(found - known.begin());
}

/// What is the same for all jobs cannot be a script of each.
void check_mode(const OptionReader& reader, const SlurmOptions& options) {
  const char* const name = options.mode == Mode::array ? "array" : "pilot";
  if (options.mode != Mode::job && !options.batch_template.empty()) {
    reader.fail("mode", fmt::format("'{}' excludes batch_template: evaluations have no batch "
                                    "script of their own",
                                    name));
  }
  if (options.mode == Mode::pilot && options.container == Container::docker) {
    reader.fail("mode",
                "'pilot' excludes slurm_docker: containers of Docker are nobody's children, so "
                "that a worker cannot end them; use job or array, or slurm_apptainer");
  }
}

void read_times(OptionReader& reader, SlurmOptions& options) {
  const auto read = [&](const char* key, milliseconds& out) {
    reader.read(key, out);
    if (out <= milliseconds{0}) reader.fail(key, "must be longer than zero");
  };
  read("unknown_grace", options.unknown_grace);
  read("file_wait", options.file_wait);
  read("command_timeout", options.command_timeout);
  read("poll_interval", options.poll_interval);
  read("claim_time", options.claim_time);
  read("batch_window", options.batch_window);
  reader.read("probe", options.probe);
  read("probe_every", options.probe_every);
}

EvaluationOptions slurm_defaults() {
  EvaluationOptions options;
  options.limits.wall_time = std::chrono::hours{1};
  options.limits.memory_bytes = std::uint64_t{8} << 30;
  options.resources.gpus = 1;
  options.warm = WarmStarts::never;
  return options;
}

}  // namespace

Result<std::vector<std::string>> split_flags(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const bool blank = letter == ' ' || letter == '\t' || letter == '\n';
    if (quote == 0 && blank) {
      if (in_word) words.push_back(std::exchange(word, ""));
      in_word = false;
      continue;
    }
    in_word = true;
    if (quote == 0 && (letter == '\'' || letter == '"')) {
      quote = letter;
    } else if (letter == quote) {
      quote = 0;
    } else if (letter == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else {
      word += letter;
    }
  }
  if (quote != 0) {
    return make_error(ErrorKind::parse, fmt::format("a quote ({}) is not closed", quote));
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

SlurmBindings bind_slurm_options(Container container, const json& written,
                                 const std::string& option_path) {
  const json options = with_our_time(written);
  OptionReader reader(options, option_path);
  SlurmBindings bound;
  bound.launcher.container = container;
  read_placement(reader, bound.launcher);
  read_surroundings(reader, bound.launcher);
  OptionReader own = reader.object("slurm");
  read_mode(own, bound.launcher.mode);
  EvaluationOptions defaults = slurm_defaults();
  if (bound.launcher.mode == Mode::pilot) defaults.warm = WarmStarts::when_ready;
  bound.evaluation = read_common_options(reader, std::move(defaults));
  read_times(own, bound.launcher);
  read_pilot_options(own, bound.launcher.pilot);
  check_mode(own, bound.launcher);
  if (bound.launcher.mode == Mode::pilot) {
    check_pilot_time(own, bound.launcher.pilot, bound.evaluation.limits);
    bound.launcher.pilot.warm = bound.evaluation.warm;
  }
  own.finish();
  reader.finish();
  EvaluationOptions& evaluation = bound.evaluation;
  if (container != Container::none &&
      !(evaluation.conda_env.empty() && evaluation.activate_script.empty())) {
    reader.fail(evaluation.conda_env.empty() ? "activate_script" : "conda_env",
                "is for jobs without a container; the image brings its own environment");
  }
  bound.launcher.conda_env = evaluation.conda_env;
  bound.launcher.activate_script = evaluation.activate_script;
  bound.launcher.numeric_threads_per_job = evaluation.numeric_threads_per_job;
  // A name without a folder, and what is in a container, is found where the job runs.
  const bool bare = !evaluation.python_executable.empty() &&
                    evaluation.python_executable.find('/') == std::string::npos;
  evaluation.interpreter_there = container != Container::none || bare;
  return bound;
}

}  // namespace slurm

namespace {

using nlohmann::json;
using slurm::Container;

template <typename T>
void put(json& target, const char* key, const T& value, const T& usual) {
  if (!(value == usual)) target[key] = value;
}

json common_part(const SlurmJobConfig& config) {
  const SlurmJobConfig usual;
  json options = json::object();
  options["eval_program_path"] = config.eval_program_path;
  options["partition"] = config.partition;
  options["time"] = fmt::format("{}ms", config.time.count());
  options["cpus"] = config.cpus;
  options["gpus"] = config.gpus;
  options["mem"] = config.mem;
  options["modules"] = config.modules;
  options["env_vars"] = config.env_vars;
  put(options, "evaluator_command", config.evaluator_command, usual.evaluator_command);
  put(options, "extra_cmd_args", config.extra_cmd_args, usual.extra_cmd_args);
  put(options, "env_passthrough", config.env_passthrough, usual.env_passthrough);
  if (config.numeric_threads_per_job) {
    options["numeric_threads_per_job"] = *config.numeric_threads_per_job;
  }
  put(options, "python_executable", config.python_executable, usual.python_executable);
  put(options, "account", config.account, usual.account);
  put(options, "qos", config.qos, usual.qos);
  put(options, "constraint", config.constraint, usual.constraint);
  put(options, "nodelist", config.nodelist, usual.nodelist);
  put(options, "exclude", config.exclude, usual.exclude);
  put(options, "reservation", config.reservation, usual.reservation);
  put(options, "gres", config.gres, usual.gres);
  put(options, "sbatch_args", config.sbatch_args, usual.sbatch_args);
  put(options, "batch_template", config.batch_template, usual.batch_template);
  put(options, "prices", config.prices, usual.prices);
  return options;
}

JobConfig made(const char* type, const json& options) {
  JobConfig config;
  config.type = type;
  config.options_json = options.dump(-1, ' ', false, json::error_handler_t::replace);
  return config;
}

Result<std::unique_ptr<Launcher>> priced_launcher(slurm::SlurmOptions own,
                                                  const LauncherContext& context) {
  if (!own.prices.empty()) {
    auto prices = read_price_file(find_data_file(own.prices));
    if (!prices) {
      return tl::unexpected<Error>(std::move(prices.error()).with_context("job_config.prices"));
    }
    own.price_list = std::move(*prices);
  }
  return make_slurm_launcher(std::move(own), context);
}

Backend slurm_backend(std::string name, std::string target, std::string summary,
                      Container container) {
  Backend backend;
  backend.name = std::move(name);
  backend.target_names = {std::move(target)};
  backend.summary = std::move(summary);
  backend.parse = [container](const json& options, const std::string& option_path) {
    return slurm::bind_slurm_options(container, options, option_path).evaluation;
  };
  backend.make = [container](const json& options, const LauncherContext& context) {
    return priced_launcher(slurm::bind_slurm_options(container, options, "job_config").launcher,
                           context);
  };
  backend.doctor = [] { return std::vector<DoctorLine>{}; };
  return backend;
}

}  // namespace

SlurmCondaJobConfig::operator JobConfig() const {
  json options = common_part(*this);
  put(options, "conda_env", conda_env, std::string());
  put(options, "activate_script", activate_script, std::string());
  return made("slurm_conda", options);
}

SlurmDockerJobConfig::operator JobConfig() const {
  json options = common_part(*this);
  options["image"] = image;
  put(options, "image_tar_path", image_tar_path, std::string());
  put(options, "docker_flags", docker_flags, std::string());
  return made("slurm_docker", options);
}

SlurmApptainerJobConfig::operator JobConfig() const {
  json options = common_part(*this);
  options["image"] = image;
  put(options, "container_flags", container_flags, std::string());
  return made("slurm_apptainer", options);
}

SlurmEnrootJobConfig::operator JobConfig() const {
  json options = common_part(*this);
  options["image"] = image;
  put(options, "container_flags", container_flags, std::string());
  return made("slurm_enroot", options);
}

std::vector<Backend> slurm_backends() {
  std::vector<Backend> backends;
  backends.push_back(slurm_backend("slurm_conda", "SlurmCondaJobConfig", "jobs of a SLURM cluster",
                                   Container::none));
  backends.back().aliases = {"slurm_env"};
  backends.back().target_names.emplace_back("SlurmEnvJobConfig");
  backends.push_back(slurm_backend("slurm_docker", "SlurmDockerJobConfig",
                                   "jobs of a SLURM cluster, in Docker", Container::docker));
  backends.push_back(slurm_backend("slurm_apptainer", "SlurmApptainerJobConfig",
                                   "jobs of a SLURM cluster, in Apptainer", Container::apptainer));
  backends.push_back(slurm_backend("slurm_enroot", "SlurmEnrootJobConfig",
                                   "jobs of a SLURM cluster, in enroot", Container::enroot));
  return backends;
}

}  // namespace genesis::launch
