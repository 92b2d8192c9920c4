#include "launch/slurm/pilot_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"

namespace genesis::launch::slurm {

namespace {

using std::chrono::milliseconds;

constexpr int kUsualSlots = 8;
constexpr int kMost = 100'000;
/// sbatch knows minutes.
constexpr milliseconds kShortestTime{60'000};
/// Below that a busy machine looks like a dead one.
constexpr milliseconds kShortestLease{2'000};

void read_count(OptionReader& reader, const char* key, int least, int& out) {
  reader.read(key, out);
  if (out < least || out > kMost) {
    reader.fail(key, fmt::format("must be from {} to {}", least, kMost));
  }
}

void read_time(OptionReader& reader, const char* key, milliseconds least, milliseconds& out) {
  reader.read(key, out);
  if (out < least) reader.fail(key, fmt::format("must be at least {}", format_duration(least)));
}

}  // namespace

int slots_per_node(const PilotOptions& options, int max_parallel_jobs) {
  if (options.slots > 0) return options.slots;
  return std::clamp(max_parallel_jobs, 1, kUsualSlots);
}

int most_pilots(const PilotOptions& options, int max_parallel_jobs) {
  if (options.allocations > 0) return options.allocations;
  const int slots = slots_per_node(options, max_parallel_jobs) * options.nodes;
  return std::max(1, (max_parallel_jobs + slots - 1) / slots);
}

void read_pilot_options(OptionReader& reader, PilotOptions& options) {
  read_count(reader, "pilot_nodes", 1, options.nodes);
  read_count(reader, "pilot_slots", 0, options.slots);
  read_count(reader, "pilot_allocations", 0, options.allocations);
  read_time(reader, "pilot_time", kShortestTime, options.time);
  read_time(reader, "pilot_idle", milliseconds{1000}, options.idle);
  read_time(reader, "pilot_lease", kShortestLease, options.lease);
  read_time(reader, "pilot_grace", milliseconds{0}, options.grace);
  reader.read("pilot_worker", options.worker);
}

void check_pilot_time(const OptionReader& reader, const PilotOptions& options,
                      const Limits& limits) {
  if (!limits.wall_time) return;
  const milliseconds need = *limits.wall_time + limits.kill_grace + kPilotEndMargin;
  if (need <= options.time) return;
  reader.fail("pilot_time",
              fmt::format("an evaluation may take {} (job_config.time) and needs {} of an "
                          "allocation; this is {}",
                          format_duration(*limits.wall_time), format_duration(need),
                          format_duration(options.time)));
}

}  // namespace genesis::launch::slurm
