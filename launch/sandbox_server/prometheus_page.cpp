#include "launch/sandbox_server/prometheus_page.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace genesis::sandbox_server {

std::string prometheus_page(const SandboxFleet& fleet) {
  const SandboxLifecycle& lifecycle = fleet.lifecycle();
  std::map<SandboxState, std::size_t> states{{SandboxState::starting, 0},
                                             {SandboxState::running, 0},
                                             {SandboxState::paused, 0},
                                             {SandboxState::ending, 0}};
  for (const auto& [id, record] : lifecycle.all()) ++states[record.state];
  std::string page =
      "# HELP genesis_sandboxes Sandboxes by state.\n# TYPE genesis_sandboxes gauge\n";
  auto out = std::back_inserter(page);
  for (const auto& [state, count] : states) {
    fmt::format_to(out, "genesis_sandboxes{{state=\"{}\"}} {}\n", to_string(state), count);
  }
  fmt::format_to(out,
                 "# HELP genesis_sandboxes_limit Most sandboxes at a time.\n"
                 "# TYPE genesis_sandboxes_limit gauge\ngenesis_sandboxes_limit {}\n"
                 "# HELP genesis_sandboxes_queued Creates that wait for a place.\n"
                 "# TYPE genesis_sandboxes_queued gauge\ngenesis_sandboxes_queued {}\n"
                 "# HELP genesis_sandboxes_created_total Sandboxes started.\n"
                 "# TYPE genesis_sandboxes_created_total counter\n"
                 "genesis_sandboxes_created_total {}\n"
                 "# HELP genesis_sandboxes_ended_total Sandboxes ended, by cause.\n"
                 "# TYPE genesis_sandboxes_ended_total counter\n",
                 lifecycle.capacity().sandboxes, fleet.queued(), fleet.created());
  for (const auto& [cause, count] : lifecycle.ends()) {
    fmt::format_to(out, "genesis_sandboxes_ended_total{{cause=\"{}\"}} {}\n", to_string(cause),
                   count);
  }
  return page;
}

}  // namespace genesis::sandbox_server
