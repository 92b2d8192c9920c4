#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/files.h"
#include "launch/job.h"
#include "launch/slurm/batch_script.h"

namespace genesis::launch::slurm {

/// What a run keeps of its pilots, on the file system that the nodes share.
struct PilotPlaces {
  std::filesystem::path folder;  ///< <run>/.genesis/slurm/pilots

  std::filesystem::path script() const { return folder / "hold.sh"; }
  std::filesystem::path activation() const { return folder / "activate.sh"; }
  /// What placeholders look at: while it changes, a runner wants them.
  std::filesystem::path alive() const { return folder / "alive"; }
  std::filesystem::path pilot(const std::string& mark) const { return folder / (mark + ".pilot"); }
  std::filesystem::path log(const std::string& mark) const { return folder / (mark + ".log"); }
  std::filesystem::path worker(const std::string& mark, const std::string& node) const {
    return folder / (mark + "." + node);
  }
};

/// The record of a job's end, for whoever finds it: whole, or not there.
Status write_end_record(const std::filesystem::path& work_dir, std::string_view line,
                        Durability durability);
/// Of that attempt; absent: there is none, or it is another's.
std::optional<JobOutcome> read_end_record(const std::filesystem::path& work_dir,
                                          const std::string& token);

/// Inputs of more than `most` bytes together are put into files of the job's folder, and copied
/// from there.
Status put_large_inputs_into_files(JobSpec& spec, std::size_t most);

/// A line for each pilot before sbatch is asked, and its id when that is known: what a crash leaves
/// is found by it.
Status note_pilot(const PilotPlaces& places, const std::string& mark, const std::string& id);
std::vector<std::string> noted_pilots(const PilotPlaces& places);
void forget_pilot(const PilotPlaces& places, const std::string& mark);

/// The batch script of a pilot: it holds the allocation until nobody has said for `patience` that
/// it is wanted.
std::string holding_script(const PilotPlaces& places, std::chrono::milliseconds patience);

}  // namespace genesis::launch::slurm
