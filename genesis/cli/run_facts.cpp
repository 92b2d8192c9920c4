#include "genesis/cli/run_facts.h"

#include <fmt/format.h>

#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_report.h"
#include "genesis/store/run_lock.h"

namespace genesis::cli {

Result<launch::RunFacts> run_facts(const std::string& run) {
  GENESIS_TRY_ASSIGN(const std::filesystem::path folder, resolve_run(run));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(folder));
  GENESIS_TRY_ASSIGN(const RunReport report, read_report(folder, *reader));
  launch::RunFacts facts;
  facts.folder = std::filesystem::absolute(folder).lexically_normal();
  facts.id = report.run_id;
  facts.status = report.status;
  if (const auto owner = store::lock_owner(folder)) {
    facts.owner = fmt::format("host {}, process {}", owner->host, owner->pid);
  }
  facts.usage = usage_lines(report.usage);
  return facts;
}

}  // namespace genesis::cli
