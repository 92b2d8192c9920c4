// What a runner and its workers say to each other, either side hostile: whatever can be read is
// within its bounds, and is read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "launch/slurm/worker_messages.h"

namespace {

using namespace genesis::launch;
using namespace genesis::launch::slurm;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const JobSpec& spec) {
  require(spec.work_dir.is_absolute());
  require(spec.work_dir.string().find('\0') == std::string::npos);
  require(spec.resources.cpus >= 1 && spec.resources.gpus >= 0);
  require(spec.limits.kill_grace.count() >= 0);
  require(!spec.limits.wall_time || spec.limits.wall_time->count() >= 0);
}

void check(const WorkerSetup& setup) {
  require(setup.folder.is_absolute() && setup.slots >= 1 && setup.cpus >= 1);
  require(setup.lease.count() > 0 && setup.grace.count() >= 0 && setup.numeric_threads >= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse_to_worker(text)) {
    if (const auto* submit = std::get_if<SubmitToWorker>(&*message)) check(submit->spec);
    if (const auto* setup = std::get_if<WorkerSetup>(&*message)) check(*setup);
    const std::string line = encode(*message);
    require(line.find('\n') == line.size() - 1);
    const auto again = parse_to_worker(line);
    require(again.has_value() && encode(*again) == line);
  }
  if (const auto message = parse_from_worker(text)) {
    const std::string line = encode(*message);
    require(line.find('\n') == line.size() - 1);
    const auto again = parse_from_worker(line);
    require(again.has_value() && encode(*again) == line);
  }
  if (const auto record = parse_end_record(text)) {
    require(record->outcome.wall.count() >= 0 && record->outcome.exit_code >= 0);
  }
  return 0;
}
