#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/hook_secrets.h"
#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_report.h"
#include "genesis/cli/run_session.h"
#include "genesis/run/evolution_run.h"
#include "genesis/store/run_lock.h"
#include "genesis/ui/progress_text.h"
#include "genesis/ui/status_json.h"

namespace genesis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxExtension = 1'000'000'000;

Result<std::int64_t> parse_extension(const std::string& text) {
  const std::string digits = text.substr(text.rfind('+', 0) == 0 ? 1 : 0);
  std::int64_t by = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), by);
  if (failure != std::errc() || end != digits.data() + digits.size() || by < 1 ||
      by > kMaxExtension) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("extend: '{}' is not a number of generations to add, as in +50", text));
  }
  return by;
}

/// What a runner answers, or the error that it (or its absence) says.
Result<nlohmann::json> ask_runner(const fs::path& run, const nlohmann::json& request) {
  if (!store::lock_owner(run)) {
    return make_error(
        ErrorKind::unavailable,
        fmt::format("{} is not running (`genesis show {}` tells how it stands, `genesis "
                    "resume {}` continues it)",
                    run.string(), run.string(), run.string()));
  }
  GENESIS_TRY_ASSIGN(const std::string answer, run::control_request(run, request.dump()));
  nlohmann::json object = nlohmann::json::parse(answer, nullptr, false);
  if (!object.is_object()) {
    return make_error(
        ErrorKind::parse,
        fmt::format("the runner of {} answered what is no JSON object", run.string()));
  }
  if (object.contains("error") && object["error"].is_string()) {
    return make_error(ErrorKind::unavailable,
                      fmt::format("{}: {}", run.string(), object["error"].get<std::string>()));
  }
  return object;
}

void wait_until_gone(const fs::path& run) {
  while (store::lock_owner(run)) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

void print_status_text(const RunStatus& status) {
  const auto row = [](std::string_view name, const std::string& value) {
    fmt::print("  {:<12} {}\n", name, value);
  };
  fmt::print("{}  ({}, run {})\n", status.output_dir, status.task, status.run_id.substr(0, 8));
  row("state", status.notice.empty() ? status.state : status.state + ": " + status.notice);
  row("progress", progress_line(status, 1000));
  if (status.has_best) {
    row("best",
        fmt::format("{} (generation {}), initial program {}", format_score(status.best_score),
                    status.best_generation, format_score(status.initial_score)));
  }
  row("proposals", fmt::format("{} ({} duplicates), {} ready and waiting", status.proposals,
                               status.duplicates, status.queued));
  row("time", format_duration(status.elapsed));
  for (const auto& [name, line] : usage_lines(status.usage)) row(name, line);
}

}  // namespace

Outcome resume_run(const std::string& run, bool quiet, bool new_epoch) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  GENESIS_TRY_ASSIGN(run::RunSpec spec, run::load_run_spec(folder));
  GENESIS_TRY_ASSIGN(spec.hooks, load_hooks(folder));
  spec.new_epoch = new_epoch;
  SessionOptions session;
  session.quiet = quiet;
  return run_session(std::move(spec), session);
}

Outcome extend_run(const std::string& run, const std::string& by) {
  GENESIS_TRY_ASSIGN(const std::int64_t generations, parse_extension(by));
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  const bool running = store::lock_owner(folder).has_value();
  GENESIS_TRY_ASSIGN(const std::int64_t target, run::extend_target(folder, generations));
  if (running) {
    fmt::print("{}: the running run goes on to generation {}\n", folder.string(), target);
  } else {
    fmt::print("{}: the target is generation {} now; continue with: genesis resume {}\n",
               folder.string(), target, folder.string());
  }
  return ExitCode::ok;
}

Outcome stop_run(const std::string& run, bool now) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  GENESIS_TRY(ask_runner(folder, {{"op", "stop"}}));
  if (now) {
    // The second request ends running evaluations; the runner may be gone already, which is as
    // good.
    const auto second = ask_runner(folder, {{"op", "stop"}});
    if (!second && second.error().kind != ErrorKind::unavailable) {
      return tl::unexpected<Error>(second.error());
    }
  }
  fmt::print(stderr, "{}: {} … (Ctrl-C leaves it alone)\n", folder.string(),
             now ? "ending the running evaluations" : "finishing the running evaluations");
  wait_until_gone(folder);
  fmt::print("{}: stopped; continue with: genesis resume {}\n", folder.string(), folder.string());
  return ExitCode::ok;
}

Outcome print_status(const std::string& run, bool as_json) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  if (!store::lock_owner(folder)) {
    // Nobody to ask: the store knows how the run stands.
    return show_run(run, as_json);
  }
  const auto asked = ask_runner(folder, {{"op", "status"}});
  // A runner that is just starting or ending does not answer.
  if (!asked) return show_run(run, as_json);
  const nlohmann::json& answer = *asked;
  if (as_json) {
    fmt::print("{}\n", answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return ExitCode::ok;
  }
  GENESIS_TRY_ASSIGN(const RunStatus status, status_from_json(answer.dump()));
  print_status_text(status);
  return ExitCode::ok;
}

}  // namespace genesis::cli
