// What SLURM's commands print, where others' jobs have names of any kind: nothing breaks, and what
// becomes an argument of a command is a job's id.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "launch/slurm/folder_probe.h"
#include "launch/slurm/pilot_output.h"
#include "launch/slurm/slurm_listing.h"
#include "launch/slurm/slurm_output.h"
#include "launch/slurm/slurm_reasons.h"

namespace {

using namespace genesis::launch::slurm;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const QueueRow& row : parse_queue(text)) {
    require(is_job_id(row.id));
    parse_scontrol_job(text, row.id);
    if (const auto report = parse_sacct_job(text, row.id)) require(report->exit_code >= 0);
  }
  for (const char* id : {"1", "12_3"}) {
    if (const auto report = parse_scontrol_job(text, id)) {
      require(report->id == id && report->exit_code >= 0 && report->signal >= 0);
    }
  }
  if (const auto id = parse_sbatch_id(text)) require(is_job_id(*id));
  for (const PilotRow& row : parse_pilot_queue(text)) {
    require(is_job_id(row.id));
    require(!row.left || row.left->count() >= 0);
  }
  for (const StepRow& step : parse_steps(text, "1")) require(is_job_id(step.step));
  for (const auto& node : parse_node_names(text)) require(!node.empty() && node.front() != '-');
  failure_kind(text);
  refusal_advice(text);
  require(failure_text(text).size() <= 1500);
  for (const JobRow& row : parse_listing(text)) {
    require(is_job_id(row.id) && row.cpus >= 0);
    explain_reason(row.reason);
    listed_seconds(row.limit);
  }
  for (const PartitionRow& row : parse_partitions(text)) require(!row.name.empty());
  parse_site_config(text);
  parse_version(text);
  parse_test_only(text);
  lacks_configuration(text);
  if (const auto answer = parse_probe_answer(text, "n0nce"))
    require(answer->round_trip.count() >= 0);
  if (const auto found = remembered_probe(text, "key", 1'000'000, std::chrono::hours{1})) {
    require(found->round_trip.count() >= 0);
    require(remembered_probe(remember_probe(text, "key", *found, 1'000'000), "key", 1'000'000,
                             std::chrono::hours{1})
                .has_value());
  }
  listed_seconds(text);
  hopeless_reason(text);
  return 0;
}
