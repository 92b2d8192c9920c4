#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "genesis/cli/commands.h"
#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_session.h"
#include "genesis/run/rescore.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {

Outcome rescore_run(const RescoreArguments& arguments) {
  GENESIS_TRY_ASSIGN(const std::filesystem::path folder, resolve_run(arguments.run));
  shield_memory();
  StopTarget target;
  const StopSignals signals(target);
  run::RescoreOptions options;
  options.generations = arguments.generations;
  options.top = arguments.top;
  options.repeats = arguments.repeats;
  options.unseen = arguments.unseen;
  options.jobs = arguments.jobs;
  const bool draws = !arguments.json && ::isatty(STDERR_FILENO) == 1;
  if (draws) {
    options.on_progress = [](std::size_t done, std::size_t of) {
      fmt::print(stderr, "\r{} of {} evaluated", done, of);
    };
  }
  GENESIS_TRY_ASSIGN(const auto rescore, run::Rescore::prepare(folder, std::move(options)));
  target.attach([&rescore] { rescore->request_stop(); });
  const auto report = rescore->run();
  target.detach();
  if (draws) fmt::print(stderr, "\r\x1b[2K");
  if (!report) return tl::unexpected<Error>(report.error());
  if (arguments.json) {
    fmt::print("{}\n",
               to_json(*report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}kept in {}\n", to_text(*report), short_path(rescore->report_file()));
  }
  return report->complete ? ExitCode::ok : ExitCode::interrupted;
}

}  // namespace genesis::cli
