#include "launch/slurm/controller_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/config/node_json.h"
#include "genesis/config/reject.h"
#include "genesis/config/yaml_load.h"
#include "launch/command_options.h"
#include "launch/slurm/controller_script.h"
#include "launch/slurm/slurm_ask.h"
#include "launch/slurm/slurm_doctor.h"
#include "launch/slurm/slurm_reasons.h"
#include "launch/slurm/slurm_report.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

using std::chrono::seconds;

struct StartArguments {
  FindRun find_run;
  ControllerPlan plan;
  seconds time{std::chrono::hours{24}};
  std::optional<seconds> before;
  std::vector<std::string> words;
};
using Given = std::shared_ptr<StartArguments>;

Result<std::string> genesis_launch() {
  const fs::path beside = executable_path().parent_path() / "genesis_launch";
  std::error_code ignored;
  if (fs::exists(beside, ignored)) return beside.string();
  return make_error(ErrorKind::not_found,
                    fmt::format("start the controller: there is no '{}'", beside.string()));
}

/// A text as value of an override.
std::string override_text(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
           std::string_view("/._-").find(letter) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char letter : text)
    quoted += letter == '\'' ? std::string("\\'") : std::string(1, letter);
  return quoted + "'";
}

/// The run's folder, as genesis_launch composes it from these arguments here and now.
Result<fs::path> folder_of(const std::string& launcher, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "-m" || word == "--multirun") {
      return make_error(
          ErrorKind::invalid_argument,
          "start the controller: one run at a time (no --multirun); start one for each");
    }
  }
  std::vector<std::string> argv{launcher};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.insert(argv.end(), {"--cfg", "job", "--resolve"});
  const CommandEnd end = ask_and_wait(std::move(argv), seconds{60}, own_environment());
  if (!end.succeeded()) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("genesis_launch does not take these arguments: {}", trim(end.output)));
  }
  try {
    const auto tree = config::to_json(*config::load_yaml(end.output, "the configuration"));
    const auto found = tree.find("output_dir");
    if (found != tree.end() && found->is_string() && !found->get<std::string>().empty()) {
      return fs::absolute(found->get<std::string>()).lexically_normal();
    }
  } catch (const config::ConfigError& wrong) {
    return tl::unexpected<Error>(wrong.to_error());
  }
  return make_error(ErrorKind::invalid_argument, "start the controller: give output_dir=FOLDER");
}

/// What sbatch, and by it the job, gets: all of the person's environment but what is SLURM's of a
/// job that this may be called in.
Environment environment_for_start() {
  Environment environment = own_environment();
  std::erase_if(environment, [](const auto& entry) {
    const std::string& name = entry.first;
    return (name.starts_with("SLURM_") && name != "SLURM_CONF") || name.starts_with("SBATCH_");
  });
  return environment;
}

std::vector<JobRow> live_controllers(const std::vector<JobRow>& jobs, const fs::path& folder) {
  std::vector<JobRow> found;
  const std::string name = controller_name(folder);
  std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(found),
               [&](const JobRow& row) { return row.name == name && !has_ended(row.state); });
  return found;
}

Status nobody_has_it(const fs::path& folder, const FindRun& find_run) {
  GENESIS_TRY_ASSIGN(const auto jobs, list_jobs());
  for (const JobRow& row : live_controllers(jobs, folder)) {
    return make_error(
        ErrorKind::conflict,
        fmt::format("{} has a controller: job {} ({}); `genesis slurm attach {}` follows it, "
                    "`genesis slurm stop {}` ends it",
                    folder.string(), row.id, row.state_name, folder.string(), folder.string()));
  }
  const auto run = find_run(folder.string());
  if (!run || run->owner.empty()) return {};
  return make_error(ErrorKind::conflict,
                    fmt::format("{} is being run by {}; stop that first (genesis stop)",
                                folder.string(), run->owner));
}

Result<int> start(const Given& given) {
  GENESIS_TRY(check_site());
  ControllerPlan& plan = given->plan;
  plan.time = std::chrono::ceil<std::chrono::minutes>(given->time);
  plan.before = given->before.value_or(
      std::min<seconds>(plan.before, std::chrono::duration_cast<seconds>(plan.time) / 4));
  GENESIS_TRY(check_plan(plan));
  GENESIS_TRY_ASSIGN(plan.launcher, genesis_launch());
  GENESIS_TRY_ASSIGN(plan.run_folder, folder_of(plan.launcher, given->words));
  plan.cwd = fs::current_path();
  plan.name = controller_name(plan.run_folder);
  plan.arguments = given->words;
  // The same folder for every job, whatever the time of day or the configuration makes of it.
  plan.arguments.push_back("output_dir=" + override_text(plan.run_folder.string()));
  GENESIS_TRY(nobody_has_it(plan.run_folder, given->find_run));
  const ControllerPlaces places(plan.run_folder);
  GENESIS_TRY(make_directories(places.folder));
  GENESIS_TRY(write_file_atomic(places.script(), controller_script(plan)));
  const CommandEnd end =
      ask_and_wait(controller_sbatch(plan), seconds{60}, environment_for_start());
  const auto id = end.succeeded() ? parse_sbatch_id(end.output) : std::nullopt;
  if (!id) {
    return make_error(ErrorKind::io,
                      fmt::format("start the controller: {}", failure_of("sbatch", end).text));
  }
  const std::string run = plan.run_folder.string();
  fmt::print("The runner of {} is job {}, and goes on in a new one {} before {} are over.\n", run,
             *id, format_duration(plan.before), format_duration(plan.time));
  fmt::print(
      "  genesis slurm attach {}   follows it\n  genesis slurm status {}   its jobs\n"
      "  genesis slurm stop {}     ends it; the same command goes on with the run\n",
      run, run, run);
  return 0;
}

Result<int> stop(const Given& given) {
  GENESIS_TRY_ASSIGN(const RunFacts run, run_or_its_folder(given->words.front(), given->find_run));
  GENESIS_TRY_ASSIGN(const auto jobs, list_jobs());
  const auto controllers = live_controllers(jobs, run.folder);
  if (controllers.empty()) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("{} has no controller in SLURM (a runner elsewhere: genesis stop)",
                    run.folder.string()));
  }
  for (const JobRow& row : controllers) {
    if (row.state == JobState::waiting) {
      GENESIS_TRY(answer_of({"scancel", row.id}));
      fmt::print("Cancelled job {}, which had not begun.\n", row.id);
    } else {
      GENESIS_TRY(answer_of({"scancel", "--batch", "--signal=INT", row.id}));
      fmt::print("Told job {} to stop; it finishes the running evaluations first.\n", row.id);
    }
  }
  return 0;
}

/// Prints what a log grew by; where it was begun anew, from its beginning.
class LogTail {
 public:
  explicit LogTail(fs::path file) : file_(std::move(file)) {
    std::error_code ignored;
    const auto size = fs::file_size(file_, ignored);
    constexpr std::uintmax_t kShown = 4000;
    if (!ignored && size > kShown) at_ = static_cast<std::streamoff>(size - kShown);
  }
  void print_new() {
    std::error_code failure;
    const auto size = fs::file_size(file_, failure);
    if (failure) return;
    if (static_cast<std::streamoff>(size) < at_) at_ = 0;
    std::ifstream file(file_, std::ios::binary);
    if (!file.seekg(at_)) return;
    std::string text(1 << 16, '\0');
    while (file.read(text.data(), static_cast<std::streamsize>(text.size())), file.gcount() > 0) {
      std::fwrite(text.data(), 1, static_cast<std::size_t>(file.gcount()), stdout);
      at_ += file.gcount();
    }
    std::fflush(stdout);
  }

 private:
  fs::path file_;
  std::streamoff at_ = 0;
};

std::string controller_words(const std::vector<JobRow>& controllers) {
  for (const JobRow& row : controllers) {
    if (row.state == JobState::waiting) {
      const Reason reason = explain_reason(row.reason);
      return fmt::format("job {} waits: {} ({})", row.id, reason.words, reason.code);
    }
    return fmt::format("job {} runs on {}", row.id, row.nodes);
  }
  return "";
}

Result<int> attach(const Given& given) {
  constexpr std::chrono::milliseconds kLook{200};
  constexpr seconds kFastQuestion{2}, kSlowQuestion{30};
  GENESIS_TRY_ASSIGN(const RunFacts run, run_or_its_folder(given->words.front(), given->find_run));
  LogTail log(ControllerPlaces(run.folder).log());
  std::string said;
  seconds wait = kFastQuestion;
  auto next = std::chrono::steady_clock::now();
  for (int gone = 0; gone < 2;) {
    log.print_new();
    if (std::chrono::steady_clock::now() >= next) {
      const auto jobs = list_jobs();
      if (!jobs) {
        fmt::print(stderr, "genesis: {}\n", jobs.error().message);
      } else {
        const auto controllers = live_controllers(*jobs, run.folder);
        const std::string now = controller_words(controllers);
        wait = now == said ? std::min(wait * 2, kSlowQuestion) : kFastQuestion;
        if (now != said && !now.empty()) fmt::print(stderr, "[{}]\n", now);
        said = now;
        // Asked twice: the next job is submitted before this one ends, but it may have been
        // between.
        gone = controllers.empty() ? gone + 1 : 0;
      }
      next = std::chrono::steady_clock::now() + (gone > 0 ? seconds{1} : wait);
    }
    if (std::ferror(stdout)) return 0;
    if (gone < 2) std::this_thread::sleep_for(kLook);
  }
  log.print_new();
  const auto now = given->find_run(run.folder.string());
  fmt::print(stderr, "[no controller in SLURM; the run is {}]\n", now ? now->status : "not begun");
  return 0;
}

std::function<Status(const std::string&)> number_into(int& to) {
  return [&to](const std::string& value) -> Status {
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), to);
    if (failure == std::errc() && end == value.data() + value.size() && to >= 1 && to <= 100'000)
      return {};
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("'{}' is no number from 1 to 100000", value));
  };
}

/// Ours ("90m", "12h") and SLURM's ("1-00:00:00").
std::function<Status(const std::string&)> walltime_into(seconds& to) {
  return [&to](const std::string& value) -> Status {
    const bool slurms = value.find_first_of("-:") != std::string::npos;
    if (slurms && std::count(value.begin(), value.end(), ':') != 1) {
      const auto found =
          listed_seconds(value.find(':') == std::string::npos ? value + ":00:00" : value);
      if (found && *found >= 60) return to = seconds{*found}, Status();
    }
    const auto given = parse_duration(value);
    if (!slurms && given && *given >= std::chrono::minutes{1}) {
      to = std::chrono::ceil<seconds>(*given);
      return {};
    }
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("'{}' is no time of a minute or more: 90m, 12h, 1-00:00:00", value));
  };
}

std::function<Status(const std::string&)> word_into(std::vector<std::string>& to) {
  return [&to](const std::string& value) -> Status {
    to.push_back(value);
    return {};
  };
}

Command made(const FindRun& find_run, Given& given, const char* name, const char* summary,
             const char* examples, Result<int> (*task)(const Given&)) {
  given = std::make_shared<StartArguments>();
  given->find_run = find_run;
  Command command;
  command.name = name;
  command.summary = summary;
  command.examples = examples;
  command.run = [given, task] { return task(given); };
  return command;
}

}  // namespace

Result<RunFacts> run_or_its_folder(const std::string& run, const FindRun& find_run) {
  auto found = find_run(run);
  if (found) return found;
  std::error_code ignored;
  const fs::path folder = fs::absolute(run).lexically_normal();
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();
  if (!fs::exists(ControllerPlaces(plain).script(), ignored)) return found;
  RunFacts facts;
  facts.folder = plain;
  facts.status = "not begun";
  return facts;
}

Command start_command(const FindRun& find_run) {
  Given given;
  Command command =
      made(find_run, given, "start",
           "Run the runner itself as a job, again and again until the run has ended",
           "  genesis slurm start task=circle_packing cluster=remote output_dir=results/first\n"
           "  genesis slurm start --time 1-00:00:00 --partition long -- --config-dir my_task "
           "task=my_task \\\n"
           "      cluster=remote output_dir=results/second\n\n"
           "For login nodes that end long processes. What comes after the options is "
           "genesis_launch's. Some\n"
           "time before its limit each job stops proposing, lets evaluations end, submits the next "
           "job and\n"
           "makes room for it; evaluations that run longer go on and are taken up again. The same "
           "command\n"
           "goes on after a stop. The folder must be on a file system that the nodes share.",
           start);
  command.options = {
      {"--time", "TIME", "Of each of these jobs: 12h, 1-00:00:00 (1 day)",
       walltime_into(given->time)},
      {"--before", "TIME", "How long before its end a job makes room (10m, at most a quarter)",
       [given](const std::string& value) -> Status {
         seconds found{0};
         GENESIS_TRY(seconds_into(found)(value));
         given->before = found;
         return {};
       }},
      {"--partition", "NAME", "Where they run; the evaluations have their own",
       text_into(given->plan.partition)},
      {"--account", "NAME", "As sbatch takes it", text_into(given->plan.account)},
      {"--qos", "NAME", "As sbatch takes it", text_into(given->plan.qos)},
      {"--constraint", "LIST", "As sbatch takes it", text_into(given->plan.constraint)},
      {"--cpus", "N", "Processors for the runner (1)", number_into(given->plan.cpus)},
      {"--mem", "SIZE", "Memory for the runner, as sbatch takes it (2G)",
       text_into(given->plan.memory)},
      {"--sbatch-arg", "ARG", "A further argument of sbatch; may be repeated",
       word_into(given->plan.sbatch_args)}};
  command.arguments = {{"ARGUMENTS", "As for genesis_launch", true, true, word_into(given->words)}};
  return command;
}

Command attach_command(const FindRun& find_run) {
  Given given;
  Command command =
      made(find_run, given, "attach", "Follow a run whose runner is a job, whatever job that is",
           "  genesis slurm attach results/first\n\n"
           "What the runner prints, and on standard error where it is. Ctrl-C leaves the run "
           "alone. Ends\n"
           "when there is no controller any more.",
           attach);
  command.arguments = {{"RUN", "The run's folder", true, false, word_into(given->words)}};
  return command;
}

Command stop_command(const FindRun& find_run) {
  Given given;
  Command command =
      made(find_run, given, "stop", "Stop a run whose runner is a job; evaluations end first",
           "  genesis slurm stop results/first\n\n"
           "Its job then submits no further one. `genesis slurm start` with the same arguments\n"
           "goes on.",
           stop);
  command.arguments = {{"RUN", "The run's folder", true, false, word_into(given->words)}};
  return command;
}

}  // namespace genesis::launch::slurm
