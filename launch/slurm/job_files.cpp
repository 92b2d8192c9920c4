#include "launch/slurm/job_files.h"

#include <fmt/format.h>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/exit_record.h"
#include "launch/staging.h"

namespace genesis::launch::slurm {

namespace {

constexpr std::size_t kLogShown = 2000;

}  // namespace

Result<fs::path> write_job(const JobSpec& spec, const SlurmOptions& options,
                           const RunPlaces& places, const std::string& shape) {
  GENESIS_TRY(stage_job(spec));
  const fs::path state = state_folder(spec.work_dir);
  std::error_code ignored;
  fs::remove_all(state, ignored);
  GENESIS_TRY(make_directories(state));
  GENESIS_TRY_ASSIGN(const std::string text, batch_script(spec, options, places, shape));
  const fs::path script = state / kBatchScript;
  GENESIS_TRY(write_file(script, text));
  return script;
}

std::optional<EndFacts> read_end(const fs::path& work_dir) {
  const fs::path state = state_folder(work_dir);
  EndFacts facts;
  if (const auto text = read_file(state / kExitFile, 1u << 20, false)) {
    auto record = parse_exit_record(*text);
    if (!record) return std::nullopt;
    facts.record = std::move(*record);
    return facts;
  }
  if (const auto step = read_file(state / kSetupFailedFile, 4096, false)) {
    const auto log = read_tail(state / kSlurmLog, kLogShown);
    facts.setup_failure = fmt::format("{} failed on the node: {}", trim(*step),
                                      log ? to_valid_utf8(trim(*log)) : "it left no log");
    return facts;
  }
  return std::nullopt;
}

}  // namespace genesis::launch::slurm
