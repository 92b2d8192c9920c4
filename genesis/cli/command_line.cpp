// The only file that includes CLI11: every command with its options and the help that teaches it.
#include "genesis/cli/command_line.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>

#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/run_facts.h"
#include "genesis/cli/task_templates.h"
#include "genesis/cli/version.h"
#include "launch/command.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

constexpr const char* kOverview =
    R"(Looks at runs, steers them and helps to write tasks. `genesis_launch` starts runs.

RUN is the folder of a run (or a folder with exactly one run below it).

A first walk:
  genesis init my_task                       a new task from a template
  genesis check my_task                      one evaluation of its program, with advice
  genesis_launch --config-dir my_task task=my_task variant=default output_dir=results/first
  genesis show results/first                 how it went
  genesis best results/first --diff          what the search changed
)";

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 the run is in use or its\n"
    "configuration or evaluator differs, 4 the evaluator changed under the run, 130 interrupted\n"
    "(continue with `genesis resume`).";

/// What the options fill in; lives as long as the parse and the command.
struct Values {
  std::string run;
  std::string folder;
  std::string text;
  std::string root = "results";
  std::string language = "python";
  std::string config_dir;
  std::string keep = "improvements";
  std::string keep_folder;
  std::int64_t generation = 0;
  ExportOptions exported;
  EventOptions events;
  std::string hook;
  std::string event;
  RescoreArguments rescored;
  bool json = false;
  bool diff = false;
  bool quiet = false;
  bool new_epoch = false;
  bool now = false;
  bool yes = false;
};

using Action = std::function<Outcome()>;

/// CLI11 2.1 writes a default as "TEXT=python", 2.4 as "TEXT [python] ": our help is the same with
/// every version.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string later = fmt::format(" [{}] ", option->get_default_str());
    const std::size_t at = text.find(later);
    if (at != text.npos) text.replace(at, later.size(), "=" + option->get_default_str());
    return text;
  }
};

CLI::Validator generation_number() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
        return digits ? std::string()
                      : fmt::format("'{}' is not a generation: 0 is the initial program", text);
      },
      "");
}

/// Makes the sub-commands; the one that was given leaves its action behind.
class CommandTable {
 public:
  CommandTable(CLI::App& app, Values& values) : app_(app), v_(values) {
    add_task_commands();
    add_look_commands();
    add_control_commands();
    add_file_commands();
    add_check_commands();
    for (const launch::Command& command : launch::all_commands()) add_registered(app_, command);
  }
  const Action& chosen() const { return chosen_; }

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* what, const char* examples,
                Action action) {
    CLI::App* command = parent.add_subcommand(name, what);
    command->footer(std::string("Examples:\n") + examples);
    if (action) command->callback([this, action = std::move(action)] { chosen_ = action; });
    return command;
  }
  CLI::App* add_for_run(const char* name, const char* what, const char* examples, Action action) {
    CLI::App* command = add(app_, name, what, examples, std::move(action));
    command->add_option("RUN", v_.run, "The run's folder")->required();
    return command;
  }

  void add_task_commands() {
    CLI::App* init = add(app_, "init", "Make a new task from a template",
                         "  genesis init my_task\n  genesis init my_task --language cpp",
                         [this] { return init_task(v_.folder, v_.language); });
    init->add_option("DIR", v_.folder, "The new task's folder; must not exist or be empty")
        ->required();
    init->add_option("--language,-l", v_.language,
                     "Language of the program: " + join(template_languages(), ", "))
        ->capture_default_str();
    CLI::App* check = add(
        app_, "check", "Evaluate a task's program once: timing, and everything that would go wrong",
        "  genesis check my_task              a folder with evaluate.py and initial.*\n"
        "  genesis check circle_packing       an option of the configuration group `task`",
        [this] { return check_task(v_.text, v_.config_dir); });
    check->add_option("TASK", v_.text, "A task's folder, or a name that task=NAME knows")
        ->required();
    check->add_option("--config-dir", v_.config_dir, "Where else to look for task=NAME");
  }

  void add_look_commands() {
    CLI::App* runs = add(app_, "runs", "List the runs below a folder",
                         "  genesis runs\n  genesis runs /scratch/me --json",
                         [this] { return list_runs(v_.root, v_.json); });
    runs->add_option("ROOT", v_.root, "Where to look")->capture_default_str();
    runs->add_flag("--json", v_.json, "One JSON array");
    CLI::App* show = add_for_run("show", "Show how a run stands: best, counts, outcomes",
                                 "  genesis show results/first\n"
                                 "  genesis show results/first --json | jq .best.combined_score",
                                 [this] { return show_run(v_.run, v_.json); });
    show->add_flag("--json", v_.json, "One JSON object");
    CLI::App* best = add_for_run("best", "Print the best program, or what changed in it",
                                 "  genesis best results/first > best.py\n"
                                 "  genesis best results/first --diff",
                                 [this] { return print_best(v_.run, v_.diff); });
    best->add_flag("--diff", v_.diff, "A unified diff from the initial program");
    CLI::App* events = add_for_run(
        "events", "Print what happened in a run: improvements, stalls, pauses, its end",
        "  genesis events results/first\n"
        "  genesis events results/first --follow          until the run has ended\n"
        "  genesis events results/first --json | jq 'select(.event == \"improvement\")'",
        [this] {
          v_.events.run = v_.run;
          return print_events(v_.events);
        });
    events->add_flag("--follow,-f", v_.events.follow, "Go on until the run has ended");
    events
        ->add_option("--since", v_.events.since, "Only what comes after the event with this number")
        ->check(CLI::NonNegativeNumber);
    events->add_flag("--json", v_.events.as_json, "The lines of events.jsonl as they are");
    CLI::App* rerun =
        add_for_run("rerun", "Evaluate one program of a run again, logs on screen",
                    "  genesis rerun results/first 12\n"
                    "  genesis rerun results/first 12 --keep /tmp/look",
                    [this] { return rerun_generation(v_.run, v_.generation, v_.keep_folder); });
    rerun->add_option("GEN", v_.generation, "Which generation")
        ->required()
        ->check(generation_number());
    rerun->add_option("--keep", v_.keep_folder,
                      "Keep the program, results and logs in this folder");
    add_rescore();
  }

  void add_rescore() {
    CLI::App* rescore = add_for_run(
        "rescore", "Evaluate the best programs again and compare; the run stays as it is",
        "  genesis rescore results/first --top 5 --repeats 20 --unseen\n"
        "  genesis rescore results/first --generation 12 --generation 40",
        [this] {
          v_.rescored.run = v_.run;
          return rescore_run(v_.rescored);
        });
    CLI::Option* top = rescore->add_option("--top", v_.rescored.top, "The K best programs")
                           ->capture_default_str()
                           ->check(CLI::Range(1, 1'000'000));
    rescore->add_option("--generation", v_.rescored.generations, "This generation; may be repeated")
        ->check(generation_number())
        ->excludes(top);
    rescore->add_option("--repeats", v_.rescored.repeats, "How often each")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000));
    rescore->add_flag("--unseen", v_.rescored.unseen,
                      "With seeds that the search never saw: GENESIS_UNSEEN_SEED is 1, 2, …");
    rescore->add_option("--jobs", v_.rescored.jobs, "How many at a time; else as the run has it")
        ->check(CLI::Range(1, 100'000));
    rescore->add_flag("--json", v_.rescored.json, "One JSON object");
  }

  void add_control_commands() {
    CLI::App* resume = add_for_run("resume", "Continue a run that was interrupted or extended",
                                   "  genesis resume results/first",
                                   [this] { return resume_run(v_.run, v_.quiet, v_.new_epoch); });
    resume->add_flag("--quiet,-q", v_.quiet, "No progress, no summary");
    resume->add_flag("--new-epoch", v_.new_epoch,
                     "Go on with a changed evaluator: the best programs are evaluated again");
    CLI::App* extend = add_for_run("extend", "Add generations to a run, running or not",
                                   "  genesis extend results/first +50",
                                   [this] { return extend_run(v_.run, v_.text); });
    extend->add_option("N", v_.text, "How many, as +50")->required();
    CLI::App* stop = add_for_run("stop", "Stop a running run; what is running is finished first",
                                 "  genesis stop results/first\n"
                                 "  genesis stop results/first --now",
                                 [this] { return stop_run(v_.run, v_.now); });
    stop->add_flag("--now", v_.now, "End the running evaluations too; they are run again later");
    CLI::App* status = add_for_run("status", "Ask a running run how it stands",
                                   "  genesis status results/first\n"
                                   "  watch genesis status results/first",
                                   [this] { return print_status(v_.run, v_.json); });
    status->add_flag("--json", v_.json, "One JSON object");
  }

  void add_file_commands() {
    CLI::App* exported =
        add_for_run("export", "Write programs of a run as gen_N folders, from its store",
                    "  genesis export results/first out            the best program\n"
                    "  genesis export results/first out --top 10\n"
                    "  genesis export results/first out --gen 12",
                    [this] {
                      v_.exported.run = v_.run;
                      return export_programs(v_.exported);
                    });
    exported->add_option("DIR", v_.exported.folder, "Where to")->required();
    CLI::Option* top = exported->add_option("--top", v_.exported.top, "The K best programs")
                           ->check(CLI::PositiveNumber);
    CLI::Option* all = exported->add_flag("--all", v_.exported.all, "Every program")->excludes(top);
    exported->add_option("--gen", v_.exported.generation, "This generation")
        ->check(generation_number())
        ->excludes(top)
        ->excludes(all);
    CLI::App* prune = add_for_run(
        "prune", "Delete gen_N folders; says what before it does, and the store keeps all programs",
        "  genesis prune results/first\n  genesis prune results/first --keep best --yes",
        [this] { return prune_run(v_.run, v_.keep, v_.yes); });
    prune->add_option("--keep", v_.keep, "Which folders stay: best, improvements or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"best", "improvements", "all"}));
    prune->add_flag("--yes,-y", v_.yes, "Delete without asking");
  }

  void add_check_commands() {
    CLI::App* hooks = add(app_, "hooks", "Try the commands and webhooks that are told of events",
                          "  genesis hooks test results/first", nullptr);
    hooks->require_subcommand(1);
    CLI::App* trial = add(*hooks, "test", "Tell a run's hooks of a made-up event",
                          "  genesis hooks test results/first\n"
                          "  genesis hooks test results/first --hook slack --event end\n"
                          "Before there is a run: genesis_launch … --test-hooks",
                          [this] { return test_hooks(v_.run, v_.hook, v_.event); });
    trial->add_option("RUN", v_.run, "The run's folder")->required();
    trial->add_option("--hook", v_.hook, "Only this one");
    trial->add_option("--event", v_.event, "This event instead of the first that a hook wants");
    CLI::App* doctor =
        add(app_, "doctor", "Check this machine: what is there, what is missing, what to do",
            "  genesis doctor\n  genesis doctor sandboxd", [this] { return run_doctor(v_.text); });
    doctor->add_option("PART", v_.text, "Only this: machine, a launcher, or sandboxd");
    CLI::App* verify = add(app_, "verify", "Check a result exactly, apart from its evaluator",
                           "  genesis verify circle-packing results/first", nullptr);
    verify->require_subcommand(1);
    CLI::App* circles =
        add(*verify, "circle-packing", "Circles in the unit square: no overlap, nothing outside",
            "  genesis verify circle-packing results/first\n"
            "  genesis verify circle-packing construction.json",
            [this] { return verify_circle_packing(v_.text); });
    circles->add_option("RUN|FILE", v_.text, "A run, or a construction.json")->required();
  }

  /// One that a folder of launch/ brings along.
  /// A reader's error is the user's: shown as one of usage.
  static std::function<void(const std::vector<std::string>&)> all_read_by(
      const std::string& name, const std::function<Status(const std::string&)>& read) {
    return [&name, &read](const std::vector<std::string>& values) {
      for (const std::string& value : values) {
        if (const auto done = read(value); !done) {
          throw CLI::ValidationError(name, done.error().message);
        }
      }
    };
  }

  void add_registered(CLI::App& parent, const launch::Command& command) {
    Action action;
    if (command.commands.empty()) {
      action = [&command]() -> Outcome {
        GENESIS_TRY_ASSIGN(const int code, command.run());
        return static_cast<ExitCode>(code);
      };
    }
    CLI::App* added = add(parent, command.name.c_str(), command.summary.c_str(),
                          command.examples.c_str(), std::move(action));
    if (command.hidden) added->group("");
    for (const launch::CommandOption& option : command.options) {
      auto read = all_read_by(option.name, option.read);
      if (option.value_name.empty()) {
        added->add_flag_callback(
            option.name, [read] { read({""}); }, option.help);
      } else {
        added->add_option_function<std::vector<std::string>>(option.name, read, option.help)
            ->type_name(option.value_name)
            ->expected(1)
            ->allow_extra_args(false)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      }
    }
    for (const launch::CommandArgument& argument : command.arguments) {
      const auto read = all_read_by(argument.name, argument.read);
      CLI::Option* place = nullptr;
      if (argument.many) {
        place = added->add_option_function<std::vector<std::string>>(argument.name, read,
                                                                     argument.help);
      } else {
        place = added->add_option_function<std::string>(
            argument.name, [read](const std::string& value) { read({value}); }, argument.help);
      }
      place->type_name("")->required(argument.required);
    }
    for (const launch::Command& inner : command.commands) add_registered(*added, inner);
    if (!command.commands.empty()) added->require_subcommand(1);
  }

  CLI::App& app_;
  Values& v_;
  Action chosen_;
};

/// The nearest command, also where two letters changed places or the rest is missing: "shwo",
/// "stat".
std::string near_command(const std::string& given, const std::vector<std::string>& known) {
  if (const std::string_view near = nearest_name(given, known); !near.empty()) {
    return std::string(near);
  }
  for (std::size_t i = 0; i + 1 < given.size(); ++i) {
    std::string swapped = given;
    std::swap(swapped[i], swapped[i + 1]);
    if (std::find(known.begin(), known.end(), swapped) != known.end()) return swapped;
  }
  std::vector<std::string> longer;
  std::copy_if(known.begin(), known.end(), std::back_inserter(longer),
               [&](const std::string& name) { return name.starts_with(given); });
  return longer.size() == 1 ? longer.front() : std::string();
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// The command that the arguments reach, for messages about what follows it.
const CLI::App& reached(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// "genesis verify circle-packing"
std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : full_name(*app.get_parent()) + " " + app.get_name();
}

/// CLI11 names what it did not expect; we add the nearest valid name.
Error usage_error(const CLI::App& app, const CLI::ParseError& failure,
                  const std::vector<std::string>& arguments) {
  const CLI::App& at = reached(app);
  const std::string help = full_name(at) + " --help";
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name == "--") break;
    if (name.rfind("--", 0) == 0) {
      const auto known = option_names(at);
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      return {ErrorKind::invalid_argument,
              fmt::format("unknown option '{}'{} (see {})", name, did_you_mean(name, known), help)};
    }
  }
  const auto commands = command_names(at);
  const std::size_t depth = at.get_parent() == nullptr ? 0 : 1;
  if (!commands.empty() && arguments.size() == depth && depth > 0) {
    return {ErrorKind::invalid_argument,
            fmt::format("{}: which of {}? (see {})", full_name(at), join(commands, ", "), help)};
  }
  if (!commands.empty() && !arguments.empty()) {
    const std::string given = arguments[std::min(depth, arguments.size() - 1)];
    const std::string near = near_command(given, commands);
    const std::string hint = near.empty() ? "" : fmt::format(", did you mean '{}'?", near);
    return {ErrorKind::invalid_argument,
            fmt::format("unknown command '{}'{} (see {})", given, hint, help)};
  }
  return {ErrorKind::invalid_argument, fmt::format("{} (see {})", failure.what(), help)};
}

}  // namespace

Outcome run_command_line(const std::vector<std::string>& arguments) {
  CLI::App app(kOverview, "genesis");
  app.set_version_flag("--version", version_line("genesis"));
  app.require_subcommand(1);
  app.footer(kExitCodes);
  const auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(24);
  app.formatter(formatter);
  Values values;
  launch::register_builtin_commands(&run_facts);
  const CommandTable table(app, values);
  if (arguments.empty()) {
    fmt::print("{}", app.help());
    return ExitCode::usage;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    const CLI::App& command = reached(app);
    fmt::print("{}", command.get_parent() == nullptr
                         ? command.help()
                         : command.help(full_name(*command.get_parent())));
    return ExitCode::ok;
  } catch (const CLI::CallForVersion&) {
    fmt::print("{}\n", version_line("genesis"));
    return ExitCode::ok;
  } catch (const CLI::ParseError& failure) {
    return tl::unexpected<Error>(usage_error(app, failure, arguments));
  }
  launch::register_builtin_backends();
  return table.chosen()();
}

}  // namespace genesis::cli
