#include "launch/slurm/batch_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "launch/exit_record.h"
#include "launch/staging.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMarkDigits = 20;
constexpr std::size_t kRunDigits = 12;

/// The words of a command, each quoted.
std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += shell_word(word);
  }
  return line;
}

/// Folders that the command names or runs in: a container sees what is bound into it. One that is
/// below another goes without saying.
std::vector<std::string> folders_to_bind(const JobSpec& spec,
                                         const std::vector<std::string>& argv) {
  std::set<fs::path> folders{spec.work_dir.lexically_normal()};
  if (!spec.cwd.empty()) folders.insert(spec.cwd.lexically_normal());
  const auto add = [&](const fs::path& named) {
    std::error_code ignored;
    if (!named.is_absolute() || !fs::exists(named, ignored)) return;
    const fs::path folder = fs::is_directory(named, ignored) ? named : named.parent_path();
    if (folder != folder.root_path()) folders.insert(folder.lexically_normal());
  };
  for (std::size_t i = 1; i < argv.size(); ++i) add(argv[i]);
  if (const auto path = spec.environment.find("PYTHONPATH"); path != spec.environment.end()) {
    for (const std::string_view folder : split(path->second, ':')) add(fs::path(folder));
  }
  std::vector<std::string> bound;
  for (const fs::path& folder : folders) {
    const std::string text = folder.string();
    const bool below = !bound.empty() && text.starts_with(bound.back() + "/");
    if (!below) bound.push_back(text);
  }
  return bound;
}

/// The variables of the job, on top of what the cluster gives it.
std::map<std::string, std::string> job_environment(const JobSpec& spec,
                                                   const SlurmOptions& options) {
  Environment variables;
  set_numeric_threads(variables, options.numeric_threads_per_job.value_or(spec.resources.cpus));
  for (const auto& [name, value] : spec.environment) {
    variables[name] = substitute_folders(value, spec.work_dir);
  }
  variables["GENESIS_ATTEMPT_TOKEN"] = spec.token;
  return variables;
}

/// docker run … image, without the command.
std::vector<std::string> docker_words(const JobSpec& spec, const SlurmOptions& options,
                                      const std::vector<std::string>& argv,
                                      const std::string& name) {
  std::vector<std::string> words{"docker", "run", "--rm", "--init", "--name", name};
  for (const std::string& folder : folders_to_bind(spec, argv)) {
    words.insert(words.end(), {"-v", folder + ":" + folder});
  }
  words.insert(words.end(), {"-w", (spec.cwd.empty() ? spec.work_dir : spec.cwd).string()});
  for (const auto& [variable, value] : job_environment(spec, options)) {
    words.insert(words.end(), {"-e", variable});
  }
  if (spec.resources.gpus > 0) words.insert(words.end(), {"--gpus", "all"});
  return words;
}

std::vector<std::string> apptainer_words(const JobSpec& spec,
                                         const std::vector<std::string>& argv) {
  std::vector<std::string> words{"apptainer", "exec"};
  if (spec.resources.gpus > 0) words.emplace_back("--nv");
  for (const std::string& folder : folders_to_bind(spec, argv)) {
    words.insert(words.end(), {"--bind", folder});
  }
  words.insert(words.end(), {"--pwd", (spec.cwd.empty() ? spec.work_dir : spec.cwd).string()});
  return words;
}

std::vector<std::string> enroot_words(const JobSpec& spec, const SlurmOptions& options,
                                      const std::vector<std::string>& argv) {
  std::vector<std::string> words{"enroot", "start"};
  for (const std::string& folder : folders_to_bind(spec, argv)) {
    words.insert(words.end(), {"--mount", folder + ":" + folder});
  }
  for (const auto& [variable, value] : job_environment(spec, options)) {
    words.insert(words.end(), {"--env", variable});
  }
  return words;
}

std::string module_lines(const std::vector<std::string>& modules) {
  if (modules.empty()) return {};
  std::string lines =
      "step='loading the modules'\n"
      "type module >/dev/null 2>&1 || . /etc/profile >/dev/null 2>&1\n"
      "type module >/dev/null 2>&1 || { echo 'this node has no `module` command' >&2; exit 1; }\n";
  for (const std::string& module : modules) {
    lines += fmt::format("module load {} || exit 1\n", shell_word(module));
  }
  return lines;
}

std::string activation_lines(const SlurmOptions& options) {
  if (!options.conda_env.empty()) {
    return fmt::format("step={}\n{}", shell_word("activating the conda environment"),
                       conda_activation(options.conda_env));
  }
  if (!options.activate_script.empty()) {
    return fmt::format("step={}\n{}", shell_word("sourcing " + options.activate_script),
                       script_activation(options.activate_script));
  }
  return {};
}

std::string image_lines(const SlurmOptions& options) {
  if (options.image_tar_path.empty()) return {};
  const std::string image = shell_word(options.image);
  return fmt::format(
      "step='loading the image'\n"
      "docker image inspect {} >/dev/null 2>&1 || docker load -i {} || exit 1\n",
      image, shell_word(options.image_tar_path));
}

/// From the first line that is ours to the job itself.
std::string job_lines(const JobSpec& spec, const SlurmOptions& options, const RunPlaces& places,
                      const std::vector<std::string>& command, const std::string& name) {
  const std::string mark = attempt_mark(spec.token);
  const fs::path state = state_folder(spec.work_dir);
  std::string text = fmt::format(
      "step='starting'\n"
      "tell_failure() {{ printf '%s\\n' \"$step\" >{0}; : >{1}; }}\n"
      "trap tell_failure EXIT\n",
      shell_word((state / kSetupFailedFile).string()),
      shell_word((places.events() / (mark + ".ended")).string()));
  text += module_lines(options.modules) + activation_lines(options) + image_lines(options);
  text += "step='starting the job'\n";
  for (const auto& [variable, value] : job_environment(spec, options)) {
    text += fmt::format("export {}={}\n", variable, shell_word(value));
  }
  const auto limit = spec.limits.wall_time.value_or(std::chrono::milliseconds{0});
  const std::string cleanup =
      options.container == Container::docker ? "docker rm -f " + shell_word(name) : "";
  std::vector<std::string> words{"/bin/sh",
                                 places.job_script().string(),
                                 places.events().string(),
                                 mark,
                                 spec.work_dir.string(),
                                 shell_seconds(limit),
                                 shell_seconds(spec.limits.kill_grace),
                                 std::to_string(kLogBytes),
                                 (spec.cwd.empty() ? spec.work_dir : spec.cwd).string(),
                                 ulimits_of(spec.limits),
                                 cleanup};
  words.insert(words.end(), command.begin(), command.end());
  // What is wrong with the node is told before the candidate could be blamed for it.
  for (const fs::path& needed :
       {places.job_script(), spec.cwd.empty() ? spec.work_dir : spec.cwd}) {
    const std::string word = shell_word(needed.string());
    text += fmt::format("[ -r {0} ] || {{ echo \"$(uname -n) has no\" {0} >&2; exit 1; }}\n", word);
  }
  return text + "trap - EXIT\nexec " + shell_line(words) + "\n";
}

/// In names of files sbatch reads %j and the like.
std::string without_patterns(const std::string& path) {
  std::string text;
  for (const char letter : path) text.append(letter == '%' ? 2 : 1, letter);
  return text;
}

bool is_variable_name(const std::string& name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_';
  });
}

}  // namespace

Result<std::vector<std::string>> command_on_node(const JobSpec& spec, const SlurmOptions& options,
                                                 const std::string& name) {
  std::vector<std::string> argv;
  for (const std::string& word : spec.argv) argv.push_back(substitute_folders(word, spec.work_dir));
  std::vector<std::string> words;
  switch (options.container) {
    case Container::none:
      return argv;
    case Container::docker:
      words = docker_words(spec, options, argv, name);
      break;
    case Container::apptainer:
      words = apptainer_words(spec, argv);
      break;
    case Container::enroot:
      words = enroot_words(spec, options, argv);
      break;
  }
  GENESIS_TRY_ASSIGN(const auto flags, split_flags(options.docker_flags));
  words.insert(words.end(), flags.begin(), flags.end());
  words.push_back(options.image);
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

std::string activation_script(const SlurmOptions& options) {
  return module_lines(options.modules) + activation_lines(options);
}

fs::path state_folder(const fs::path& work_dir) {
  return work_dir / ".slurm";
}

std::string job_name_prefix(std::string_view run_id) {
  return "genesis-" + sha256_hex(run_id).substr(0, kRunDigits) + "-";
}

std::string attempt_mark(std::string_view token) {
  return sha256_hex(token).substr(0, kMarkDigits);
}

std::string mark_of(std::string_view job_name, std::string_view prefix) {
  if (!job_name.starts_with(prefix)) return {};
  job_name.remove_prefix(prefix.size());
  const bool plain = job_name.size() == kMarkDigits &&
                     job_name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return plain ? std::string(job_name) : std::string();
}

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      word += "'\\''";
    } else if (letter != '\0') {
      word += letter;
    }
  }
  return word + "'";
}

Result<std::string> batch_script(const JobSpec& spec, const SlurmOptions& options,
                                 const RunPlaces& places, const std::string& shape) {
  for (const auto& [name, value] : spec.environment) {
    if (is_variable_name(name)) continue;
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("write the batch script: '{}' cannot name a variable of a shell; "
                                  "rename it in job_config.env_vars",
                                  name));
  }
  const std::string container = "genesis-" + attempt_mark(spec.token);
  GENESIS_TRY_ASSIGN(const auto command, command_on_node(spec, options, container));
  const std::string lines = job_lines(spec, options, places, command, container);
  if (shape.empty()) return "#!/bin/bash\n" + lines;
  constexpr std::string_view kPlace = "{job}";
  std::string text;
  int places_found = 0;
  for (const std::string_view line : split_lines(shape)) {
    if (trim(line) == kPlace) {
      text += lines;
      ++places_found;
    } else {
      text.append(line).append("\n");
    }
  }
  if (places_found != 1 || !text.starts_with("#!")) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("job_config.batch_template '{}' must begin with #!/bin/bash and "
                                  "have exactly one line {{job}}; found {}",
                                  options.batch_template.string(), places_found));
  }
  return text;
}

namespace {

/// What a job asks for; where its output goes comes before it.
void add_resources(const JobSpec& spec, const SlurmOptions& options,
                   std::vector<std::string>& words) {
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("--{}={}", flag, value));
  };
  add("cpus-per-task", std::to_string(spec.resources.cpus));
  if (spec.limits.wall_time) {
    // SLURM's limit is the same, in whole minutes: it is the one that the partition knows.
    const auto minutes = (spec.limits.wall_time->count() + 59'999) / 60'000;
    add("time", std::to_string(std::max<std::int64_t>(1, minutes)));
  }
  if (spec.limits.memory_bytes) {
    add("mem", fmt::format("{}M", (*spec.limits.memory_bytes + (1u << 20) - 1) >> 20));
  }
  if (!options.gres.empty()) {
    add("gres", options.gres);
  } else if (spec.resources.gpus > 0) {
    add("gres", fmt::format("gpu:{}", spec.resources.gpus));
  }
  add("partition", options.partition);
  add("account", options.account);
  add("qos", options.qos);
  add("constraint", options.constraint);
  add("nodelist", options.nodelist);
  add("exclude", options.exclude);
  add("reservation", options.reservation);
  words.insert(words.end(), options.sbatch_args.begin(), options.sbatch_args.end());
}

std::vector<std::string> sbatch_words(const std::string& name, const std::string& output,
                                      const fs::path& folder) {
  return {"sbatch",    "--parsable", "--job-name=" + name, "--no-requeue",
          "--nodes=1", "--ntasks=1", "--output=" + output, "--chdir=" + folder.string()};
}

}  // namespace

std::vector<std::string> sbatch_command(const JobSpec& spec, const SlurmOptions& options,
                                        const std::string& name, const fs::path& script) {
  const std::string log = without_patterns((state_folder(spec.work_dir) / kSlurmLog).string());
  std::vector<std::string> words = sbatch_words(name, log, spec.work_dir);
  add_resources(spec, options, words);
  words.push_back(script.string());
  return words;
}

std::vector<std::string> sbatch_array_command(const JobSpec& spec, const SlurmOptions& options,
                                              const std::string& name, const fs::path& script,
                                              std::size_t tasks) {
  // Each task writes to its own job's log as soon as it knows which that is.
  std::vector<std::string> words = sbatch_words(name, "/dev/null", script.parent_path());
  words.push_back(fmt::format("--array=0-{}", tasks - 1));
  add_resources(spec, options, words);
  words.push_back(script.string());
  return words;
}

std::vector<std::string> sbatch_pilot_command(const JobSpec& spec, const SlurmOptions& options,
                                              const std::string& name, const fs::path& script,
                                              const fs::path& log, int slots) {
  JobSpec all = spec;
  all.resources.cpus *= slots;
  all.resources.gpus *= slots;
  if (all.limits.memory_bytes) *all.limits.memory_bytes *= static_cast<std::uint64_t>(slots);
  all.limits.wall_time = options.pilot.time;
  std::vector<std::string> words{"sbatch",
                                 "--parsable",
                                 "--job-name=" + name,
                                 "--no-requeue",
                                 fmt::format("--nodes={}", options.pilot.nodes),
                                 "--ntasks-per-node=1",
                                 "--output=" + without_patterns(log.string()),
                                 "--chdir=" + script.parent_path().string()};
  add_resources(all, options, words);
  words.push_back(script.string());
  return words;
}

std::string resources_of(const JobSpec& spec) {
  std::vector<std::string> words;
  add_resources(spec, SlurmOptions(), words);
  return join(words, " ");
}

std::string array_script(const std::vector<fs::path>& work_dirs) {
  std::string text = "#!/bin/bash\ncase $SLURM_ARRAY_TASK_ID in\n";
  for (std::size_t task = 0; task < work_dirs.size(); ++task) {
    const fs::path state = state_folder(work_dirs[task]);
    text += fmt::format("{}) exec /bin/bash {} >{} 2>&1 ;;\n", task,
                        shell_word((state / kBatchScript).string()),
                        shell_word((state / kSlurmLog).string()));
  }
  return text + "esac\nexit 125\n";
}

}  // namespace genesis::launch::slurm
