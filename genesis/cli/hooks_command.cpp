#include "genesis/cli/hooks_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "genesis/base/clock.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/hook_secrets.h"
#include "genesis/cli/run_folder.h"
#include "genesis/hooks/hook_runner.h"
#include "genesis/run/evolution_run.h"

namespace genesis::cli {
namespace {

constexpr const char* kSample = "a trial of hooks; nothing happened";

/// An event of each kind as a run might tell it.
events::Body sample(std::string_view name) {
  if (name == "start") return events::Start{false, "trial", 0, 100, 2, "trial"};
  if (name == "improvement") {
    events::Improvement event;
    event.generation = 12;
    event.score = 2.5;
    event.previous_best = 2.25;
    event.parent = 7;
    event.mutator = "trial";
    event.summary = kSample;
    event.evaluations = 13;
    event.recorded_millis = SystemClock().unix_millis();
    return event;
  }
  if (name == "stall") return events::Stall{12, 2.5, 20, 60};
  if (name == "stall_end") return events::StallEnd{32, 20, 60};
  if (name == "limit") return events::Limit{"generations", 80, 100};
  if (name == "disk_low") return events::DiskLow{"trial", 1u << 20, 2u << 20};
  if (name == "pause") return events::Pause{PauseCause::disk, kSample};
  if (name == "go_on") return events::GoOn{60};
  if (name == "notice") return events::Notice{kSample};
  events::End end;
  end.reason = StopReason::generations;
  end.message = kSample;
  end.generation = 100;
  end.evaluations = 101;
  end.best_score = 2.5;
  end.best_generation = 12;
  end.outcomes = {{"ok", 101}};
  return end;
}

Result<std::vector<hooks::HookConfig>> chosen(const std::vector<hooks::HookConfig>& hooks,
                                              const HookTrial& trial) {
  std::vector<std::string> names;
  for (const hooks::HookConfig& hook : hooks) names.push_back(hook.name);
  if (names.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      "there are no hooks; add some, as in +hooks.mail.command='mail -s \"{text}\" "
                      "me' +hooks.mail.events=[end]");
  }
  const std::vector<std::string>& known = events::event_names();
  if (!trial.event.empty() && std::find(known.begin(), known.end(), trial.event) == known.end()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("there is no event '{}'{}; known: {}", trial.event,
                                  did_you_mean(trial.event, known), join(known, ", ")));
  }
  if (trial.hook.empty()) return hooks;
  for (const hooks::HookConfig& hook : hooks) {
    if (hook.name == trial.hook) return std::vector<hooks::HookConfig>{hook};
  }
  return make_error(ErrorKind::invalid_argument,
                    fmt::format("there is no hook '{}'{}; known: {}", trial.hook,
                                did_you_mean(trial.hook, names), join(names, ", ")));
}

/// One delivery, tries and all. True when it arrived.
bool try_one(const hooks::HookConfig& hook, const HookTrial& trial, const fs::path& log_file) {
  const std::string name = trial.event.empty() ? *hook.events.begin() : trial.event;
  const SystemClock clock;
  boost::asio::io_context io(1);
  hooks::HookRunner::Setup setup;
  setup.hooks = {hook};
  setup.hooks.front().events = {name};
  setup.hooks.front().retries = 0;
  setup.run = {"trial", trial.run_dir, trial.task};
  setup.log_file = log_file;
  setup.notice = [](const std::string&) {};
  hooks::HookRunner runner(io, clock, std::move(setup));
  const events::Event event{sample(name), std::chrono::seconds(60)};
  runner.tell(events::announce(event, {1, clock.unix_millis(), "trial"}));
  bool done = false;
  runner.finish(hook.timeout + std::chrono::seconds(2), [&done] { done = true; });
  while (!done) io.run_one();
  const hooks::HookCounts counts = runner.counts().front();
  const bool arrived = counts.delivered == 1;
  fmt::print("  {:<12} {:<12} {}\n", hook.name, name, arrived ? "done" : counts.last_failure);
  return arrived;
}

/// What the trial wrote to its log, without the times.
void print_output(const fs::path& log_file) {
  const std::string log = read_file(log_file).value_or(std::string());
  for (const std::string_view line : split_lines(log)) {
    if (line.starts_with("    ")) fmt::print("{}\n", line);
  }
}

}  // namespace

Outcome try_hooks(const std::vector<hooks::HookConfig>& hooks, const HookTrial& trial) {
  GENESIS_TRY_ASSIGN(const auto tried, chosen(hooks, trial));
  bool all = true;
  for (const hooks::HookConfig& hook : tried) {
    const TempDir folder("genesis-hooks");
    const fs::path log_file = folder.path() / "hooks.log";
    all = try_one(hook, trial, log_file) && all;
    print_output(log_file);
  }
  return all ? ExitCode::ok : ExitCode::failed;
}

Outcome test_hooks(const std::string& run, const std::string& hook, const std::string& event) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  GENESIS_TRY_ASSIGN(const run::RunSpec spec, run::load_run_spec(folder));
  GENESIS_TRY_ASSIGN(const auto hooks, load_hooks(folder));
  return try_hooks(hooks, {hook, event, spec.task, fs::absolute(folder).string()});
}

}  // namespace genesis::cli
