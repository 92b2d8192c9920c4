// `genesis events`: what happened in a run, from its events.jsonl.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/cli/commands.h"
#include "genesis/cli/run_folder.h"
#include "genesis/events/event.h"
#include "genesis/events/event_log.h"
#include "genesis/store/run_lock.h"

namespace genesis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kInterval{100};

std::int64_t sequence_number(std::string_view line) {
  const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
  const bool has = event.is_object() && event.contains("seq") && event["seq"].is_number_integer();
  return has ? event["seq"].get<std::int64_t>() : -1;
}

class EventPrinter {
 public:
  explicit EventPrinter(const EventOptions& options) : options_(options) {}

  void print(std::string_view line) {
    const std::int64_t seq = sequence_number(line);
    if (options_.since && seq <= *options_.since) return;
    if (options_.as_json) {
      fmt::print("{}\n", line);
    } else if (const auto text = events::describe_line(line)) {
      fmt::print("{:>5}  {}\n", seq, *text);
    } else {
      fmt::print(stderr, "genesis: a line is passed over: {}\n", text.error().message);
    }
  }

 private:
  const EventOptions& options_;
};

}  // namespace

Outcome print_events(const EventOptions& options) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(options.run));
  const fs::path file = folder / "events.jsonl";
  EventPrinter printer(options);
  std::int64_t next = 0;
  for (;;) {
    // Asked before the file is read: what a runner wrote before it went is not missed.
    const bool goes_on = options.follow && store::lock_owner(folder).has_value();
    GENESIS_TRY_ASSIGN(
        next, events::read_lines(file, next, [&](std::string_view line) { printer.print(line); }));
    std::fflush(stdout);
    if (!goes_on || std::ferror(stdout)) return ExitCode::ok;
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace genesis::cli
