#include "launch/slurm/pilot_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"
#include "launch/slurm/worker_messages.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEndFile = "end.json";
constexpr std::size_t kMostRecord = 1u << 20;
constexpr std::string_view kPilotSuffix = ".pilot";

}  // namespace

Status write_end_record(const fs::path& work_dir, std::string_view line, Durability durability) {
  const fs::path folder = state_folder(work_dir);
  GENESIS_TRY(make_directories(folder));
  return write_file_atomic(folder / kEndFile, line, durability);
}

std::optional<JobOutcome> read_end_record(const fs::path& work_dir, const std::string& token) {
  const auto text = read_file(state_folder(work_dir) / kEndFile, kMostRecord, false);
  if (!text) return std::nullopt;
  auto record = parse_end_record(*text);
  if (!record || record->token != token) return std::nullopt;
  return std::move(record->outcome);
}

Status put_large_inputs_into_files(JobSpec& spec, std::size_t most) {
  std::size_t bytes = 0;
  for (const InputFile& input : spec.inputs) bytes += input.content.size();
  if (bytes <= most) return {};
  const fs::path folder = state_folder(spec.work_dir) / "inputs";
  GENESIS_TRY(make_directories(folder));
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    InputFile& input = spec.inputs[i];
    if (input.copy_of) continue;
    input.copy_of = folder / std::to_string(i);
    GENESIS_TRY(write_file(*input.copy_of, input.content));
    input.content.clear();
  }
  return {};
}

Status note_pilot(const PilotPlaces& places, const std::string& mark, const std::string& id) {
  return write_file_atomic(places.pilot(mark), id + "\n", Durability::power);
}

std::vector<std::string> noted_pilots(const PilotPlaces& places) {
  std::vector<std::string> marks;
  std::error_code failure;
  for (fs::directory_iterator entry(places.folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(kPilotSuffix)) continue;
    std::string mark = name.substr(0, name.size() - kPilotSuffix.size());
    // Names that we give have such a mark: others do not become arguments of commands.
    if (mark_of("x" + mark, "x") == mark) marks.push_back(std::move(mark));
  }
  std::sort(marks.begin(), marks.end());
  return marks;
}

void forget_pilot(const PilotPlaces& places, const std::string& mark) {
  std::error_code ignored;
  fs::remove(places.pilot(mark), ignored);
}

std::string holding_script(const PilotPlaces& places, std::chrono::milliseconds patience) {
  // The shell reads the file by itself: `read` is no process, and no clock is compared.
  constexpr int kPause = 5;
  const auto rounds = std::max<std::int64_t>(2, patience.count() / 1000 / kPause + 1);
  return fmt::format(
      "#!/bin/sh\n"
      "# Holds an allocation for the workers of a run, until nobody says that it is wanted.\n"
      "trap 'exit 0' TERM\n"
      "last= quiet=0\n"
      "while [ \"$quiet\" -lt {0} ]; do\n"
      "  sleep {1} &\n"
      "  wait \"$!\"\n"
      "  now=\n"
      "  {{ read -r now <{2}; }} 2>/dev/null\n"
      "  if [ \"$now\" = \"$last\" ]; then quiet=$((quiet + 1)); else quiet=0; fi\n"
      "  last=$now\n"
      "done\n",
      rounds, kPause, shell_word(places.alive().string()));
}

}  // namespace genesis::launch::slurm
